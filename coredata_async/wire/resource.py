"""Collections of the service as data: one row that client, command line, docs and tests all read.

The path of a request is made of a row and an id, its query of a filter class: `field__operator=value`, with
dates in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Generic, Literal, ParamSpec, TypeVar
from urllib.parse import quote

import attrs
from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.ids import Id, id_of
from coredata_async.query_string import encode_pairs

T = TypeVar("T")
W = ParamSpec("W")
N = ParamSpec("N")
E = ParamSpec("E")

EvidenceLevel = Literal["documented", "named", "legacy"]
"""Certainty of an endpoint: on the vendor's pages, only named there, or seen only in old clients."""
_COMPARISONS: Final = frozenset({"gt", "gte", "lt", "lte"})
Instant = datetime | date
"""A datetime with a time zone, or a date, which means midnight in UTC."""


@frozen
class Evidence:
    """The reason to believe that an endpoint exists and works as implemented."""

    evidence: EvidenceLevel
    source: str
    """The page, or the public repository of an old client."""


@frozen(kw_only=True)
class Paging:
    """Part of a listing: at most `page_size` objects per page, from `offset` on."""

    page_size: int | None = field(default=100, metadata={"filter": False})
    """Maximum number of objects per page. The server may return fewer.

    `None` requests the default of the server (20).
    """
    offset: int = field(default=0, metadata={"filter": False})
    """Number of objects to skip: where an earlier listing stopped."""

    def __attrs_post_init__(self) -> None:
        if self.offset < 0 or (self.page_size is not None and self.page_size < 1):
            raise ConfigurationError("page_size must be 1 or more, and offset 0 or more")


@frozen(kw_only=True)
class Resource(Generic[T, W]):
    """A collection that can be listed and read."""

    path: str
    """With both slashes. Without the last one the server redirects, and a POST becomes a GET."""
    model: type[T]
    where: Callable[W, Paging]
    """A frozen class; its `__init__` is the signature of `list()`."""
    source: str
    """The page that describes it."""
    evidence: EvidenceLevel = "documented"
    proofs: Mapping[str, Evidence] = field(factory=dict[str, Evidence])
    """Evidence of verbs that the page does not document."""
    key: str = "id"
    """The field that identifies an object."""
    detail: str | None = None
    """Path of single objects, if not under `path`."""
    deletable: bool = False
    """True if single objects can be deleted."""

    @property
    def name(self) -> str:
        """The service's own name for the collection: the last part of its path."""
        return self.path.rstrip("/").rpartition("/")[2]

    def proof(self, verb: str) -> Evidence:
        """Return the evidence for a verb."""
        return self.proofs.get(verb) or Evidence(self.evidence, self.source)

    def object_path(self, key: Id) -> str:
        """Return the path of one object, given by its key or as the object."""
        name = key if isinstance(key, str) else getattr(key, self.key, key)
        return f"{self.detail or self.path}{segment(name, self.key)}/"


@frozen(kw_only=True)
class AppendableKind(Resource[T, W], Generic[T, W, N]):
    """A collection that also accepts new objects."""

    new: Callable[N, object]
    """A frozen class; its `__init__` is the signature of `create()`."""


@frozen(kw_only=True)
class EditableKind(AppendableKind[T, W, N], Generic[T, W, N, E]):
    """A collection whose objects can also be changed and deleted."""

    edit: Callable[E, object]
    """A frozen class; its `__init__` is the signature of `update()`."""
    deletable: bool = True


@frozen(kw_only=True)
class Nested(Generic[T, W]):
    """The objects of one collection that belong to one object of another: `/projects/<id>/files/`."""

    owner: str
    """Path of the other collection."""
    kind: Resource[T, W]
    proof: Evidence

    def path(self, key: Id) -> str:
        """Return the path of the listing for one owner."""
        return f"{self.owner}{segment(key)}/{self.kind.name}/"


def point_in_time(value: Instant | timedelta | None) -> Instant | None:
    """Return the point in time of a filter. An age is converted once, so that all pages use the same time."""
    return datetime.now(UTC) - value if isinstance(value, timedelta) else value


def query(filters: object, **paging: int | None) -> str:
    """Return the encoded query of a filter object; fields that are `None` are left out.

    Raises:
        ConfigurationError: For a naive datetime, a `range` that is not a pair, an empty value, or half of a
            surrogate pair.
    """
    pairs = [
        (name, _text(name, value))
        for name, value in (
            (attribute.name, getattr(filters, attribute.name)) for attribute in _filters_of(type(filters))
        )
        if value is not None
    ]
    pairs += [(name, str(value)) for name, value in paging.items() if value is not None]
    # The vendor's own samples send `:` and `,` raw; any other reserved character is encoded.
    return encode_pairs(pairs, safe=":,")


def segment(value: object, what: str = "id") -> str:
    """Return an id as a path segment.

    An empty id would turn `DELETE /projects/<id>/` into a deletion of the whole collection.

    Raises:
        ConfigurationError: If it is empty, or contains a slash, a space or a control character.
    """
    value = id_of(value, what)
    bad = not value or value in {".", ".."} or any(c in "/\\?# " or not c.isprintable() for c in value)
    if bad:
        raise ConfigurationError(
            f"{value!r} is not a valid {what}: it must not be empty or contain a slash, '?', '#' or a space"
        )
    return quote(value, safe="")


def instant(value: Instant, name: str) -> str:
    """Return a point in time in the service's format.

    Raises:
        ConfigurationError: For a datetime without a time zone: the server would interpret it as UTC.
    """
    if not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    if value.tzinfo is None:
        raise ConfigurationError(
            f"{name}: {value.isoformat()} has no time zone; add one, e.g. tzinfo=datetime.UTC"
        )
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _filters_of(kind: type[Any]) -> list[attrs.Attribute[Any]]:
    return [attribute for attribute in attrs.fields(kind) if attribute.metadata.get("filter", True)]


def _text(name: str, value: object) -> str:
    if name.endswith("__range"):
        match value:
            case (date() as start, date() as end):
                return f"{instant(start, name)},{instant(end, name)}"
            case _:
                raise ConfigurationError(f"{name} takes a pair of datetimes (from, to), not {value!r}")
    if isinstance(value, date):
        return instant(value, name)
    if name.rpartition("__")[2] in _COMPARISONS:
        raise ConfigurationError(
            f"{name} must be a datetime with a time zone, or a date, or a timedelta, not {value!r}"
        )
    if not isinstance(value, str):
        value = getattr(value, "id", value)
    if isinstance(value, str) and value:
        return value
    raise ConfigurationError(f"{name} must be a string that is not empty, or a datetime, not {value!r}")
