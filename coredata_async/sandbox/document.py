"""Documents: one shape for every kind, because in CoreData everything is a document.

Their ids are UUIDv1, whose clock is the `created` of the named object.

Source: https://docs.wise.is/cored/coredata-domain-model
"""

import secrets
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from attrs import define, field, frozen

Clock = Callable[[], float]

_EPOCH_TICKS = 0x01B21DD213814000  # 100 ns steps between 1582-10-15, where UUIDv1 begins, and 1970
_TICKS = 10_000_000


def _random_node() -> int:
    # RFC 9562 section 6.10: a node id that is not a hardware address has its multicast bit set.
    return secrets.randbits(48) | 1 << 40


@define
class Ids:
    """Source of UUIDv1 ids, strictly increasing, by a clock that may be a test's."""

    clock: Clock
    _node: int = field(factory=_random_node)
    _sequence: int = field(factory=lambda: secrets.randbits(14))
    _last: int = 0

    def new(self) -> str:
        """Return an id that contains the current time."""
        self._last = ticks = max(int(self.clock() * _TICKS) + _EPOCH_TICKS, self._last + 1)
        fields = (
            ticks & 0xFFFFFFFF,
            ticks >> 32 & 0xFFFF,
            ticks >> 48 & 0x0FFF,
            self._sequence >> 8 & 0x3F,
            self._sequence & 0xFF,
            self._node,
        )
        return str(uuid.UUID(fields=fields, version=1))


def moment_of(identifier: str) -> float:
    """Return the Unix time inside a UUIDv1.

    In every vendor's sample the clock inside `id`, cut to the second, equals `created`.
    """
    return (uuid.UUID(identifier).time - _EPOCH_TICKS) / _TICKS


def stamp(moment: float) -> str:
    """Return a time as the service writes it: naive, UTC, cut (not rounded) to the second."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def precise_stamp(moment: float) -> str:
    """Return a time as in comments: naive, UTC, with microseconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _nothing() -> Mapping[str, object]:
    return {}


@frozen(kw_only=True)
class Document:
    """Space, Project, Task, Folder, File, Contact … at one moment; a change makes a new value."""

    id: str
    kind: str
    title: str
    parent: str | None
    """Id of the parent document. For a File or Folder in a project: the project's Workspace."""
    created: float
    modified: float
    created_by: str
    modified_by: str
    snapshot_id: str
    """Id that changes with every change."""
    version: int = 1
    """Shown as `0.<version>`; new content makes a new version."""
    dynatype: str | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    aspects: Mapping[str, object] = field(factory=_nothing)
    contacts: tuple[str, ...] = ()
    """Ids of linked contacts; a File never shows them, yet can be found by them."""
    fields: Mapping[str, object] = field(factory=_nothing)
    """Fields of this kind alone, in the form in which they are sent."""
    born: int = 0
    """Number of lists answered before its creation; for the fault `listing_lag`."""
    indexed: bool = False
    """True if a write asked for it to be listed at once (`?sync=true`), which exempts it from `listing_lag`.
    """


@frozen
class User:
    """Person with an account. Not a document: the key is the username."""

    username: str
    first_name: str
    last_name: str
    user_type: str = "Internal user"

    @property
    def full_name(self) -> str:
        """Full name, as in `created_by` and `modified_by`."""
        return f"{self.first_name} {self.last_name}"

    def embed(self) -> dict[str, object]:
        """Return the form in other documents; requests contain only the username."""
        return {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}


@frozen
class Comment:
    """Comment on a document."""

    id: int
    """Number, unlike every other id."""
    doc_id: str
    author: str
    """Username."""
    text: str
    time: float
