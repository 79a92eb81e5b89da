"""Sources of uploads: each is prepared so that its length is known and its bytes can be sent."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from attrs import frozen

from coredata_async.errors import ConfigurationError, SourceChangedError, SourceError
from coredata_async.storage.bodies import INLINE, Streamed, new_md5
from coredata_async.storage.paths import IN_MEMORY_LIMIT, AnyPath, read_whole, stat_file, stream
from coredata_async.storage.readahead import BLOCK, read_ahead
from coredata_async.storage.spool import Spool, SpoolMode, is_spooled
from coredata_async.storage.streams import (
    AsyncFile,
    Blocks,
    HandleReader,
    IterableReader,
    Part,
    async_blocks,
    async_handle,
    inner_file,
    is_async_handle,
    is_part,
    measure,
    part_blocks,
    take_turn,
    text_mode,
    unreadable_file,
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
    | AsyncFile
    | Part
)
"""A source of an upload: a path, bytes, a binary file, an (async) iterable, or a callable that opens one.

This includes the uploads of web frameworks: Starlette's and FastAPI's `UploadFile` and `request.stream()`,
aiohttp's `BodyPartReader`, `FileField` and `request.content`.
"""


_PATHS: Final = (str, Path, os.PathLike)
"""A `Path` is a `PathLike` as well, but that check takes 0.6 us and is done four times per file."""


@frozen
class PreparedSource:
    """A source whose length is known."""

    size: int
    body: bytes | Streamed
    md5: str | None
    """Known beforehand if the bytes are in memory; None for a stream, see `digest`."""

    @property
    def digest(self) -> str:
        """The MD5 of the bytes sent; for a stream, only known after a complete pass."""
        return self.md5 or (self.body.md5 if isinstance(self.body, Streamed) else None) or ""


def name_of(source: Any) -> str | None:
    """Return the file name that a source has, or None."""
    is_path = isinstance(source, _PATHS)
    name: object = os.fspath(cast("str", source)) if is_path else _name_of(source)
    # `Path(name).name` takes ten times as long.
    return os.path.basename(name.rstrip("/")) or None if isinstance(name, str) else None  # noqa: PTH119


def _name_of(source: Any) -> object:
    """Return the name of an object. For a part of a form, `name` is the name of the field."""
    # `filename` of a gzip file is deprecated, and reading it warns.
    name: object = None if isinstance(source, io.IOBase) else getattr(source, "filename", None)
    if isinstance(name, str):
        return name
    return None if is_part(source) else getattr(source, "name", None)


def label(source: Any) -> str:
    """Return the name of a source for messages; never its bytes."""
    if isinstance(source, _PATHS):
        return str(cast("Any", source))
    return name_of(source) or f"a {type(source).__name__}"


@asynccontextmanager
async def prepare(
    source: Source, size: int | None = None, spool: SpoolMode = "auto"
) -> AsyncGenerator[PreparedSource, None]:
    """Prepare a source for sending, several times if possible.

    A path is opened again for every attempt. An open file keeps its position and stays open; two tasks read
    it one after the other. A stream that can be read only once is spooled while it is sent (see `SpoolMode`),
    or before that if its size is unknown.

    Raises:
        SourceError: If it does not exist, cannot be read, or yields something other than bytes.
        TypeError: If it is a file in text mode, or not a source.
    """
    held = await prepare_static(source, size)
    if held is not None:
        yield held
        return
    opened = inner_file(source) or source
    async with take_turn(opened) if hasattr(opened, "read") else nullcontext():
        stream = await _stream(opened, size, label(source))
        async with _prepare_stream(stream, spool) as prepared:
            yield prepared


@asynccontextmanager
async def _prepare_stream(stream: _Stream, spool: SpoolMode) -> AsyncGenerator[PreparedSource, None]:
    if not is_spooled(spool, stream.size, replayable=stream.replayable, name=stream.name):
        yield stream.ready(cast("int", stream.size), stream.blocks, replayable=stream.replayable)
        return
    async with Spool(stream.blocks, stream.name) as kept:
        whole = await kept.fill() if stream.size is None else None
        if whole is not None:
            yield _memory(memoryview(whole), None)
        else:
            yield stream.ready(kept.size if stream.size is None else stream.size, kept.blocks)


async def prepare_static(source: Source, size: int | None = None) -> PreparedSource | None:
    """Prepare a path or bytes, which need no cleanup; return None for any other source.

    Raises:
        SourceError: If it does not exist or cannot be read.
    """
    if size is not None and size < 0:
        raise ConfigurationError(f"size must be 0 or more, not {size}")
    if isinstance(source, _PATHS):
        return await _path(source if isinstance(source, str | Path) else Path(cast("str", source)), size)
    if isinstance(source, bytes | bytearray | memoryview):
        return _memory(memoryview(source), size)
    return None


async def _path(path: AnyPath, size: int | None) -> PreparedSource:
    was = stat_file(path)
    if size is not None and size != was.size:
        raise SourceChangedError(
            f"{path} has {was.size} bytes instead of {size}: it has changed, or size= is wrong",
            stage="source",
            total=was.size,
        )
    if was.size > IN_MEMORY_LIMIT:
        return PreparedSource(was.size, stream(path, was), None)
    held = await read_whole(path, was)
    return PreparedSource(was.size, held.data, held.md5)


def _memory(data: memoryview, size: int | None) -> PreparedSource:
    view = data.cast("B") if data.c_contiguous and data.nbytes else memoryview(data.tobytes())
    if size is not None and size != len(view):
        raise SourceError(f"the source has {len(view)} bytes, but size={size} was given", stage="source")
    if len(view) <= INLINE:
        held = bytes(view)
        return PreparedSource(len(held), held, new_md5(held).hexdigest())

    async def blocks() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(view), BLOCK):
            yield bytes(view[start : start + BLOCK])

    return PreparedSource(len(view), Streamed(len(view), blocks, name="the bytes"), None)


@frozen
class _Stream:
    """A source that is read block by block."""

    blocks: Blocks
    name: str
    size: int | None
    replayable: bool
    declared: bool
    """True if the caller gave the size and it could not be measured."""

    def ready(self, size: int, blocks: Blocks, *, replayable: bool = True) -> PreparedSource:
        """Return the stream as a prepared source."""
        body = Streamed(size, blocks, name=self.name, replayable=replayable, declared=self.declared)
        return PreparedSource(size, body, None)


async def _stream(source: Any, size: int | None, name: str) -> _Stream:
    if is_part(source):
        return _Stream(async_blocks(part_blocks(source)), name, size, replayable=False, declared=True)
    if is_async_handle(source):
        if hasattr(source, "encoding"):
            raise TypeError(text_mode(name))
        return _Stream(async_blocks(async_handle(source)), name, size, replayable=False, declared=True)
    if hasattr(source, "read"):
        return await _handle(source, size, name)
    return _iterable(source, size, name)


async def _handle(file: Any, size: int | None, name: str) -> _Stream:
    try:
        is_text = _is_text(file)
        start, left = (None, None) if is_text else await _measure(file)
    except Exception as exc:  # closed, open for writing only, or damaged compressed data
        raise unreadable_file(name, exc) from exc
    if is_text:
        raise TypeError(text_mode(name))
    if left is not None and size is not None and size > left:
        raise SourceError(f"{name} has {left} bytes left, but size={size} was given", stage="source")
    length = size if size is not None else left
    limit = length if length is not None else 1 << 62

    def blocks() -> AsyncGenerator[bytes, None]:
        return read_ahead(lambda: HandleReader(file, start, limit, name))

    return _Stream(blocks, name, length, replayable=start is not None, declared=left is None)


def _is_text(file: Any) -> bool:
    return isinstance(file, io.TextIOBase) or isinstance(file.read(0), str)


async def _measure(file: BinaryIO) -> tuple[int | None, int | None]:
    """Measure in a thread, because a compressed file is read to its end. Always restores the position."""
    measuring = asyncio.get_running_loop().run_in_executor(None, measure, file)
    try:
        return await asyncio.shield(measuring)
    except asyncio.CancelledError:
        await asyncio.wait({measuring})
        raise


def _iterable(source: Any, size: int | None, name: str) -> _Stream:
    replayable = True
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
            f"a {type(source).__name__} is not a source: pass a path, bytes, a file opened with 'rb', "
            "an (async) iterable of bytes, or a callable that returns an async iterator"
        )
    return _Stream(blocks, name, size, replayable=replayable, declared=True)
