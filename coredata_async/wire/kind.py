"""A collection of the service as data: one row that client, command line, docs and tests all read."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, Generic, Literal, ParamSpec, TypeVar

from attrs import field, frozen

from coredata_async.errors import ConfigurationError

T = TypeVar("T")
W = ParamSpec("W")
N = ParamSpec("N")
E = ParamSpec("E")

Evidence = Literal["documented", "named", "legacy"]
"""How sure an endpoint is: on the vendor's pages, only named there, or seen in old clients only."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""A field that an update leaves as it is; `None` would clear it."""


@frozen(kw_only=True)
class Window:
    """Which part of a listing to fetch. Every filter class adds its filters to these."""

    page_size: int | None = field(default=100, metadata={"filter": False})
    """Objects per page; `None` is the server's own idea (20). It may give fewer, which is respected."""
    offset: int = field(default=0, metadata={"filter": False})
    """How many objects to skip: where an earlier listing stopped."""

    def __attrs_post_init__(self) -> None:
        if self.offset < 0 or (self.page_size is not None and self.page_size < 1):
            raise ConfigurationError("page_size must be 1 or more, and offset 0 or more")


@frozen(kw_only=True)
class Kind(Generic[T, W]):
    """A collection that can be listed and read."""

    path: str
    """With both slashes: without the last one the server redirects, and a POST becomes a GET."""
    model: type[T]
    where: Callable[W, Window]
    """A frozen class; its `__init__` is the signature of `list()`."""
    source: str
    """The page that describes it."""
    evidence: Evidence = "documented"
    key: str = "id"
    """The field that tells two objects apart."""


@frozen(kw_only=True)
class AppendableKind(Kind[T, W], Generic[T, W, N]):
    """A collection that also takes new objects."""

    new: Callable[N, object]
    """A frozen class; its `__init__` is the signature of `create()`."""


@frozen(kw_only=True)
class EditableKind(AppendableKind[T, W, N], Generic[T, W, N, E]):
    """A collection whose objects can be changed and deleted, too."""

    edit: Callable[E, object]
    """A frozen class; its `__init__` is the signature of `update()`."""
