"""Maximum size of responses, over both transports."""

import asyncio
import gzip
from collections.abc import Callable

import pytest

from coredata_async.message import Request, Send
from coredata_async.transport.http11 import decompress
from coredata_async.transport.pool import Pool
from tests.transport.aiohttp.test_exchange import failure

from .conftest import BRISK, Exchange
from .raw import Line, Play, RawServer, answers, says

pytestmark = pytest.mark.slow

MIB = 1 << 20


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set small limits."""
    monkeypatch.setattr(decompress, "BODY", 4 * MIB)


@pytest.fixture
def api(exchange: Exchange, server: RawServer, pool: Pool) -> Send:
    return exchange(pool, "api", BRISK, headers={}, base_url=server.url)


def endless(status: int) -> Play:
    async def play(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 %d Status\r\nTransfer-Encoding: chunked\r\n\r\n" % status)
        while True:
            await line.say(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    return play


def packed(status: int) -> Play:
    return answers(status, gzip.compress(bytes(64 * MIB)), Content_Encoding="gzip")


@pytest.mark.parametrize("make", [endless, packed])
@pytest.mark.parametrize("status", [302, 403, 500])
@pytest.mark.parametrize("stream", [False, True])
async def test_of_a_refusal_the_beginning_is_enough(
    server: RawServer, api: Send, make: Callable[[int], Play], status: int, stream: bool
) -> None:
    server.script.append(make(status))

    reply = await api(Request("GET", "/", stream=stream))

    assert (reply.status, reply.content) == (status, None)
    assert decompress.ERROR <= len(reply.body) < 2 * MIB
    assert (await api(Request("GET", "/"))).status == 200


@pytest.mark.parametrize("make", [endless, packed])
async def test_a_body_that_is_too_large_is_an_error(
    server: RawServer, api: Send, make: Callable[[int], Play]
) -> None:
    server.script.append(make(200))

    error = await failure(api, Request("GET", "/"))

    assert (error.reached, error.permanent) == (True, True)
    assert "the answer is too large (more than 4 MiB)" in str(error)
    assert (await api(Request("GET", "/"))).status == 200


@pytest.mark.parametrize("size", [decompress.ERROR + 1, 4 * MIB])
async def test_one_within_the_limit_is_read_whole(server: RawServer, api: Send, size: int) -> None:
    server.script += [
        answers(200, b"x" * size),
        answers(200, gzip.compress(b"x" * size), Content_Encoding="gzip"),
    ]

    for _ in range(2):
        assert (await api(Request("GET", "/"))).body == b"x" * size
    assert server.lines == 1


async def test_what_is_streamed_is_not_limited(server: RawServer, api: Send) -> None:
    server.script.append(answers(200, b"x" * (9 * MIB)))

    reply = await api(Request("GET", "/", stream=True))

    assert reply.content is not None
    assert sum([len(block) async for block in reply.content]) == 9 * MIB
    await reply.content.aclose()


async def test_the_loop_goes_on_while_much_is_unpacked(server: RawServer, api: Send) -> None:
    server.script.append(
        answers(200, gzip.compress(b"".join(b"%d," % n for n in range(500_000))), Content_Encoding="gzip")
    )
    loop, late = asyncio.get_running_loop(), list[float]()

    async def tick() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.001)
            late.append(loop.time() - before)

    ticking = asyncio.create_task(tick())
    assert len((await api(Request("GET", "/"))).body) == 3_388_890
    ticking.cancel()
    assert late


ODD = {
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "folded header": b"HTTP/1.1 200 OK\r\nX-Note: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "control character": b"HTTP/1.1 200 OK\r\nX-Note: a\x01b\r\nContent-Length: 2\r\n\r\nok",
    "spaces after a chunk's size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2  \r\nok\r\n0\r\n\r\n",
    "long Location": b"HTTP/1.1 200 OK\r\nLocation: /%s\r\nContent-Length: 2\r\n\r\nok" % (b"x" * 12_000),
    "padded gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    % (len(gzip.compress(b"ok")) + 2)
    + gzip.compress(b"ok")
    + b"\r\n",
}


@pytest.mark.parametrize("raw", ODD.values(), ids=ODD)
async def test_answers_of_old_and_odd_servers_are_read(server: RawServer, api: Send, raw: bytes) -> None:
    server.script.append(says(raw))

    assert (await api(Request("GET", "/"))).body == b"ok"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_an_empty_body_may_call_itself_packed(
    server: RawServer, api: Send, coding: str, stream: bool
) -> None:
    server.script.append(answers(200, b"", Content_Encoding=coding))

    reply = await api(Request("GET", "/", stream=stream))

    body = b"".join([block async for block in reply.content]) if reply.content else reply.body
    assert body == b""
    if reply.content:
        await reply.content.aclose()


async def test_a_header_with_a_nul_in_it_is_not_believed(server: RawServer, api: Send) -> None:
    server.script.append(says(b"HTTP/1.1 200 OK\r\nX-Note: a\0b\r\nContent-Length: 2\r\n\r\nok"))

    error = await failure(api, Request("GET", "/"))

    assert (error.reached, error.permanent) == (True, False)
