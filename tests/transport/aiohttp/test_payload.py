"""The body as passed to aiohttp."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter

from coredata_async.storage.bodies import Streamed
from coredata_async.transport.aiohttp.payload import BodyPayload


class Written(AbstractStreamWriter):
    """Stores written bytes; with `hangs`, it accepts none."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.got: list[bytes] = []
        self.hangs = hangs

    async def write(self, chunk: bytes) -> None:  # type: ignore[override]
        if self.hangs:
            await asyncio.Event().wait()
        self.got.append(chunk)

    async def write_eof(self, chunk: bytes = b"") -> None: ...
    async def drain(self) -> None: ...
    def enable_compression(self, *_: object) -> None: ...  # type: ignore[override]
    def enable_chunking(self) -> None: ...
    async def write_headers(self, *_: object) -> None: ...  # type: ignore[override]


async def three() -> AsyncGenerator[bytes, None]:
    for block in (b"a", b"b", b"c"):
        yield block


async def test_every_write_reads_the_source_from_its_beginning() -> None:
    payload, writer = BodyPayload(Streamed(3, three, name="x"), None), Written()

    await payload.write_with_length(writer, 3)
    await payload.write(writer)

    assert writer.got == [b"a", b"b", b"c"] * 2
    assert payload.size == 3


async def test_it_is_consumed_when_its_source_is() -> None:
    again, once = (BodyPayload(Streamed(3, three, name="x", replayable=each), None) for each in (True, False))
    assert not once.consumed

    for payload in (again, once):
        await payload.write(Written())

    assert (again.consumed, once.consumed) == (False, True)


def test_it_is_never_made_into_text() -> None:
    with pytest.raises(TypeError):
        BodyPayload(Streamed(3, three, name="x"), None).decode()


async def test_a_failure_of_the_source_is_kept_until_the_next_write() -> None:
    broken = [True]

    async def give() -> AsyncGenerator[bytes, None]:
        if broken:
            broken.clear()
            raise ZeroDivisionError
        yield b"a"

    payload = BodyPayload(Streamed(1, give, name="x"), None)
    with pytest.raises(ZeroDivisionError):
        await payload.write(Written())
    assert isinstance(payload.failure, ZeroDivisionError)

    await payload.write(Written())
    assert (payload.failure, payload.stalled) == (None, False)


async def test_an_end_that_takes_nothing_is_a_stall_and_no_failure() -> None:
    payload = BodyPayload(Streamed(3, three, name="x"), 0.01)

    with pytest.raises(TimeoutError):
        await payload.write(Written(hangs=True))

    assert (payload.failure, payload.stalled) == (None, True)


class Trickle(StreamWriter):
    """A connection that accepts a little each time its buffer is read, until it accepts nothing more."""

    def __init__(self, waiting: list[int]) -> None:
        self.waiting = waiting

    @property
    def transport(self) -> "Trickle":  # type: ignore[override]
        return self

    def get_write_buffer_size(self) -> int:
        return self.waiting.pop(0)

    def abort(self) -> None: ...

    async def write(self, chunk: bytes) -> None:  # type: ignore[override]
        while self.waiting:  # noqa: ASYNC110  # no event signals that it is empty
            await asyncio.sleep(0)


async def test_a_slow_line_is_not_a_stall_as_long_as_some_of_a_block_goes() -> None:
    payload = BodyPayload(Streamed(3, three, name="x"), 0.01)

    await payload.write(Trickle([1, 0]))

    assert payload.stalled is False


async def test_a_line_that_takes_no_more_of_a_block_is_a_stall() -> None:
    payload = BodyPayload(Streamed(3, three, name="x"), 0.01)

    with pytest.raises(TimeoutError):
        await payload.write(Trickle([1, 1, 1]))

    assert payload.stalled is True


async def test_a_slow_source_is_not_a_stall() -> None:
    async def slow() -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(0.05)
        yield b"a"

    payload, writer = BodyPayload(Streamed(1, slow, name="x"), 0.01), Written()
    await payload.write(writer)

    assert (writer.got, payload.stalled) == ([b"a"], False)


async def test_it_is_settled_when_no_write_is_in_flight() -> None:
    over = []

    async def slow_to_close() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            yield b"b"
        finally:
            await asyncio.sleep(0.01)
            over.append(True)

    payload = BodyPayload(Streamed(2, slow_to_close, name="x"), None)
    await payload.wait_written()
    write = asyncio.create_task(payload.write(Written(hangs=True)))
    await asyncio.sleep(0)
    write.cancel()

    await payload.wait_written()

    assert over == [True]
    await asyncio.wait({write})
