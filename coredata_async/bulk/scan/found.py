"""What a scan finds, as values."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint

UNSEEN: Final = Fingerprint(0, 0, 0, 0)


@frozen
class Directory:
    """A local directory that becomes a remote folder."""

    path: bytes
    """Absolute. Empty for the place that holds the PATHs themselves: its remote folder is the parent."""
    parent: bytes | None
    """The path of the directory it is mirrored in; `None` for what is mirrored as the parent itself."""
    title: str = ""
    """What the remote folder is to be called; unused if `parent` is `None`."""


@frozen
class ScannedEntry:
    """One entry of a directory that is selected, or that cannot be."""

    name: bytes
    """In its directory; of an entry of `Directory(b"")`, the absolute path. Joined to the directory's
    path it gives the local path either way."""
    filename: str
    """What it is to be called there; empty if it cannot be."""
    fingerprint: Fingerprint = UNSEEN
    """What tells this state of the file from another; zeros if it could not be looked at."""
    state: State = State.PLANNED
    """Or SKIPPED or FAILED at once."""
    reason: Reason | None = None
    message: str = ""
    """For people: what is wrong, and what to do."""


@frozen
class DirectoryBatch:
    """Up to a thousand entries of one directory."""

    directory: Directory
    entries: tuple[ScannedEntry, ...] = ()
    excluded: int = 0
    """Files that were left out by the selection; a directory that was left out counts as one."""
    complete: bool = True
    """Whether this was the last of its directory."""
    warnings: tuple[str, ...] = field(factory=tuple)
    """As of a followed link that leads out of the tree."""
