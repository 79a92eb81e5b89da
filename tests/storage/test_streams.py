"""Open files and iterables, block by block."""

import asyncio
import errno
import io
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import aiofiles
import pytest

from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.storage.readahead import BLOCK
from coredata_async.storage.streams import (
    HandleReader,
    IterableReader,
    as_bytes,
    async_blocks,
    async_handle,
    is_async_handle,
    measure,
)

from .leaks import everything


def read_all(reader: HandleReader | IterableReader) -> list[bytes]:
    return list(iter(reader.read, b""))


def test_an_open_file_is_read_from_a_position_and_put_back() -> None:
    file = io.BytesIO(b"head" + b"x" * (BLOCK + 3))
    file.seek(4)
    reader = HandleReader(file, 4, BLOCK + 3)

    assert read_all(reader) == [b"x" * BLOCK, b"xxx"]
    reader.close()

    assert (file.tell(), file.closed) == (4, False)


def test_no_more_is_read_than_was_asked_for() -> None:
    assert read_all(HandleReader(io.BytesIO(b"abcdef"), 1, 3)) == [b"bcd"]


def test_short_reads_are_not_the_end() -> None:
    class Dribbling(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 2))

    assert b"".join(read_all(HandleReader(Dribbling(b"abcde"), 0, 5))) == b"abcde"


def test_an_open_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * (2 * BLOCK))
    with path.open("r+b") as file:
        reader = HandleReader(file, 0, 2 * BLOCK)
        reader.read()
        os.utime(path)

        with pytest.raises(SourceChangedError, match="changed while it was read"):
            reader.read()


def test_an_open_file_on_a_broken_disk_is_unreadable() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(SourceError, match=r"^report\.pdf cannot be read: .*Input/output error"):
        HandleReader(Broken(b"x"), 0, 1, "report.pdf").read()


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_pipe_in_non_blocking_mode_is_refused(buffering: int) -> None:
    outlet, inlet = os.pipe()
    os.set_blocking(outlet, False)
    os.write(inlet, b"abc")
    with os.fdopen(outlet, "rb", buffering=buffering) as file, os.fdopen(inlet, "wb"):
        reader = HandleReader(file, None, 6)
        assert reader.read() == b"abc"
        with pytest.raises(SourceError, match=r"non-blocking mode.*set_blocking"):
            reader.read()


def test_the_text_of_a_foreign_error_is_not_repeated() -> None:
    class Foreign(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise LookupError("https://storage.example/b?Signature=SECRET")

    with pytest.raises(SourceError, match=r"cannot be read: LookupError$"):
        HandleReader(Foreign(b"x"), 0, 1).read()


def test_small_items_go_together() -> None:
    assert read_all(IterableReader([b"a", b"", bytearray(b"b"), memoryview(b"c")])) == [b"abc"]


def test_empty_items_do_not_end_an_iterable() -> None:
    items = [b"", b"x" * BLOCK, b"", b"", b"y", b""]

    assert b"".join(read_all(IterableReader(items))) == b"x" * BLOCK + b"y"


@pytest.mark.parametrize("odd", ["text", 7, None, [b"a"]])
def test_an_item_that_is_not_bytes_is_refused(odd: object) -> None:
    with pytest.raises(SourceError, match=f"yielded a {type(odd).__name__} instead of bytes"):
        read_all(IterableReader([b"a", odd, b"b"]))


def test_bytes_are_copied_out_of_what_may_change() -> None:
    buffer = bytearray(b"ab")
    taken = as_bytes(buffer)
    buffer[0] = 0

    assert taken == b"ab"


def test_a_file_is_measured_from_where_it_stands() -> None:
    file = io.BytesIO(b"abcdef")
    file.seek(2)
    assert measure(file) == (2, 4)
    assert file.tell() == 2

    file.seek(9)
    assert measure(file) == (9, 0)


def test_a_pipe_cannot_be_measured() -> None:
    inlet, outlet = os.pipe()
    with os.fdopen(inlet, "rb") as file, os.fdopen(outlet, "wb"):
        assert measure(file) == (None, None)


def test_what_can_only_be_read_cannot_be_measured() -> None:
    class Plain:
        def read(self, _: int) -> bytes:
            return b""

    assert measure(Plain()) == (None, None)


async def test_async_items_come_one_by_one() -> None:
    async def items() -> AsyncGenerator[bytes, None]:
        for item in (b"a", b"", bytearray(b"b")):
            yield bytes(item)

    assert [block async for block in async_blocks(items)()] == [b"a", b"b"]


async def test_a_generator_that_is_left_early_is_closed() -> None:
    closed = []

    async def items() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            yield b"b"
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    class Reopened:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return items()

        async def aclose(self) -> None:
            raise AssertionError("only what was opened here is closed here")

    for opened in (items, Reopened):
        async with aclosing(async_blocks(opened)()) as blocks:
            await anext(blocks)

    assert closed == [True, True]


async def test_an_async_item_that_is_not_bytes_is_refused() -> None:
    async def items() -> AsyncGenerator[object, None]:
        yield "text"

    with pytest.raises(SourceError, match="yielded a str instead of bytes"):
        await everything(async_blocks(items)())


async def test_an_aiofiles_handle_is_read_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * (BLOCK + 1))

    async with aiofiles.open(path, "rb") as file:
        assert is_async_handle(file)
        assert [len(block) async for block in async_handle(file)()] == [BLOCK, 1]


def test_a_plain_file_is_not_an_async_handle() -> None:
    assert not is_async_handle(io.BytesIO())
    assert not is_async_handle(b"")
