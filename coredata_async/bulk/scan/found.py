"""What a scan finds, as values."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from coredata_async.bulk.formatting import escape_unprintable, path_text
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


SIZE: Final = 1000
"""Entries of a batch, at most."""

_MAX_WARNINGS: Final = 3
"""Warnings of a batch that are told; the others are counted."""


class Batcher:
    """Collects the next batch of a directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._entries = dict[bytes, ScannedEntry]()  # some file systems list a name twice while it is renamed
        self._excluded = 0
        self._warnings = list[str]()

    def put(self, found: ScannedEntry | None) -> None:
        """Take an entry; `None` is one that the selection leaves out."""
        if found is None:
            self._excluded += 1
        else:
            self._entries[found.name] = found

    def warn(self, words: str) -> None:
        """Take a warning."""
        self._warnings.append(words)

    def __bool__(self) -> bool:
        """Return whether it holds anything."""
        return bool(self._entries) or self._excluded > 0

    @property
    def is_full(self) -> bool:
        """Return whether it is time for a batch; so that a scan can be ended, also for what is left out."""
        return len(self._entries) + self._excluded >= SIZE

    def take(self, *, complete: bool) -> DirectoryBatch:
        """Empty it into a batch, sorted by name."""
        entries = tuple(self._entries[name] for name in sorted(self._entries))
        batch = DirectoryBatch(self._directory, entries, self._excluded, complete, self._take_warnings())
        self._entries, self._excluded, self._warnings = {}, 0, []
        return batch

    def _take_warnings(self) -> tuple[str, ...]:
        more = len(self._warnings) - _MAX_WARNINGS
        if more <= 0:
            return tuple(self._warnings)
        where = escape_unprintable(path_text(self._directory.path))
        return (*self._warnings[:_MAX_WARNINGS], f"and {more} more such warnings about {where}")
