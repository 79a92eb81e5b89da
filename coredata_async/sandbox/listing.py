"""One page of a collection, in the envelope of every list (facts 3.1, 3.2)."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar
from urllib.parse import urlencode

from attrs import frozen

from coredata_async.sandbox.answer import refuse

T = TypeVar("T")


@frozen
class Page(Generic[T]):
    """Objects of a page and the envelope's `meta`."""

    objects: Sequence[T]
    meta: dict[str, object]


def page(found: Sequence[T], path: str, query: Mapping[str, str], *, default: int, largest: int) -> Page[T]:
    """Cut one page out of all matching objects.

    `limit=0` requests the maximum, and a larger limit is reduced to it; `meta` contains the result.
    """
    limit = _number(query, "limit", default)
    limit = min(limit, largest) or largest
    offset = _number(query, "offset", 0)
    total = len(found)
    following = offset + limit if offset + limit < total else None
    # Tastypie sends no `previous` if a whole page does not fit before the offset (facts 3.2).
    preceding = offset - limit if offset >= limit else None
    meta: dict[str, object] = {
        "limit": limit,
        "next": at(path, query, limit, following),
        "offset": offset,
        "previous": at(path, query, limit, preceding),
        "total_count": total,
    }
    return Page(found[offset : offset + limit], meta)


def at(path: str, query: Mapping[str, str], limit: int, offset: int | None) -> str | None:
    """Return the URL of another page: no host, the other parameters kept, `limit` and `offset` last."""
    if offset is None:
        return None
    kept = {name: value for name, value in query.items() if name not in ("limit", "offset")}
    return f"{path}?{urlencode({**kept, 'limit': limit, 'offset': offset})}"


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdecimal()):
        raise refuse(f"Invalid {name} '{value}' provided. Please provide an integer >= 0.")
    return int(value)
