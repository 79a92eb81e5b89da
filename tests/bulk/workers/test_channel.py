"""Frames: several messages in each, complete or in pieces, and the detection of the end."""

import asyncio
import marshal
import socket
from contextlib import asynccontextmanager

import pytest

from coredata_async.bulk.workers.channel import MAX_FRAME, Channel
from tests.bulk.rig import until


@asynccontextmanager
async def pair(took, other=lambda _: None, **options):
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    _, first = await loop.create_unix_connection(lambda: Channel(other, **options), sock=here)
    _, second = await loop.create_unix_connection(lambda: Channel(took), sock=there)
    try:
        yield first, second
    finally:
        first.close()
        second.close()
        await asyncio.gather(first.ended.wait(), second.ended.wait())


async def arrived(found: list, count: int) -> None:
    async with asyncio.timeout(5):
        await until(lambda: len(found) >= count)


async def test_messages_arrive_in_order_and_unchanged() -> None:
    found: list = []
    async with pair(found.append) as (line, _):
        line.send(["store", 1, "na\u00efve \udcff\n", 3.5, None, True, ["a"]])
        line.send(["register", 2])
        await arrived(found, 2)

    assert found == [["store", 1, "na\u00efve \udcff\n", 3.5, None, True, ["a"]], ["register", 2]]


async def test_messages_of_one_turn_are_one_write_and_the_trailer_is_last() -> None:
    found: list = []
    counts = iter([["counts", 1], None])
    async with pair(found.append, trailer=lambda: next(counts)) as (line, _):
        line.send(["a"])
        line.send(["b"])
        await arrived(found, 3)
        line.send(["c"])
        await arrived(found, 4)

    assert found == [["a"], ["b"], ["counts", 1], ["c"]]


async def test_a_frame_that_arrives_byte_by_byte_is_joined() -> None:
    found: list = []
    line = Channel(found.append)
    data = marshal.dumps([["a"], ["b", 1]])

    for byte in len(data).to_bytes(4, "big") + data:
        line.data_received(bytes([byte]))

    assert found == [["a"], ["b", 1]]


class Foreign:
    """Transport of another event loop, like uvloop's, which is not an `asyncio.Transport`."""

    written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


async def test_any_transport_is_accepted() -> None:
    line, transport = Channel(lambda _: None), Foreign()
    line.connection_made(transport)
    line.send(["a"])
    await asyncio.sleep(0)

    assert marshal.loads(transport.written[4:]) == [["a"]]


async def test_the_close_of_the_other_end_is_detected_and_nothing_is_sent_to_it() -> None:
    async with pair(lambda _: None) as (line, other):
        other.close()
        async with asyncio.timeout(5):
            await line.ended.wait()
        line.send(["too late"])
        await asyncio.sleep(0)


async def test_a_frame_above_the_maximum_closes_the_channel() -> None:
    found: list = []
    async with pair(found.append) as (line, other):
        other._transport.write((MAX_FRAME + 1).to_bytes(4, "big"))
        async with asyncio.timeout(5):
            await line.ended.wait()

    assert found == []


@pytest.mark.parametrize("alien", [b"", b"[", b"{}x"])
async def test_invalid_frames_are_errors(alien) -> None:
    line = Channel(lambda _: None)
    with pytest.raises((ValueError, EOFError, TypeError)):
        line.data_received(len(alien).to_bytes(4, "big") + alien)
