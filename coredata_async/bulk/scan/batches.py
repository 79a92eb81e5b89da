"""Directories and entries that a scan found, and their batches."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from coredata_async.bulk.formatting import escape_unprintable, path_text
from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint

UNSEEN: Final = Fingerprint(0, 0, 0, 0)


@frozen
class Directory:
    """Local directory that becomes a remote folder."""

    path: bytes
    """Absolute path. Empty for the directory that stands for the parent and holds the PATHs."""
    parent: bytes | None
    """Path of the directory above; `None` if the directory becomes the parent itself."""
    title: str = ""
    """Title of the remote folder; unused if `parent` is `None`."""


@frozen
class ScannedEntry:
    """Entry of a directory that is selected, or that cannot be uploaded."""

    name: bytes
    """Name in its directory; for an entry of `Directory(b"")` the absolute path. Joined to the directory's
    path it gives the local path in both cases."""
    filename: str
    """Name on the server; empty if it cannot have one."""
    fingerprint: Fingerprint = UNSEEN
    """State of the file; zeros if it could not be examined."""
    state: State = State.PLANNED
    """PLANNED, or SKIPPED or FAILED at once."""
    reason: Reason | None = None
    message: str = ""
    """Message for people: the fault and the action that it requires."""


@frozen
class DirectoryBatch:
    """Up to a thousand entries of one directory."""

    directory: Directory
    entries: tuple[ScannedEntry, ...] = ()
    excluded: int = 0
    """Number of excluded files; an excluded directory counts as one."""
    complete: bool = True
    """True for the last batch of its directory."""
    warnings: tuple[str, ...] = field(factory=tuple)
    """Warnings, for example about a followed link that leads out of the tree."""


SIZE: Final = 1000
"""Maximum number of entries in a batch."""

_MAX_WARNINGS: Final = 3
"""Maximum number of warnings in a batch; further ones are only counted."""


class Batcher:
    """Collector of the next batch of a directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._entries = dict[bytes, ScannedEntry]()  # some file systems list a name twice during its renaming
        self._excluded = 0
        self._warnings = list[str]()

    def put(self, entry: ScannedEntry | None) -> None:
        """Add an entry; `None` counts an excluded one."""
        if entry is None:
            self._excluded += 1
        else:
            self._entries[entry.name] = entry

    def warn(self, warning: str) -> None:
        """Add a warning."""
        self._warnings.append(warning)

    def __bool__(self) -> bool:
        """Return whether it holds or has counted an entry."""
        return bool(self._entries) or self._excluded > 0

    @property
    def is_full(self) -> bool:
        """True if a batch is due. Excluded entries count, so that a scan can be stopped during them."""
        return len(self._entries) + self._excluded >= SIZE

    def take(self, *, complete: bool) -> DirectoryBatch:
        """Return the collected entries as a batch, sorted by name, and clear them."""
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
