"""A collection of the service as data: one row that client, command line, docs and tests all read."""

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
"""How sure an endpoint is: on the vendor's pages, only named there, or seen in old clients only."""


@frozen
class Evidence:
    """Why we believe that an endpoint exists and how it works."""

    evidence: EvidenceLevel
    source: str
    """The page, or the public repository of an old client."""


@frozen(kw_only=True)
class Paging:
    """Which part of a listing to fetch. Every filter class adds its filters to these."""

    page_size: int | None = field(default=100, metadata={"filter": False})
    """Maximum number of objects per page. The server may return fewer.

    `None` requests the default of the server (20).
    """
    offset: int = field(default=0, metadata={"filter": False})
    """How many objects to skip: where an earlier listing stopped."""

    def __attrs_post_init__(self) -> None:
        if self.offset < 0 or (self.page_size is not None and self.page_size < 1):
            raise ConfigurationError("page_size must be 1 or more, and offset 0 or more")


@frozen(kw_only=True)
class Resource(Generic[T, W]):
    """A collection that can be listed and read."""

    path: str
    """With both slashes: without the last one the server redirects, and a POST becomes a GET."""
    model: type[T]
    where: Callable[W, Paging]
    """A frozen class; its `__init__` is the signature of `list()`."""
    source: str
    """The page that describes it."""
    evidence: EvidenceLevel = "documented"
    proofs: Mapping[str, Evidence] = field(factory=dict[str, Evidence])
    """Verbs that rest on something else than the page."""
    key: str = "id"
    """The field that tells two objects apart."""
    detail: str | None = None
    """Where single objects are, if not under `path`."""
    deletable: bool = False
    """Whether single objects can be deleted."""

    @property
    def name(self) -> str:
        """The service's own word for the collection: the last part of its path."""
        return self.path.rstrip("/").rpartition("/")[2]

    def proof(self, verb: str) -> Evidence:
        """Return what a verb rests on."""
        return self.proofs.get(verb) or Evidence(self.evidence, self.source)

    def object_path(self, key: Id) -> str:
        """Return the path of one object, which is named by its key or given itself."""
        name = key if isinstance(key, str) else getattr(key, self.key, key)
        return f"{self.detail or self.path}{segment(name, self.key)}/"


@frozen(kw_only=True)
class AppendableKind(Resource[T, W], Generic[T, W, N]):
    """A collection that also takes new objects."""

    new: Callable[N, object]
    """A frozen class; its `__init__` is the signature of `create()`."""


@frozen(kw_only=True)
class EditableKind(AppendableKind[T, W, N], Generic[T, W, N, E]):
    """A collection whose objects can be changed and deleted, too."""

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
        """Return where they are listed."""
        return f"{self.owner}{segment(key)}/{self.kind.name}/"
