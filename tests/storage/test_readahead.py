"""The thread that reads ahead: complete, bounded, and ended afterwards."""

import asyncio
import threading
from contextlib import aclosing

import pytest

from coredata_async.errors import SourceError
from coredata_async.storage.readahead import AHEAD, BLOCK, read_ahead

from .leaks import cancelled_after, drained, everything, nothing_left, until


class Cut:
    """Reads bytes in blocks, and records the calls."""

    def __init__(self, whole: bytes, block: int = BLOCK) -> None:
        self.blocks = [whole[start : start + block] for start in range(0, len(whole), block)]
        self.reads = 0
        self.closed = 0
        self.thread: threading.Thread | None = None

    def read(self) -> bytes:
        self.thread = threading.current_thread()
        self.reads += 1
        return self.blocks[self.reads - 1] if self.reads <= len(self.blocks) else b""

    def close(self) -> None:
        self.closed += 1


class Broken(Cut):
    def read(self) -> bytes:
        if self.reads == 2:
            raise OSError("the disk is on fire")
        return super().read()


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 4 * BLOCK + 7])
async def test_the_bytes_are_those_of_the_source(size: int) -> None:
    whole = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    reader = Cut(whole)

    with nothing_left():
        assert await everything(read_ahead(lambda: reader)) == whole

    assert reader.closed == 1
    assert reader.thread is not threading.current_thread()


async def test_a_slow_consumer_holds_the_reader_back() -> None:
    reader, taken = Cut(b"x" * 20, block=1), 0

    async with aclosing(read_ahead(lambda: reader)) as blocks:
        async for _ in blocks:
            await asyncio.sleep(0.002)  # time enough to read too much
            assert reader.reads <= taken + AHEAD
            taken += 1

    assert taken == 20


async def test_the_reader_is_ahead_of_its_consumer() -> None:
    reader = Cut(b"x" * 20, block=1)

    async with aclosing(read_ahead(lambda: reader)) as blocks:
        await anext(blocks)
        await until(lambda: reader.reads == AHEAD)


async def test_an_error_comes_after_the_blocks_before_it() -> None:
    reader, taken = Broken(b"abc", block=1), list[bytes]()

    with nothing_left(), pytest.raises(OSError, match="on fire"):
        await drained(read_ahead(lambda: reader), taken)

    assert (taken, reader.closed) == ([b"a", b"b"], 1)


async def test_a_source_that_does_not_open_fails_where_it_is_wanted() -> None:
    def shut() -> Cut:
        raise PermissionError("locked")

    with nothing_left(), pytest.raises(PermissionError, match="locked"):
        await everything(read_ahead(shut))


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
async def test_an_exit_of_the_thread_is_an_error_and_not_an_endless_wait(kind: type[BaseException]) -> None:
    class Leaving(Cut):
        def read(self) -> bytes:
            raise kind

    with nothing_left(), pytest.raises(SourceError, match=kind.__name__):
        await asyncio.wait_for(everything(read_ahead(lambda: Leaving(b""))), 1)


@pytest.mark.parametrize("taken", [0, 1, 3])
async def test_closing_early_closes_the_source(taken: int) -> None:
    reader = Cut(b"x" * 20, block=1)

    with nothing_left():
        async with aclosing(read_ahead(lambda: reader)) as blocks:
            for _ in range(taken):
                await anext(blocks)

    assert reader.closed == (1 if taken else 0)


async def test_a_consumer_that_fails_closes_the_source() -> None:
    reader = Cut(b"x" * 20, block=1)

    with nothing_left(), pytest.raises(ZeroDivisionError):
        await drained(read_ahead(lambda: reader), [], then=lambda: 1 / 0)

    assert reader.closed == 1


@pytest.mark.parametrize("steps", range(40))
async def test_a_cancellation_at_any_await_closes_the_source(steps: int) -> None:
    readers: list[Cut] = []

    def opened() -> Cut:
        readers.append(Cut(b"x" * 6, block=1))
        return readers[-1]

    async def consume() -> None:
        async with aclosing(read_ahead(opened)) as blocks:
            async for _ in blocks:
                await asyncio.sleep(0)

    with nothing_left():
        await cancelled_after(steps, consume())

    assert [each.closed for each in readers] in ([1], [])


async def test_every_block_is_an_object_of_its_own() -> None:
    reader = Cut(b"ab" * 10, block=2)

    async with aclosing(read_ahead(lambda: reader)) as blocks:
        kept = [block async for block in blocks]

    assert kept == [b"ab"] * 10
    assert len({id(block) for block in kept}) == 10


def test_a_loop_that_ends_first_leaves_no_thread_reading() -> None:
    reader = Cut(b"x" * 20, block=1)

    async def begin() -> object:
        blocks = read_ahead(lambda: reader)
        await anext(blocks)
        return blocks

    with nothing_left():
        asyncio.run(begin())  # which closes what is left of generators

    assert reader.closed == 1
