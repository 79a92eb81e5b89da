"""Every kind of source made ready: its length is known, and its bytes can be sent."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from attrs import frozen

from coredata_async.errors import ConfigurationError, SourceError
from coredata_async.storage.bodies import INLINE, Streamed, md5
from coredata_async.storage.paths import WHOLE, AnyPath, look, read_whole, stream
from coredata_async.storage.readahead import BLOCK, read_ahead
from coredata_async.storage.streams import (
    Blocks,
    HandleReader,
    IterableReader,
    async_blocks,
    async_handle,
    is_async_handle,
    measure,
    spooled,
    text_mode,
)

Source = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | BinaryIO
    | Iterable[bytes]
    | AsyncIterable[bytes]
    | Callable[[], AsyncIterable[bytes]]
)
"""What can be uploaded: a path, bytes, a binary file, an (async) iterable, or a callable that opens one."""


_PATHS: Final = (str, Path, os.PathLike)
"""A `Path` is one of the last, too, but to see that takes 0.6 us, and it is asked four times for a file."""


@frozen
class Ready:
    """A source whose length is known."""

    size: int
    body: bytes | Streamed
    md5: str | None
    """Known beforehand when the bytes are held whole; of a stream, its `md5` after the pass."""

    @property
    def digest(self) -> str:
        """The MD5 of what was sent; of a stream, only after a complete pass."""
        return self.md5 or (self.body.md5 if isinstance(self.body, Streamed) else None) or ""


def name_of(source: Any) -> str | None:
    """The file name a source brings along."""
    is_path = isinstance(source, _PATHS)
    name: object = os.fspath(cast("str", source)) if is_path else getattr(source, "name", None)
    # Not `Path(name).name`, which takes ten times as long.
    return os.path.basename(name.rstrip("/")) or None if isinstance(name, str) else None  # noqa: PTH119


def label(source: Any) -> str:
    """How a message calls a source: never its bytes."""
    if isinstance(source, _PATHS):
        return str(cast("Any", source))
    return name_of(source) or f"a {type(source).__name__}"


@asynccontextmanager
async def ready(source: Source, size: int | None = None) -> AsyncGenerator[Ready, None]:
    """Make a source ready to be sent, any number of times where that is possible.

    A path is opened anew for every attempt. An open file keeps its position and stays open. What can
    be read only once and comes with `size` is streamed once; without `size` it is spooled first.

    Raises:
        SourceError: It is not there, cannot be read, or gives something else than bytes.
        TypeError: It is a file in text mode, or no source at all.
    """
    held = await at_rest(source, size)
    match source:
        case _ if held is not None:
            yield held
        case _ if is_async_handle(source):
            if hasattr(source, "encoding"):
                raise TypeError(text_mode(label(source)))
            async with _blocks(async_blocks(async_handle(source)), size, label(source)) as got:
                yield got
        case _ if hasattr(source, "read"):
            async with _handle(source, size) as got:
                yield got
        case _:
            async with _iterable(source, size) as got:
                yield got


async def at_rest(source: Source, size: int | None = None) -> Ready | None:
    """The same for a path, or bytes: nothing has to be closed afterwards. `None` for any other source.

    Raises:
        SourceError: It is not there, or cannot be read.
    """
    if size is not None and size < 0:
        raise ConfigurationError(f"size must be 0 or more, not {size}")
    if isinstance(source, _PATHS):
        return await _path(source if isinstance(source, str | Path) else Path(cast("str", source)), size)
    if isinstance(source, bytes | bytearray | memoryview):
        return _memory(memoryview(source), size)
    return None


async def _path(path: AnyPath, size: int | None) -> Ready:
    was = look(path)
    if size is not None and size != was.size:
        raise SourceError(f"{path} has {was.size} bytes, and size= says {size}", stage="source")
    if was.size > WHOLE:
        return Ready(was.size, stream(path, was), None)
    held = await read_whole(path, was)
    return Ready(was.size, held.data, held.md5)


def _memory(data: memoryview, size: int | None) -> Ready:
    view = data.cast("B") if data.c_contiguous and data.nbytes else memoryview(data.tobytes())
    if size is not None and size != len(view):
        raise SourceError(f"there are {len(view)} bytes, and size= says {size}", stage="source")
    if len(view) <= INLINE:
        held = bytes(view)
        return Ready(len(held), held, md5(held))

    async def blocks() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(view), BLOCK):
            yield bytes(view[start : start + BLOCK])

    return Ready(len(view), Streamed(len(view), blocks, name="the bytes"), None)


@asynccontextmanager
async def _handle(file: Any, size: int | None) -> AsyncGenerator[Ready, None]:
    try:
        if isinstance(file, io.TextIOBase) or isinstance(file.read(0), str):
            raise TypeError(text_mode(label(file)))
        start, left = await _measured(file)
    except (OSError, ValueError) as exc:  # closed, or open for writing alone
        raise SourceError(f"{label(file)} cannot be read: {exc}", stage="source") from None
    if left is not None and size is not None and size > left:
        raise SourceError(f"{label(file)} has {left} bytes left, and size= says {size}", stage="source")
    length = size if size is not None else left
    limit = length if length is not None else 1 << 62

    def blocks() -> AsyncGenerator[bytes, None]:
        return read_ahead(lambda: HandleReader(file, start, limit))

    async with _blocks(blocks, length, label(file), replayable=start is not None) as got:
        yield got


async def _measured(file: BinaryIO) -> tuple[int | None, int | None]:
    """In a thread, for a packed file is read to its end; a cancellation first sees the position put back."""
    measuring = asyncio.get_running_loop().run_in_executor(None, measure, file)
    try:
        return await asyncio.shield(measuring)
    except asyncio.CancelledError:
        await asyncio.wait({measuring})
        raise


@asynccontextmanager
async def _iterable(source: Any, size: int | None) -> AsyncGenerator[Ready, None]:
    name, replayable = label(source), True
    if isinstance(source, AsyncIterable):
        replayable = not isinstance(source, AsyncIterator)
        opened = cast("AsyncIterable[bytes]", source)
        blocks = async_blocks(lambda: opened)
    elif isinstance(source, Iterable):
        items = cast("Iterable[bytes]", source)
        replayable = iter(items) is not items

        def blocks() -> AsyncGenerator[bytes, None]:
            return read_ahead(lambda: IterableReader(items))

    elif callable(source):
        blocks = async_blocks(cast("Callable[[], AsyncIterable[bytes]]", source))
    else:
        raise TypeError(
            f"a {type(source).__name__} is no source: pass a path, bytes, a file opened with 'rb', "
            "an (async) iterable of bytes, or a callable that returns an async iterator"
        )
    async with _blocks(blocks, size, name, replayable=replayable) as got:
        yield got


@asynccontextmanager
async def _blocks(
    blocks: Blocks, size: int | None, name: str, *, replayable: bool = False
) -> AsyncGenerator[Ready, None]:
    if size is not None:
        yield Ready(size, Streamed(size, blocks, name=name, replayable=replayable), None)
        return
    async with spooled(blocks()) as held:
        yield _memory(memoryview(held), None) if isinstance(held, bytes) else await _path(held, None)
