"""Streams as sources, block by block: open files, iterables and parts of web requests."""

from __future__ import annotations

import asyncio
import binascii
import inspect
import io
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, BinaryIO, Final, Protocol, cast

from attrs import define, field

from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.storage.paths import Fingerprint
from coredata_async.storage.readahead import BLOCK

Blocks = Callable[[], AsyncGenerator[bytes, None]]
_PART_CHUNK: Final = 64 * 1024


class AsyncFile(Protocol):
    """A file with an async `read`: of aiofiles, Starlette's `UploadFile`, aiohttp's `StreamReader`."""

    async def read(self, size: int = ..., /) -> bytes:
        """Return at most `size` bytes, or `b""` at the end."""
        ...


class Part(Protocol):
    """A part of a multipart request: aiohttp's `BodyPartReader`."""

    async def read_chunk(self, size: int = ..., /) -> bytes:
        """Return the next bytes of the part."""
        ...


@define(eq=False)
class _Turn:
    """The right to read an open file."""

    file: object = field(repr=False)
    """Kept, so that no other object gets its `id`."""
    lock: asyncio.Lock = field(factory=asyncio.Lock)
    loop: asyncio.AbstractEventLoop = field(factory=asyncio.get_running_loop)
    owner: asyncio.Task[Any] | None = None
    users: int = 0
    """Number of tasks that have it or wait for it."""


_TURNS: Final[dict[int, _Turn]] = {}
"""Open files that are being read, by `id`."""


@asynccontextmanager
async def take_turn(file: object) -> AsyncGenerator[None]:
    """Wait until no other task reads an open file: each would move the position of the other one.

    A task may take it again, for a file that is twice in one request.

    Raises:
        SourceError: If a task of another event loop reads it, or did when that loop ended, as after Ctrl-C.
    """
    turn, task = _TURNS.setdefault(id(file), _Turn(file)), asyncio.current_task()
    if turn.loop is not asyncio.get_running_loop():
        raise SourceError(
            "a task of another event loop reads the open file, or did when that loop ended, and may have "
            "moved its position; open the file again",
            stage="source",
        )
    if turn.owner is task:
        yield
        return
    turn.users += 1
    try:
        async with turn.lock:
            turn.owner = task
            yield
    finally:
        turn.owner = None if turn.owner is task else turn.owner
        turn.users -= 1
        if not turn.users:
            del _TURNS[id(file)]


class HandleReader:
    """Reader of an open file from a position on, which it restores afterwards."""

    def __init__(self, file: BinaryIO, start: int | None, size: int, name: str = "the open file") -> None:
        self._file, self._start, self._left, self._count = file, start, size, 0
        self._name = name
        self._was = _print(file)

    def read(self) -> bytes:
        """Return the next block.

        Raises:
            SourceError: If the file cannot be read: the disk failed, or compressed data is damaged.
        """
        try:
            if self._start is not None:  # an abandoned pass or other code may have moved the position
                self._file.seek(self._start + self._count)
            block = cast("bytes | None", self._file.read(min(BLOCK, self._left)) if self._left else b"")
        except Exception as exc:
            raise unreadable_file(self._name, exc) from exc
        if block is None:
            raise SourceError(
                f"{self._name} is in non-blocking mode and has no data at present; call "
                "os.set_blocking(file.fileno(), True) before the upload",
                stage="source",
            )
        self._left -= len(block)
        self._count += len(block)
        if not self._left and _print(self._file) != self._was:
            raise SourceChangedError(
                "the open file changed while it was read; upload it again once nothing writes to it",
                stage="put",
            )
        return bytes(block)

    def close(self) -> None:
        """Leave the file open and restore its position: the file belongs to the caller."""
        if self._start is not None:
            with suppress(OSError, ValueError):  # the caller has closed it meanwhile
                self._file.seek(self._start)


class IterableReader:
    """Reader of an iterable of bytes, which joins several small items to a block."""

    def __init__(self, items: Iterable[bytes]) -> None:
        self._items: Iterator[bytes] = iter(items)

    def read(self) -> bytes:
        """Return the next block."""
        parts: list[bytes] = []
        count = 0
        for item in self._items:  # continues where it stopped
            parts.append(as_bytes(item))
            count += len(parts[-1])
            if count >= BLOCK:
                break
        return b"".join(parts)

    def close(self) -> None:
        """Do nothing: an iterable needs no cleanup."""


