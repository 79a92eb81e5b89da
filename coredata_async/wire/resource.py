"""Collections of the service as data: one row that client, command line, docs and tests all read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, Literal, ParamSpec, TypeVar

from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.ids import Id
from coredata_async.wire.lookups import segment

T = TypeVar("T")
W = ParamSpec("W")
N = ParamSpec("N")
E = ParamSpec("E")

EvidenceLevel = Literal["documented", "named", "legacy"]
"""Certainty of an endpoint: on the vendor's pages, only named there, or seen only in old clients."""


@frozen
class Evidence:
    """The reason to believe that an endpoint exists and works as implemented."""

    evidence: EvidenceLevel
    source: str
    """The page, or the public repository of an old client."""


@frozen(kw_only=True)
class Paging:
    """The part of a listing to fetch. Every filter class adds its filters to these."""

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
