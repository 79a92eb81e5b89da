"""Files on disk as sources: small ones read whole, large ones by a thread, all checked for changes.

Failures of network file systems that end when a file is opened again are retried.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from attrs import frozen

from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.storage.bodies import INLINE, Streamed, new_md5
from coredata_async.storage.readahead import BLOCK, read_ahead

T = TypeVar("T")
AnyPath = str | Path
"""Used as given: making a `Path` of a string takes 13 us, and nothing here needs one."""

_TOP: Final = 1 << 63
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without O_NONBLOCK, a path that has become a pipe since `stat_file` would block forever."""
IN_MEMORY_LIMIT: Final = 1 << 20
"""Files up to this many bytes are held in memory while they are sent."""


@frozen
class Fingerprint:
    """The identity of one state of a file: restic's four fields."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, seen: os.stat_result) -> Fingerprint:
        """Build the fingerprint from a stat result."""
        modified, changed, inode = seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino
        if inode < _TOP and -_TOP <= modified < _TOP and -_TOP <= changed < _TOP:
            return cls(seen.st_size, modified, changed, inode)
        return cls(*map(fit_signed_64, (seen.st_size, modified, changed, inode)))


def fit_signed_64(number: int) -> int:
    """Map a number to 64 bits with a sign, as journals store it. Nearly all numbers stay unchanged.

    Nanoseconds after the year 2262 and inodes of some network file systems need one bit more. The numbers are
    only compared for equality, so two that differ by 2**64 may share one.
    """
    return number if -_TOP <= number < _TOP else (number + _TOP) % (2 * _TOP) - _TOP


@frozen
class Snapshot:
    """The bytes of a small file, and their digest."""

    data: bytes
    md5: str


def stat_file(path: AnyPath) -> Fingerprint:
    """Return the fingerprint of a regular file. Blocks for one `stat`.

    Raises:
        SourceError: If it does not exist, or is not a regular file.
    """
    try:
        seen = retry_stale(partial(os.stat, path))
    except (OSError, ValueError) as exc:
        raise unreadable(path, exc) from None
    if stat.S_ISDIR(seen.st_mode):
        raise SourceError(
            f"{path} is a folder; upload the files in it, e.g. with upload_many", stage="source"
        )
    if not stat.S_ISREG(seen.st_mode):
        raise SourceError(
            f"{path} is not a regular file but a pipe, socket or device; "
            "pass its bytes as an (async) iterable",
            stage="source",
        )
    return Fingerprint.of(seen)


async def read_whole(path: AnyPath, was: Fingerprint) -> Snapshot:
    """Read a small file: in the event loop if the page cache has it (7 us), else in a thread (147 us)."""
    if was.size <= INLINE:
        data = _retry_open(path, partial(_read_cached, path, was))
        if data is not None:
            return Snapshot(data, new_md5(data).hexdigest())
    return await asyncio.to_thread(_read_and_hash, path, was)


def stream(path: AnyPath, was: Fingerprint) -> Streamed:
    """Return a large file as a body. The thread that reads it also hashes it."""
    passes: list[_FileReader] = []

    def open_reader() -> _FileReader:
        passes[:] = [_FileReader(path, was)]
        return passes[0]

    return Streamed(
        was.size,
        partial(read_ahead, open_reader),
        name=str(path),
        hashed_by=lambda: passes[0].digest.hexdigest(),  # noqa: PLW0108  # a pass does not exist yet
    )


def unreadable(path: AnyPath, exc: OSError | ValueError) -> SourceError:
    """Return the error for a path that the operating system does not let us read, or that is malformed."""
    reason = (exc.strerror if isinstance(exc, OSError) else str(exc)) or type(exc).__name__
    return SourceError(
        f"{path} cannot be read: {reason}; check that it exists and its permissions", stage="source"
    )


class _FileReader:
    def __init__(self, path: AnyPath, was: Fingerprint) -> None:
        self._path, self._was, self._count = path, was, 0
        self.digest = new_md5()
        self._fd: int | None = None
        try:
            retry_stale(self._open)
        except OSError as exc:
            raise unreadable(path, exc) from None

    def read(self) -> bytes:
        try:
            block = retry_stale(self._read)
        except OSError as exc:
            raise unreadable(self._path, exc) from None
        self._count += len(block)
        self.digest.update(block)
        return block

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):  # nothing was written, so nothing is lost
                os.close(fd)

    def _open(self) -> int:
        """Open the file where reading stopped, if its fingerprint is unchanged."""
        self._fd = fd = os.open(self._path, _FLAGS)
        try:
            _same(fd, self._was, self._path)
            os.lseek(fd, self._count, os.SEEK_SET)
        except BaseException:
            self.close()
            raise
        return fd

    def _read(self) -> bytes:
        fd = self._open() if self._fd is None else self._fd
        try:
            block = os.read(fd, BLOCK)
            if self._count + len(block) >= self._was.size:  # before the last byte is passed on
                _same(fd, self._was, self._path)
        except OSError:
            self.close()
            raise
        return block


def _read_cached(path: AnyPath, was: Fingerprint) -> bytes | None:
    """Read a file if the page cache has it; otherwise return None."""
    flag = getattr(os, "RWF_NOWAIT", None)
    if flag is None:
        return None
    buffer = bytearray(was.size + 1)  # one more byte, to detect a file that grew
    fd = os.open(path, _FLAGS)
    try:
        try:
            count = os.preadv(fd, [buffer], 0, flag)
        except OSError:  # not in the cache, or not supported by the file system
            return None
        if count != was.size:
            return None
        _same(fd, was, path)
    finally:
        os.close(fd)
    return bytes(memoryview(buffer)[:count])


def _read_and_hash(path: AnyPath, was: Fingerprint) -> Snapshot:
    def read() -> bytes:
        fd = os.open(path, _FLAGS)
        try:
            with os.fdopen(fd, "rb", closefd=False) as file:
                data = file.read(was.size + 1)
            _same(fd, was, path, count=len(data))
        finally:
            os.close(fd)
        return data

    data = _retry_open(path, read)
    return Snapshot(data, new_md5(data).hexdigest())


def _retry_open(path: AnyPath, attempt: Callable[[], T]) -> T:
    try:
        return retry_stale(attempt)
    except OSError as exc:
        raise unreadable(path, exc) from None


def _same(fd: int, was: Fingerprint, path: AnyPath, *, count: int | None = None) -> None:
    now = Fingerprint.of(os.fstat(fd))
    if now != was or (count is not None and count != was.size):
        raise SourceChangedError(
            f"{path} changed while it was read ({was.size} bytes at first, {count or now.size} "
            "now): nothing was registered; upload it again once nothing writes to it",
            stage="put",
            total=was.size,
        )


PASSING: Final = frozenset({errno.ESTALE, errno.EIO, errno.ETIMEDOUT})
"""NFS: the handle is stale because the server restarted or replaced the file. Soft mounts and CIFS: a request
timed out. A bad disk also gives EIO, and gives it again. (Python itself repeats EINTR.)
"""
ATTEMPTS: Final = 3


def retry_stale(attempt: Callable[[], T]) -> T:
    """Call a function that opens and uses a path, and repeat it at once if the failure may be transient.

    Raises:
        OSError: The last failure after `ATTEMPTS`, or the first one of another kind.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except OSError as exc:
            if exc.errno not in PASSING:
                raise
    return attempt()
