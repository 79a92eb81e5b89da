"""Streams that are counted, hashed and checked while they are sent."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from coredata_async.errors import SourceChangedError, SourceNotReplayableError
from coredata_async.storage.bodies import INLINE, Streamed, WrappedBody
from tests.rig import md5

from .leaks import drained, everything

LARGE = b"x" * (INLINE + 1)


def blocks_of(*blocks: bytes) -> Callable[[], AsyncGenerator[bytes, None]]:
    async def give() -> AsyncGenerator[bytes, None]:
        for block in blocks:
            yield block

    return give


@pytest.mark.parametrize("blocks", [(), (b"",), (b"a",), (b"ab", b"", b"c"), (LARGE, b"a", LARGE)])
async def test_a_pass_gives_every_byte_and_their_digest(blocks: tuple[bytes, ...]) -> None:
    whole = b"".join(blocks)
    body = Streamed(len(whole), blocks_of(*blocks), name="x")

    assert await everything(body.chunks()) == whole
    assert (body.sent, body.md5) == (len(whole), hashlib.md5(whole).hexdigest())


async def test_a_second_pass_begins_again() -> None:
    body = Streamed(3, blocks_of(b"ab", b"c"), name="x")
    async with aclosing(body.chunks()) as first:
        await anext(first)
    assert body.md5 is None

    assert await everything(body.chunks()) == b"abc"
    assert (body.sent, body.md5, body.replayable) == (3, md5(b"abc"), True)


async def test_a_pass_that_stops_early_has_no_digest() -> None:
    body = Streamed(3, blocks_of(b"ab", b"c"), name="x")
    await everything(body.chunks())

    async with aclosing(body.chunks()) as again:
        await anext(again)

    assert body.md5 is None


@pytest.mark.parametrize(("size", "how"), [(2, "more"), (4, "fewer"), (0, "more")])
async def test_another_length_than_announced_is_a_change(size: int, how: str) -> None:
    body = Streamed(size, blocks_of(b"ab", b"c"), name="report.pdf")

    with pytest.raises(SourceChangedError, match=rf"report\.pdf yields {how} bytes than the {size}"):
        await everything(body.chunks())

    assert body.md5 is None


async def test_what_is_too_much_is_never_given() -> None:
    given: list[bytes] = []

    with pytest.raises(SourceChangedError) as caught:
        await drained(Streamed(3, blocks_of(b"ab", b"cd"), name="x").chunks(), given)

    assert (given, caught.value.sent, caught.value.total) == ([], 0, 3)


async def test_the_last_block_leaves_when_the_source_has_ended_and_the_digest_is_known() -> None:
    body = Streamed(3, blocks_of(b"ab", b"c"), name="x")

    async with aclosing(body.chunks()) as blocks:
        await anext(blocks)
        assert body.md5 is None
        await anext(blocks)  # a storage may answer now, and the pass be cancelled

    assert (body.md5, body.sent) == (md5(b"abc"), 3)


async def test_a_source_that_can_be_read_once_is_read_once() -> None:
    body = Streamed(1, blocks_of(b"a"), name="a generator", replayable=False)
    assert body.replayable
    await everything(body.chunks())

    assert not body.replayable
    with pytest.raises(SourceNotReplayableError, match=r"a generator.*pass a path"):
        await everything(body.chunks())


async def test_progress_is_reported_after_each_block_and_with_the_last() -> None:
    body, reported = Streamed(3, blocks_of(b"ab", b"c"), name="x"), list[int]()
    body.on_sent = reported.append

    async with aclosing(body.chunks()) as blocks:
        await anext(blocks)
        assert reported == []
        await anext(blocks)
        assert reported == [2, 3]
        assert await anext(blocks, None) is None

    assert reported == [2, 3]


async def test_progress_may_be_passed_to_a_coroutine() -> None:
    body, reported = Streamed(3, blocks_of(b"ab", b"c"), name="x"), list[int]()

    async def report(sent: int) -> None:
        await asyncio.sleep(0)
        reported.append(sent)

    body.on_sent = report
    await everything(body.chunks())

    assert reported == [2, 3]


async def test_the_source_is_closed_with_the_pass() -> None:
    closed = []

    async def give() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append(True)

    async with aclosing(Streamed(2, give, name="x").chunks()) as blocks:
        await anext(blocks)

    assert closed == [True]


async def test_a_digest_made_elsewhere_is_taken() -> None:
    body = Streamed(1, blocks_of(b"a"), name="x", hashed_by=lambda: "feed")
    await everything(body.chunks())

    assert body.md5 == "feed"


async def test_a_framed_body_is_as_long_as_its_three_parts() -> None:
    inner = Streamed(3, blocks_of(b"ab", b"c"), name="x", replayable=False)
    framed = WrappedBody(b"<<", inner, b">>>")

    assert (framed.size, framed.replayable) == (8, True)
    assert await everything(framed.chunks()) == b"<<abc>>>"
    assert (inner.md5, framed.replayable) == (md5(b"abc"), False)


async def test_a_framed_body_has_no_tail_if_its_content_is_short() -> None:
    given: list[bytes] = []

    with pytest.raises(SourceChangedError):
        await drained(WrappedBody(b"<", Streamed(2, blocks_of(b"a"), name="x"), b">").chunks(), given)

    assert given == [b"<"]
