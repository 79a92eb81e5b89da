"""Open files and iterables as sources, and the spool for those whose length nobody knows."""

from __future__ import annotations

import inspect
import io
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from aiofiles.threadpool import wrap
from aiofiles.threadpool.binary import AsyncBufferedIOBase

from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.storage.paths import WHOLE, Print
from coredata_async.storage.readahead import BLOCK

Blocks = Callable[[], AsyncGenerator[bytes, None]]


class HandleReader:
    """Reads an open file from a position on, and puts the position back."""

    def __init__(self, file: BinaryIO, start: int | None, size: int) -> None:
        self._file, self._start, self._left, self._count = file, start, size, 0
        self._was = _print(file)

    def read(self) -> bytes:
        """Give the next block."""
        if self._start is not None:  # wherever an abandoned pass, or anybody else, has left it
            self._file.seek(self._start + self._count)
        block = self._file.read(min(BLOCK, self._left)) if self._left else b""
        self._left -= len(block)
        self._count += len(block)
        if not self._left and _print(self._file) != self._was:
            raise SourceChangedError("the open file changed while it was read", stage="put")
        return bytes(block)

    def close(self) -> None:
        """Leave the file open and as it was: it is the caller's."""
        if self._start is not None:
            with suppress(OSError, ValueError):  # the caller has closed it meanwhile
                self._file.seek(self._start)


class IterableReader:
    """Reads a plain iterable of bytes, several small items to a block."""

    def __init__(self, items: Iterable[bytes]) -> None:
        self._items: Iterator[bytes] = iter(items)

    def read(self) -> bytes:
        """Give the next block."""
        parts: list[bytes] = []
        count = 0
        for item in self._items:  # goes on where it stopped
            parts.append(as_bytes(item))
            count += len(parts[-1])
            if count >= BLOCK:
                break
        return b"".join(parts)

    def close(self) -> None:
        """Nothing is held."""


def as_bytes(item: object) -> bytes:
    """One item of an iterable.

    Raises:
        SourceError: If it is no bytes.
    """
    if isinstance(item, bytes | bytearray | memoryview):
        return bytes(cast("bytes", item))
    kind = type(item).__name__
    raise SourceError(f"the iterable gave a {kind} where bytes were due; encode text first", stage="source")


def measure(file: BinaryIO) -> tuple[int | None, int | None]:
    """Position and remaining length of an open file; `None` twice if it cannot be rewound."""
    seekable = file.seekable() if hasattr(file, "seekable") else hasattr(file, "seek")  # mmap lacks the first
    if not seekable:
        return None, None
    start = file.tell()
    file.seek(0, io.SEEK_END)
    end = file.tell()
    file.seek(start)
    return start, max(0, end - start)


def async_blocks(open_items: Callable[[], AsyncIterable[bytes]]) -> Blocks:
    """The blocks of an async iterable; empty items are passed over."""

    async def blocks() -> AsyncGenerator[bytes, None]:
        items = aiter(open_items())  # not the iterable: what was opened here is closed here
        try:
            async for item in items:
                if item:
                    yield as_bytes(item)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    return blocks


def text_mode(name: str) -> str:
    """The message for a file that would give text."""
    return f"{name} is open in text mode; open it with mode 'rb'"


def async_handle(file: Any) -> Callable[[], AsyncIterator[bytes]]:
    """An aiofiles handle as an async iterable; it stays open."""

    async def read() -> AsyncGenerator[bytes, None]:
        while block := await file.read(BLOCK):
            yield block

    return read


@asynccontextmanager
async def spooled(blocks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes | Path, None]:
    """Everything an iterable gives: as bytes if it is little, else in a temporary file, gone afterwards.

    The service wants to know the length before the first byte, so there is no way around it.
    """
    async with aclosing(blocks):
        held = bytearray()
        async for block in blocks:
            held += block
            if len(held) > WHOLE:
                break
        else:
            yield bytes(held)
            return
        number, name = tempfile.mkstemp(prefix="coredata-spool-")
        path = Path(name)
        try:
            async with writing(os.fdopen(number, "wb")) as file:
                await file.write(held)
                del held
                async for block in blocks:
                    await file.write(block)
            yield path
        finally:
            path.unlink()  # noqa: ASYNC240  # microseconds, and it must happen even when cancelled


@asynccontextmanager
async def writing(file: BinaryIO) -> AsyncGenerator[AsyncBufferedIOBase, None]:
    """Write to an open file in threads, and close it.

    It is opened and closed in the loop (20 us): were that left to a thread too, a cancellation at the
    wrong moment would leave it open for ever.
    """
    with file:
        wrapped: AsyncBufferedIOBase = wrap(file)
        yield wrapped
        await wrapped.flush()


def is_async_handle(source: object) -> bool:
    """Whether it is a file whose `read` must be awaited."""
    return inspect.iscoroutinefunction(getattr(source, "read", None))


def _print(file: BinaryIO) -> Print | None:
    try:
        return Print.of(os.fstat(file.fileno()))
    except (OSError, AttributeError, ValueError):  # in memory, or a socket
        return None