def as_bytes(item: object) -> bytes:
    """Return one item of an iterable as bytes.

    Raises:
        SourceError: If it is not bytes.
    """
    if isinstance(item, bytes | bytearray | memoryview):
        return bytes(cast("bytes", item))
    kind = type(item).__name__
    raise SourceError(f"the iterable yielded a {kind} instead of bytes; encode text first", stage="source")


def unreadable_file(name: str, exc: Exception) -> SourceError:
    """Return the error for an open file whose methods failed. Other texts than Python's may hold a secret."""
    reason = str(exc) if isinstance(exc, OSError | ValueError | EOFError | TypeError) else type(exc).__name__
    return SourceError(f"{name} cannot be read: {reason}", stage="source")


def measure(file: BinaryIO) -> tuple[int | None, int | None]:
    """Return position and remaining length of an open file; None and None if it cannot be rewound."""
    seekable = (
        file.seekable() if hasattr(file, "seekable") else hasattr(file, "seek")
    )  # mmap has no seekable()
    if not seekable:
        return None, None
    start = file.tell()
    file.seek(0, io.SEEK_END)
    end = file.tell()
    file.seek(start)
    return start, max(0, end - start)


def async_blocks(open_items: Callable[[], AsyncIterable[bytes]]) -> Blocks:
    """Return the blocks of an async iterable; empty items are skipped."""

    async def blocks() -> AsyncGenerator[bytes, None]:
        # The iterator, not the iterable: only what was opened here is closed here.
        items = aiter(_async_iterable(open_items()))
        try:
            async for item in items:
                if item:
                    yield as_bytes(item)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    return blocks


def _async_iterable(opened: object) -> AsyncIterable[bytes]:
    if isinstance(opened, AsyncIterable):
        return cast("AsyncIterable[bytes]", opened)
    if inspect.iscoroutine(opened):
        opened.close()
    raise TypeError(
        f"the callable returned a {type(opened).__name__} instead of an async iterator: pass an `async def` "
        "function with `yield`, or the bytes themselves"
    )


def text_mode(name: str) -> str:
    """Return the message for a file opened in text mode."""
    return f"{name} is open in text mode; open it with mode 'rb'"


def async_handle(file: Any) -> Callable[[], AsyncIterator[bytes]]:
    """Return an aiofiles handle as an async iterable; the handle stays open."""

    async def read() -> AsyncGenerator[bytes, None]:
        while block := await file.read(BLOCK):
            yield block

    return read


def part_blocks(part: Any) -> Callable[[], AsyncIterator[bytes]]:
    """Return the content of a multipart part (aiohttp's `BodyPartReader`) as an async iterable."""

    async def read() -> AsyncGenerator[bytes, None]:
        decode = _transfer_decoder(part)
        while True:
            chunk = await part.read_chunk(_PART_CHUNK)
            if chunk:
                yield decode(bytes(chunk))
            # A chunk may be empty before the end.
            if part.at_eof() if hasattr(part, "at_eof") else not chunk:
                return

    return read


def _transfer_decoder(part: Any) -> Callable[[bytes], bytes]:
    """Return the function that decodes a part's chunks. Each of aiohttp's chunks is complete Base64.

    Raises:
        SourceError: If the part has another encoding.
    """
    encoding = str(getattr(part, "headers", {}).get("Content-Transfer-Encoding") or "binary").lower()
    if encoding == "base64":
        return binascii.a2b_base64
    if encoding in {"binary", "8bit", "7bit"}:
        return bytes
    raise SourceError(
        f"the part has the unsupported Content-Transfer-Encoding {encoding!r}; pass its decoded bytes",
        stage="source",
    )


def is_part(source: object) -> bool:
    """Check for a multipart part, which is read with `read_chunk`."""
    return inspect.iscoroutinefunction(getattr(source, "read_chunk", None))


def inner_file(source: Any) -> Any:
    """Return the binary file inside an uploaded file (Starlette's `UploadFile`, aiohttp's `FileField`).

    Starlette's spooled file can be rewound, so the bytes need not be spooled a second time.
    """
    file = getattr(source, "file", None)
    usable = hasattr(file, "read") and hasattr(file, "seek") and not is_async_handle(file)
    return file if usable and (is_async_handle(source) or not hasattr(source, "read")) else None


def is_async_handle(source: object) -> bool:
    """Return whether it is a file with an async `read`."""
    return inspect.iscoroutinefunction(getattr(source, "read", None))


def _print(file: BinaryIO) -> Fingerprint | None:
    try:
        return Fingerprint.of(os.fstat(file.fileno()))
    except (OSError, AttributeError, ValueError):  # in memory, or a socket
        return None
