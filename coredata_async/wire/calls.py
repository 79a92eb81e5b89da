"""Calls of all collections: list a page, get, create, update, delete; and requests to any other path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, ParamSpec, TypeVar, overload

from attrs import frozen

from coredata_async.call import Call, read_created_id
from coredata_async.errors import ConfigurationError
from coredata_async.ids import Id
from coredata_async.message import Reply, Request
from coredata_async.query_string import encode_pairs
from coredata_async.wire.convert import encode_json, from_json, structure, structure_all, to_json
from coredata_async.wire.resource import Resource, query, segment

T = TypeVar("T")
W = ParamSpec("W")

JSON_HEADERS: Final = {"Accept": "application/json"}
SENDS_JSON: Final = {**JSON_HEADERS, "Content-Type": "application/json"}


@frozen
class Page(Sequence[T]):
    """One response of a listing: a sequence of its objects, with the envelope as the server sent it."""

    items: tuple[T, ...]
    total: int
    """Number of matching objects, according to the server; it can change between two pages."""
    offset: int
    """Number of objects before this page, according to the server, or as requested if it does not say."""
    limit: int
    """Page size that the server used, which may be less than was requested."""
    has_next: bool
    """The server announces another page. It is sometimes wrong: `Listing` does not rely on it."""
    next: str | None = None
    """Path of the next page, as the server sent it. `Listing` never requests it."""
    previous: str | None = None
    """Path of the previous page, as the server sent it."""

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.items[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)


def list_page(path: str, model: type[T], where: object, *, limit: int | None, offset: int) -> Call[Page[T]]:
    """List one page of a collection: GET, answered 200 with an envelope."""
    target = f"{path}?{query(where, limit=limit, offset=offset)}"

    def read(reply: Reply) -> Page[T]:
        meta, objects = _envelope(from_json(reply.body))
        return Page(
            items=structure_all(objects, model),
            total=meta["total_count"],
            offset=_count(meta.get("offset"), offset),
            limit=_positive(meta.get("limit")) or limit or len(objects),
            has_next=bool(meta.get("next")),
            next=_text(meta.get("next")),
            previous=_text(meta.get("previous")),
        )

    return Call(Request("GET", target, JSON_HEADERS), 200, read)


def _envelope(answer: Any) -> tuple[Mapping[str, Any], Sequence[Any]]:
    match answer:
        case {"meta": {"total_count": int()} as meta, "objects": [*objects]}:
            return meta, objects
        case _:
            raise ValueError("the answer is not a listing: it lacks 'meta' with 'total_count', or 'objects'")


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _count(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def get(kind: Resource[T, W], key: Id) -> Call[T]:
    """Get one object: GET, answered 200 with the bare object."""
    request = Request("GET", kind.object_path(key), JSON_HEADERS)
    return Call(request, 200, lambda reply: structure(from_json(reply.body), kind.model))


def create(path: str, new: object) -> Call[str]:
    """Create an object: POST, answered 201 with its path in Location. Never repeated blindly."""
    request = Request("POST", path, SENDS_JSON, to_json(new), repeatable=False)
    return Call(request, 201, read_created_id)


def update(path: str, key: Id, edit: object) -> Call[None]:
    """Change the given fields of an object: PUT, answered 204. Safe to repeat."""
    request = Request("PUT", f"{path}{segment(key)}/", SENDS_JSON, to_json(edit))
    return Call(request, 204, _nothing)


def delete(path: str, key: Id) -> Call[None]:
    """Delete an object: DELETE, answered 204, or 404 if a repeat finds that it was carried out."""
    request = Request("DELETE", f"{path}{segment(key)}/", JSON_HEADERS)
    return Call(request, 204, _nothing)


def _nothing(_: Reply) -> None:
    return None


def get_raw(kind: Resource[T, W], key: Id) -> Call[Mapping[str, Any]]:
    """Get one object as decoded JSON, to see its fields."""
    return Call(get(kind, key).request, 200, lambda reply: from_json(reply.body))


def free_request(
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    json: Any = None,
    expect: int = 200,
    repeatable: bool | None = None,
) -> Call[Reply]:
    """Build a request to any path, also one without a row, with the same checks and retries as the others.

    Raises:
        ConfigurationError: If the path is not one of the service or lacks its final slash, or the body cannot
            be sent as JSON.
    """
    bare, _, rest = path.partition("?")
    if not bare.startswith("/") or not bare.endswith("/"):
        raise ConfigurationError(
            f"{bare!r} must begin and end with a slash: without the last one the server redirects, "
            "and a POST becomes a GET"
        )
    added = encode_pairs(tuple((query or {}).items()), safe=":,")
    target = "?".join(part for part in (bare, "&".join(each for each in (rest, added) if each)) if part)
    verb = method.upper()
    request = Request(
        verb,
        target,
        JSON_HEADERS if json is None else SENDS_JSON,
        None if json is None else encode_json(json),
        repeatable=verb in {"GET", "HEAD", "PUT", "DELETE"} if repeatable is None else repeatable,
    )
    return Call(request, expect, lambda reply: reply)
