"""Classification of a directory's entries: to be uploaded, walked, skipped, failed or excluded.

An entry that is uploaded gets its remote name here: a local name can be any bytes, and the server shows
text to people.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from coredata_async.bulk.formatting import printable_path
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.entries import MAX_SIZE, Entry, ScannedEntry
from coredata_async.bulk.scan.filters import IGNORE, Filter
from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint

Identity = tuple[int, int]
"""Device and inode, which identify a directory under any path."""

LONGEST: Final = 255
"""Maximum length of a remote name in bytes of UTF-8."""

_PLAIN: Final = re.compile(rb"[ -$&-.0-\[\]-~]{1,255}(?<![. ])")
"""Most names: ASCII without control character, slash, backslash or percent sign."""
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\ud800-\udfff]")
"""Forbidden characters. The surrogates stand for bytes that are not UTF-8."""
_ESCAPE: Final = re.compile("%(?=[0-9A-Fa-f]{2})")
_ENDING: Final = 32
"""Maximum length in bytes of an extension that is kept when a name is cut."""


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
            elif (selected.selects_all and entry.name != IGNORE) or selected.takes(entry.name):
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
        if status.st_size > MAX_SIZE:
            return fail_entry(name, Reason.UNREADABLE, _TOO_LARGE)
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
            warn(
                f"{printable_path(path)} is a link that leads out of the tree, to {printable_path(target)}; "
                "it is followed"
            )


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


_TOO_LARGE: Final = "its size is more than 1 PiB, so it must be mostly holes; exclude it, or correct its size"
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


class InvalidNameError(ValueError):
    """A local name that the policy does not allow as a remote name."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.reason = Reason.NAME
        self.message = message


def remote_name(name: bytes, policy: Policy) -> str:
    """Return the remote name of a file or directory.

    With `unicode="keep"` and `names="escape"` different names stay different: a percent sign that looks like
    an escape is escaped, too. Normalising and cutting can make two names equal; the caller checks this.

    Args:
        name: One component of a path, as it is on disk.
        policy: The rules for names that cannot be used as they are.

    Raises:
        InvalidNameError: If it is forbidden and may not be escaped, or too long and may not be cut.
    """
    if _PLAIN.fullmatch(name):
        return name.decode("ascii")
    text = name.decode("utf-8", "surrogateescape")
    if policy.unicode == "nfc":
        text = unicodedata.normalize("NFC", text)
    if policy.names != "fail" and text:
        text = _escape(text)
    elif fault := _fault(text):
        raise InvalidNameError(f"its name {fault}; rename it, or use names='escape'")
    size = len(text.encode())
    if size <= LONGEST:
        return text
    if policy.names == "truncate":
        return _cut(text, name)
    raise InvalidNameError(
        f"its name has {size} bytes, but at most {LONGEST} are allowed; rename it, or use names='truncate'"
    )


def _fault(text: str) -> str | None:
    if not text:
        return "is empty"
    if match := _FORBIDDEN.search(text):
        return "is not UTF-8" if match[0] >= "\ud800" else "has a control character, slash or backslash"
    return "ends with a dot or a space" if _unfit_at_the_end(text[-1]) else None


def _unfit_at_the_end(char: str) -> bool:
    return char == "." or char.isspace()


def _escape(text: str) -> str:
    text = _ESCAPE.sub("%25", text)
    if _fault(text) is None:
        return text
    chars, escaped = list[str](), False
    for position, char in enumerate(text, 1):
        escaped = (
            _FORBIDDEN.match(char) is not None
            or (position == len(text) and _unfit_at_the_end(char))
            # A combining accent after an escape would join its last letter: `%0A` and U+0301 make `%0Á`.
            or (escaped and unicodedata.combining(char) > 0)
        )
        chars.append(_percent(char) if escaped else char)
    return "".join(chars)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def _cut(text: str, name: bytes) -> str:
    """Return the beginning and the extension, with a digest of the name on disk between them."""
    stem, ending = os.path.splitext(text)
    if len(ending.encode()) > _ENDING:
        stem, ending = text, ""
    tail = f"~{hashlib.sha256(name).hexdigest()[:8]}{ending}"
    begin = stem.encode()[: LONGEST - len(tail.encode())]
    return begin.decode("utf-8", "ignore") + tail
