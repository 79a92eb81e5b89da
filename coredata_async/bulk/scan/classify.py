"""One entry of a directory: what it is, and whether it is to be uploaded."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from attrs import frozen

from coredata_async.bulk.formatting import escape_unprintable, path_text
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.found import ScannedEntry
from coredata_async.bulk.scan.names import InvalidNameError, remote_name
from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint

Identity = tuple[int, int]
"""Device and inode: what tells a directory from another, by whatever path."""


class Entry(Protocol):
    """As `os.DirEntry`, which knows most of this without asking the file system."""

    @property
    def name(self) -> bytes:
        """In its directory."""
        ...

    @property
    def path(self) -> bytes:
        """Absolute."""
        ...

    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        ...

    def is_dir(self) -> bool:
        """Return whether it is a directory, or a link to one."""
        ...

    def stat(self) -> os.stat_result:
        """Return what it, or what it leads to, is."""
        ...


@frozen
class StatEntry:
    """An entry whose name is known from elsewhere than from a listing."""

    name: bytes
    path: bytes
    seen: os.stat_result
    """Of itself, if it is a link."""

    def is_symlink(self) -> bool:
        """Return whether it is a symbolic link."""
        return stat.S_ISLNK(self.seen.st_mode)

    def is_dir(self) -> bool:
        """Return whether it is a directory, or a link to one."""
        return stat.S_ISDIR(self.stat().st_mode)

    def stat(self) -> os.stat_result:
        """Return what it, or what it leads to, is."""
        return os.stat(self.path) if self.is_symlink() else self.seen


@frozen
class Subdirectory:
    """A directory that is to be walked."""

    name: bytes
    title: str
    identity: Identity | None = None
    """Known where links are followed."""


Warn = Callable[[str], None]


@frozen
class EntryClassifier:
    """Looks at entries under the options of a job."""

    selection: Selection
    policy: Policy
    roots: Sequence[bytes]
    """Without links in them: whoever follows a link out of these should know."""

    def classify(
        self, entry: Entry, wanted: Filter, chain: frozenset[Identity], warn: Warn
    ) -> ScannedEntry | Subdirectory | None:
        """Say what becomes of an entry; `None` if it is left out by the selection.

        Args:
            entry: As it was listed.
            wanted: The filter of its directory.
            chain: The directories on the way here, where links are followed.
            warn: Told of a link that leads out of the tree.

        Raises:
            OSError: It cannot be looked at, or has vanished.
        """
        is_link = entry.is_symlink()
        if is_link and self.policy.links == "skip":
            return skip_entry(entry.name, Reason.LINK, _NOT_FOLLOWED) if wanted.takes(entry.name) else None
        try:
            if entry.is_dir():
                found = self._directory(entry, wanted, chain)
            elif wanted.takes(entry.name):
                found = self.file(entry.name, entry.name, entry.stat())
            else:
                found = None
        except OSError as exc:
            if is_link and (words := _LINK_FAULTS.get(exc.errno or 0)):
                return skip_entry(entry.name, Reason.LINK, words)
            raise
        if is_link and found is not None:
            self._check_link(entry.path, warn)
        return found

    def file(self, name: bytes, called: bytes, seen: os.stat_result) -> ScannedEntry | None:
        """Say what becomes of what is no directory; `None` if its size or age leave it out."""
        if not stat.S_ISREG(seen.st_mode):
            return skip_entry(name, Reason.SPECIAL, "no regular file but a pipe, socket or device")
        if not _fits(self.selection, seen):
            return None
        try:
            return ScannedEntry(name, remote_name(called, self.policy), Fingerprint.of(seen))
        except InvalidNameError as exc:
            return ScannedEntry(name, "", Fingerprint.of(seen), State.FAILED, exc.reason, exc.message)

    def subdirectory(
        self, name: bytes, called: bytes, identity: Identity | None = None
    ) -> ScannedEntry | Subdirectory:
        """Say under which title a directory is to be walked, if it can have one."""
        try:
            return Subdirectory(name, remote_name(called, self.policy), identity)
        except InvalidNameError as exc:
            return fail_entry(name, exc.reason, f"of this directory nothing is uploaded: {exc.message}")

    def _directory(
        self, entry: Entry, wanted: Filter, chain: frozenset[Identity]
    ) -> ScannedEntry | Subdirectory | None:
        if wanted.below(entry.name) is None:
            return None
        if self.policy.links == "skip":
            return self.subdirectory(entry.name, entry.name)
        # Of real directories, too: behind a link that leads out of the tree, the tree may come again.
        own = identity(entry.stat())
        if own in chain:
            return skip_entry(entry.name, Reason.LINK, "it leads back to a directory above it, in a circle")
        return self.subdirectory(entry.name, entry.name, own)

    def _check_link(self, path: bytes, warn: Warn) -> None:
        target = os.path.realpath(path)
        if not any(target == root or target.startswith(os.path.join(root, b"")) for root in self.roots):
            warn(f"{_text(path)} is a link that leads out of the tree, to {_text(target)}, and is followed")


def identity(seen: os.stat_result) -> Identity:
    """Return what tells a directory from all others."""
    return seen.st_dev, seen.st_ino


def skip_entry(name: bytes, reason: Reason, message: str) -> ScannedEntry:
    """An entry that is not to be uploaded."""
    return ScannedEntry(name, "", state=State.SKIPPED, reason=reason, message=message)


def fail_entry(name: bytes, reason: Reason, message: str) -> ScannedEntry:
    """An entry that cannot be uploaded."""
    return ScannedEntry(name, "", state=State.FAILED, reason=reason, message=message)


def unreadable(name: bytes, exc: OSError) -> ScannedEntry:
    """An entry that the operating system will not let us look at."""
    advice = "; check its permissions" if isinstance(exc, PermissionError) else ""
    return fail_entry(name, Reason.UNREADABLE, f"it cannot be read: {exc.strerror or exc}{advice}")


_NOT_FOLLOWED: Final = "a symbolic link; links='follow' follows it"
_LINK_FAULTS: Final = {
    errno.ENOENT: "a link that leads nowhere",
    errno.ENOTDIR: "a link that leads nowhere",
    errno.ELOOP: "a link that leads round in a circle",
}


def _fits(wanted: Selection, seen: os.stat_result) -> bool:
    return (
        (wanted.min_size is None or seen.st_size >= wanted.min_size)
        and (wanted.max_size is None or seen.st_size <= wanted.max_size)
        and (wanted.newer_than is None or seen.st_mtime > wanted.newer_than)
        and (wanted.older_than is None or seen.st_mtime < wanted.older_than)
    )


def _text(path: bytes) -> str:
    return escape_unprintable(path_text(path))
