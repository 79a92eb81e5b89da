"""Connections to the service discard unsent bytes when they are closed; see also `test_cut_line`."""

import asyncio
from collections.abc import Callable

import aiohttp
import pytest

from coredata_async.config import Limits
from coredata_async.errors import APITimeoutError, CoreDataError
from coredata_async.message import Request, Send
from coredata_async.transport.aiohttp import exchange as over_aiohttp
from coredata_async.transport.pool import Pool

from .conftest import BRISK, Exchange
from .raw import Line, RawServer

REGISTER = Request("POST", "/api/v2/files/", body=b"{}")
WITHOUT_BODY = Request("POST", "/api/v2/tasks/7/close/")


@pytest.fixture
def api(exchange: Exchange, server: RawServer, pool: Pool) -> Send:
    return exchange(pool, "api", BRISK, headers={}, base_url=server.url)


@pytest.fixture
def ends(server: RawServer) -> asyncio.Queue[str]:
    """Return the ends of connections on which a request is never answered."""
    ends: asyncio.Queue[str] = asyncio.Queue()

    async def silent(line: Line) -> None:
        await line.request()
        try:
            await line.gone()
            ends.put_nowait("closed")
        except ConnectionResetError:
            ends.put_nowait("reset")
            raise

    server.script.extend([silent] * 4)
    return ends


async def ended(ends: asyncio.Queue[str]) -> str:
    async with asyncio.timeout(2):
        return await ends.get()


async def until_received(server: RawServer) -> None:
    async with asyncio.timeout(2):
        while not server.seen:  # noqa: ASYNC110  # the raw server cannot notify the test
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("request_", [REGISTER, WITHOUT_BODY], ids=["with a body", "without"])
async def test_a_request_that_timed_out_resets_its_connection(
    api: Send, ends: asyncio.Queue[str], request_: Request
) -> None:
    with pytest.raises(APITimeoutError):
        await api(request_)
    assert await ended(ends) == "reset"


async def test_a_request_that_was_cancelled_resets_its_connection(
    api: Send, server: RawServer, ends: asyncio.Queue[str]
) -> None:
    sending = asyncio.ensure_future(api(REGISTER))
    await until_received(server)
    sending.cancel()
    await asyncio.wait({sending})
    assert await ended(ends) == "reset"


async def test_closing_under_a_request_resets_its_connection(
    api: Send, server: RawServer, pool: Pool, ends: asyncio.Queue[str]
) -> None:
    sending = asyncio.ensure_future(api(REGISTER))
    await until_received(server)
    await pool.aclose()
    assert await ended(ends) == "reset"
    with pytest.raises(CoreDataError):
        await sending


async def test_a_session_of_the_user_resets_its_connection_too(
    server: RawServer, ends: asyncio.Queue[str]
) -> None:
    async with aiohttp.ClientSession() as session:
        pool = Pool(Limits(), api=session)
        send = over_aiohttp.exchange(pool, "api", BRISK, headers={}, base_url=server.url)
        with pytest.raises(APITimeoutError):
            await send(REGISTER)
        assert await ended(ends) == "reset"


async def test_closing_does_not_wait_for_a_server_that_takes_nothing(
    exchange: Exchange, server: RawServer, pool: Pool, let_go: Callable[[], asyncio.Future[None]]
) -> None:
    async def deaf(line: Line) -> None:
        await line.head()
        await asyncio.sleep(0.5)
        await line.gone()

    server.script.append(deaf)
    send = exchange(pool, "api", BRISK, headers={}, base_url=server.url)
    sending = asyncio.ensure_future(send(Request("POST", "/api/v2/files/", body=bytes(16 << 20))))
    await until_received(server)
    async with asyncio.timeout(0.4):
        await pool.aclose()
    with pytest.raises(CoreDataError):
        await sending
