"""Classification of a directory's entries: to be uploaded, walked, skipped, failed or excluded."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from attrs import frozen

from coredata_async.bulk.formatting import escape_unprintable, path_text
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.batches import ScannedEntry
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.names import InvalidNameError, remote_name
from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint

Identity = tuple[int, int]
"""Device and inode, which identify a directory under any path."""


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
class Subdirectory:
    """Directory to walk."""

    name: bytes
    title: str
    identity: Identity | None = None
    """Known if links are followed."""


Warn = Callable[[str], None]


@frozen
class EntryClassifier:
    """Classifier of entries according to the options of a job."""

    selection: Selection
    policy: Policy
    roots: Sequence[bytes]
    """Paths of the job with their links resolved. A followed link that leads out of them causes a warning."""

    def classify(
        self, entry: Entry, selected: Filter, chain: frozenset[Identity], warn: Warn
    ) -> ScannedEntry | Subdirectory | None:
        """Classify an entry; return `None` if the selection excludes it.

        Args:
            entry: The entry as it was listed.
            selected: The filter of its directory.
            chain: The directories on the path to it, if links are followed.
            warn: Called with a warning if a link leads out of the tree.

        Raises:
            OSError: If the entry cannot be examined, or has vanished.
        """
        is_link = entry.is_symlink()
        if is_link and self.policy.links == "skip":
            return skip_entry(entry.name, Reason.LINK, _NOT_FOLLOWED) if selected.takes(entry.name) else None
        try:
            if entry.is_dir():
                result = self._directory(entry, selected, chain)
            elif selected.takes(entry.name):
                result = self.file(entry.name, entry.name, entry.stat())
            else:
                result = None
        except OSError as exc:
            if is_link and (message := _LINK_FAULTS.get(exc.errno or 0)):
                return skip_entry(entry.name, Reason.LINK, message)
            raise
        if is_link and result is not None:
            self._check_link(entry.path, warn)
        return result

    def file(self, name: bytes, called: bytes, status: os.stat_result) -> ScannedEntry | None:
        """Classify an entry that is not a directory; return `None` if its size or age exclude it."""
        if not stat.S_ISREG(status.st_mode):
            return skip_entry(name, Reason.SPECIAL, "not a regular file but a pipe, socket or device")
        if not _fits(self.selection, status):
            return None
        try:
            return ScannedEntry(name, remote_name(called, self.policy), Fingerprint.of(status))
        except InvalidNameError as exc:
            return ScannedEntry(name, "", Fingerprint.of(status), State.FAILED, exc.reason, exc.message)

    def subdirectory(
        self, name: bytes, called: bytes, identity: Identity | None = None
    ) -> ScannedEntry | Subdirectory:
        """Return the directory with its remote title, or a failure if it cannot have one."""
        try:
            return Subdirectory(name, remote_name(called, self.policy), identity)
        except InvalidNameError as exc:
            return fail_entry(name, exc.reason, f"nothing in this directory is uploaded: {exc.message}")

    def _directory(
        self, entry: Entry, selected: Filter, chain: frozenset[Identity]
    ) -> ScannedEntry | Subdirectory | None:
        if selected.below(entry.name) is None:
            return None
        if self.policy.links == "skip":
            return self.subdirectory(entry.name, entry.name)
        # Real directories are checked, too: behind a link that leads out of the tree, the tree may appear
        # again.
        own = identity(entry.stat())
        if own in chain:
            return skip_entry(entry.name, Reason.LINK, "it leads back to a directory above it")
        return self.subdirectory(entry.name, entry.name, own)

    def _check_link(self, path: bytes, warn: Warn) -> None:
        target = os.path.realpath(path)
        if not any(target == root or target.startswith(os.path.join(root, b"")) for root in self.roots):
            warn(f"{_text(path)} is a link that leads out of the tree, to {_text(target)}; it is followed")


def identity(status: os.stat_result) -> Identity:
    """Return the device and inode, which identify a directory."""
    return status.st_dev, status.st_ino


def skip_entry(name: bytes, reason: Reason, message: str) -> ScannedEntry:
    """Return an entry that is skipped."""
    return ScannedEntry(name, "", state=State.SKIPPED, reason=reason, message=message)


def fail_entry(name: bytes, reason: Reason, message: str) -> ScannedEntry:
    """Return an entry that cannot be uploaded."""
    return ScannedEntry(name, "", state=State.FAILED, reason=reason, message=message)


def unreadable(name: bytes, exc: OSError) -> ScannedEntry:
    """Return an entry that the operating system does not allow to examine."""
    advice = "; check its permissions" if isinstance(exc, PermissionError) else ""
    return fail_entry(name, Reason.UNREADABLE, f"it cannot be read: {exc.strerror or exc}{advice}")


_NOT_FOLLOWED: Final = "a symbolic link; links='follow' follows it"
_LINK_FAULTS: Final = {
    errno.ENOENT: "a link whose target does not exist",
    errno.ENOTDIR: "a link whose target does not exist",
    errno.ELOOP: "a link that leads to itself",
}


def _fits(selection: Selection, status: os.stat_result) -> bool:
    return (
        (selection.min_size is None or status.st_size >= selection.min_size)
        and (selection.max_size is None or status.st_size <= selection.max_size)
        and (selection.newer_than is None or status.st_mtime > selection.newer_than)
        and (selection.older_than is None or status.st_mtime < selection.older_than)
    )


def _text(path: bytes) -> str:
    return escape_unprintable(path_text(path))
