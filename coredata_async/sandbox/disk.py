"""Reads and writes of files in a few threads, so that they do not block the event loop."""

import asyncio
import hashlib
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from attrs import define, field

_BATCH = 512 * 1024
_NUMBERS = itertools.count()


class _Digest(Protocol):
    """Type of hashlib's objects, which has no public name."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class DiskError(Exception):
    """The directory of the bytes is full, or was removed."""


@define(eq=False)
class FileWriter:
    """Writer of a new file, which gets its name when it is complete.

    Bytes are collected up to half a megabyte before a thread writes and hashes them, so a small file needs
    one call of a thread, and a large one never blocks the loop.
    """

    target: Path
    workers: ThreadPoolExecutor
    _pending: list[bytes] = field(factory=list[bytes])
    _waiting: int = 0
    _size: int = 0
    _md5: _Digest = field(factory=lambda: hashlib.md5(usedforsecurity=False))
    _part: Path | None = None
    _file: BinaryIO | None = None
    _begun: bool = False
    _ended: bool = False
    _lock: threading.Lock = field(factory=threading.Lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the file unless it was finished."""
        if self._begun and not self._ended:
            # A closing server cancels this task again; the file must be closed nevertheless.
            await asyncio.shield(self._run_in_thread(self._abandon))

    async def add(self, data: bytes) -> None:
        """Append bytes."""
        self._pending.append(data)
        self._waiting += len(data)
        if self._waiting >= _BATCH:
            await self._run_in_thread(self._write)

    async def finish(self) -> tuple[int, str]:
        """Write the remaining bytes and give the file its name; return size and MD5."""
        await self._run_in_thread(self._complete)
        return self._size, self._md5.hexdigest()

    async def _run_in_thread(self, work: Callable[[], None]) -> None:
        self._begun = True
        try:
            await asyncio.get_running_loop().run_in_executor(self.workers, work)
        except OSError as exc:
            raise DiskError(exc.strerror or str(exc)) from None

    def _write(self) -> None:
        # A cancelled request abandons the file while its last write may be in flight, or has not even begun.
        with self._lock:
            if self._ended:
                return
            if self._file is None:
                self._part = self.target.with_name(f"{self.target.name}.{next(_NUMBERS)}.part")
                self._file = self._part.open("wb")
            for piece in self._pending:
                self._file.write(piece)
                self._md5.update(piece)
            self._size += self._waiting
            self._waiting = 0
            self._pending.clear()

    def _complete(self) -> None:
        self._write()
        with self._lock:
            if not self._ended and self._file is not None and self._part is not None:
                self._file.close()
                self._part.replace(self.target)
            self._ended = True

    def _abandon(self) -> None:
        with self._lock:
            if not self._ended and self._file is not None and self._part is not None:
                with suppress(OSError):  # a full disk refuses what is left again
                    self._file.close()
                self._part.unlink(missing_ok=True)
            self._ended = True


@define(eq=False)
class FileReader:
    """Reader of a part of a file; replacing the file meanwhile does not change the bytes that are read."""

    file: BinaryIO
    remaining: int
    """Number of bytes that were not read yet."""
    workers: ThreadPoolExecutor

    async def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size` and at most the rest of the range."""
        width = min(size, self.remaining)
        if not width:
            return b""
        piece = await asyncio.get_running_loop().run_in_executor(self.workers, self.file.read, width)
        self.remaining -= len(piece)
        return piece

    def close(self) -> None:
        """Close the file, not in a thread: a cancelled handler would not wait for that."""
        self.file.close()


async def open_range(path: Path, start: int, length: int, workers: ThreadPoolExecutor) -> bytes | FileReader:
    """Open a part of a file: small parts are returned as bytes, with one call of a thread."""

    def open_file() -> bytes | BinaryIO:
        file = path.open("rb")
        file.seek(start)
        if length > _BATCH:
            return file
        with file:
            return file.read(length)

    opening = workers.submit(open_file)
    try:
        found = await asyncio.wrap_future(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise
    except OSError as exc:
        raise DiskError(exc.strerror or str(exc)) from None
    return found if isinstance(found, bytes) else FileReader(found, length, workers)


def _close_opened(opening: Future[bytes | BinaryIO]) -> None:
    if opening.cancelled() or opening.exception() is not None:
        return
    found = opening.result()
    if not isinstance(found, bytes):
        found.close()


async def remove(path: Path, workers: ThreadPoolExecutor) -> None:
    """Remove a file that may already be gone."""

    def unlink() -> None:
        path.unlink(missing_ok=True)

    await asyncio.get_running_loop().run_in_executor(workers, unlink)
