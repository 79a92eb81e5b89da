"""Values of a scan: PATHs, entries of directories as listed and as classified, and their batches."""

from __future__ import annotations

import os
import stat
from typing import Final, Protocol

from attrs import field, frozen

from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint

UNSEEN: Final = Fingerprint(0, 0, 0, 0)
MAX_SIZE: Final = 1 << 50
"""Maximum size of a file in bytes. Only files that are mostly holes are larger; a journal adds sizes up."""


@frozen
class Root:
    """PATH of a job."""

    path: bytes
    """Absolute path; its links are not resolved."""
    status: os.stat_result
    """Status of the target if it is a link."""
    contents: bool = False
    """True if it was written as `DIR/.`: its content goes directly into the parent."""

    @property
    def name(self) -> bytes:
        """Last part of the path."""
        return os.path.basename(self.path)

    @property
    def as_given(self) -> bytes:
        """Path, with `/.` if it was written so: `DIR` and `DIR/.` go to different folders."""
        return os.path.join(self.path, b".") if self.contents else self.path  # bytes

    @property
    def is_dir(self) -> bool:
        """True for a directory, or a link to one."""
        return stat.S_ISDIR(self.status.st_mode)


class Entry(Protocol):
    """Directory entry like `os.DirEntry`, which knows most facts without a call of the file system."""

    @property
    def name(self) -> bytes:
        """Name in its directory."""
        ...

    @property
    def path(self) -> bytes:
        """Absolute path."""
        ...

    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        ...

    def is_dir(self) -> bool:
        """Return whether it is a directory, or a link to one."""
        ...

    def stat(self) -> os.stat_result:
        """Return the status of the entry, or of the target if it is a link."""
        ...


@frozen
class StatEntry:
    """Entry whose name comes from elsewhere than a directory listing."""

    name: bytes
    path: bytes
    status: os.stat_result
    """Status of the entry itself, also if it is a link."""

    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        return stat.S_ISLNK(self.status.st_mode)

    def is_dir(self) -> bool:
        """Return whether it is a directory, or a link to one."""
        return stat.S_ISDIR(self.stat().st_mode)

    def stat(self) -> os.stat_result:
        """Return the status of the entry, or of the target if it is a link."""
        return os.stat(self.path) if self.is_symlink() else self.status


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
