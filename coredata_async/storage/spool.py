"""Temporary storage for a source that can be read only once, so that its bytes can be sent again."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import IO, Final, Literal, Self

from attrs import define, field

from coredata_async.errors import ConfigurationError, SourceError
from coredata_async.storage.readahead import BLOCK, read_ahead

log = logging.getLogger("coredata_async.upload")

SpoolMode = bool | Literal["auto"]
"""`"auto"` spools streams that can be read only once, `True` every stream, `False` none."""
MEMORY: Final = 1 << 20
"""Maximum bytes of one stream that are kept in memory; the rest is in a temporary file."""
PREFIX: Final = "coredata-spool-"
SHARE: Final = 2
"""`"auto"` spools a stream of known size only if it needs at most 1/SHARE of the free disk space."""


def is_spooled(mode: SpoolMode, size: int | None, *, replayable: bool, name: str) -> bool:
    """Decide if a stream is spooled.

    Raises:
        ConfigurationError: If the mode is unknown, or the size is unknown and the mode is `False`.
    """
    if not isinstance(mode, bool) and mode != "auto":  # pyright: ignore[reportUnnecessaryComparison]
        raise ConfigurationError(f"spool must be True, False or 'auto', not {mode!r}")
    if size is None:
        if mode is False:
            raise ConfigurationError(
                f"{name}: pass size= with spool=False, because the service needs the length first"
            )
        return True
    if mode == "auto":
        return not replayable and _fits(size, name)
    return mode


def _fits(size: int, name: str) -> bool:
    if size <= MEMORY:
        return True
    try:
        free = shutil.disk_usage(tempfile.gettempdir()).free
    except OSError:  # creating the file reports the reason
        return True
    if size <= free // SHARE:
        return True
    log.warning(
        "%s (%d bytes) is sent without a spool, because only %d bytes are free in the temporary directory; "
        "a failure after its first byte ends the upload",
        name,
        size,
        free,
    )
    return False


class _File:
    """An anonymous temporary file; the operating system deletes it even if this process is killed."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix=PREFIX, buffering=0)  # noqa: SIM115  # see close
        self._lock = threading.Lock()
        """`close` waits for a write or read in progress, because another file could get the same descriptor.
        """
        self.size = 0

    def append(self, blocks: list[bytes]) -> None:
        """Write blocks at the end."""
        with self._lock:
            self._file.seek(self.size)
            for block in blocks:
                rest = memoryview(block)
                while rest:
                    rest = rest[self._file.write(rest) :]

    def read(self, start: int, count: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            return self._file.read(count)

    def close(self) -> None:
        with self._lock, suppress(OSError):
            self._file.close()


@define
class _FileReader:
    """Reads the part of a spool that is on disk, in the thread of `read_ahead`."""

    file: _File
    start: int
    end: int

    def read(self) -> bytes:
        block = self.file.read(self.start, min(BLOCK, self.end - self.start))
        self.start += len(block)
        return block

    def close(self) -> None:
        """Leave the file open for the next pass."""


@define(eq=False)
class Spool:
    """A source that is read once and can be sent several times, one pass after the other.

    Its own task reads the source, one block per request. A transport cancels a pass whose response came
    early, and that would otherwise end a source that is being awaited. Memory: `MEMORY` and one block. Disk:
    everything, once there are more than `MEMORY` bytes.
    """

    source: Callable[[], AsyncGenerator[bytes, None]]
    name: str
    size: int = field(default=0, init=False)
    """Number of bytes read so far."""
    _tail: list[bytes] = field(factory=list[bytes], init=False)
    """The blocks in memory; earlier ones are in the file."""
    _newest: tuple[int, bytes] = field(default=(0, b""), init=False)
    _file: _File | None = field(default=None, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _wanted: asyncio.Event = field(factory=asyncio.Event, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _ended: bool = field(default=False, init=False)
    _failure: Exception | None = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop reading the source, close it, and delete the file."""
        try:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait({self._task})
        finally:
            if self._file is not None:
                self._file.close()

    async def fill(self) -> bytes | None:
        """Read the source to its end; return the bytes if all of them are in memory."""
        while await self._grow(self.size):
            pass
        return b"".join(self._tail) if self._file is None else None

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """Yield everything from the first byte on: the kept bytes, then the rest of the source.

        Raises:
            SourceError: If the temporary file cannot be written.
            Exception: The exception that the source raised.
        """
        position = 0
        while True:
            file = self._file
            if file is not None and position < file.size:
                kept = read_ahead(partial(_FileReader, file, position, file.size))
                async with aclosing(kept):
                    async for block in kept:
                        position += len(block)
                        yield block
            elif position < self.size or await self._grow(position):
                block = self._in_memory(position)
                position += len(block)
                yield block
            else:
                return

    async def _grow(self, position: int) -> bool:
        """Wait until there are bytes at the position; return False at the end of the source."""
        if self._task is None:
            # Not in a group: the task lives from the first request until `__aexit__`, which waits for it.
            self._task = asyncio.create_task(self._read(), name="coredata-spool")
        while position == self.size and not self._ended:
            self._changed.clear()
            self._wanted.set()
            await self._changed.wait()
        if position < self.size:
            return True
        if self._failure is not None:
            raise self._failure
        return False

    def _in_memory(self, position: int) -> bytes:
        start, block = self._newest
        if start == position:
            return block
        on_disk = self._file.size if self._file is not None else 0
        return b"".join(self._tail)[position - on_disk :]

    async def _read(self) -> None:
        try:
            async with aclosing(self.source()) as blocks:
                async for block in blocks:
                    await self._keep(block)
                    await self._wanted.wait()
        except Exception as exc:  # noqa: BLE001  # raised again by the pass that reaches it
            self._failure = exc
        except asyncio.CancelledError:
            self._failure = SourceError(f"reading {self.name} was cancelled", stage="source")
            raise
        finally:
            self._ended = True
            self._changed.set()

    async def _keep(self, block: bytes) -> None:
        if not block:
            return
        self._newest = self.size, block
        self._tail.append(block)
        self.size += len(block)
        self._wanted.clear()
        self._changed.set()
        on_disk = self._file.size if self._file is not None else 0
        if self.size - on_disk > MEMORY:  # while the block is being sent
            await self._move_to_disk()

    async def _move_to_disk(self) -> None:
        try:
            if self._file is None:
                self._file = _File()
            await asyncio.to_thread(self._file.append, self._tail)
        except OSError as exc:
            raise SourceError(
                f"{self.name} cannot be spooled to a temporary file: {exc.strerror or exc} (after "
                f"{self.size} bytes); free space there, name another directory with TMPDIR, or pass "
                "spool=False and size=",
                stage="source",
                sent=self.size,
            ) from None
        self._file.size = self.size
        self._tail = []
