"""Fixtures: a raw server, a pool, and `Send`s of either side; leftovers are detected."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from coredata_async.config import Limits, Timeouts
from coredata_async.message import Send
from coredata_async.transport.aiohttp import exchange as over_aiohttp
from coredata_async.transport.http11 import exchange as lean
from coredata_async.transport.pool import Pool

from .raw import RawServer

CONTENT = b"0123456789abcdef" * (4 << 16)
"""Four blocks."""
BRISK = Timeouts(connect=1, pool=0.2, response=0.2, stall=0.2)


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with RawServer() as server:
        yield server


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(Limits())
    yield pool
    await pool.aclose()


Exchange = Callable[..., Send]
WAYS: dict[str, Exchange] = {"aiohttp": over_aiohttp.exchange, "lean": lean.exchange}


@pytest.fixture(params=WAYS)
def exchange(request: pytest.FixtureRequest) -> Exchange:
    """Return each of the two transports; a test that uses this runs on both."""
    return WAYS[request.param]


@pytest.fixture
def send(pool: Pool, exchange: Exchange) -> Send:
    """Return a `Send` to the storage, with short timeouts."""
    return exchange(pool, "storage", BRISK, headers={})


@pytest.fixture
def let_go(server: RawServer) -> Callable[[], AsyncIterator[None]]:
    """Return a check that no task of the client is left, and that its connection was closed."""

    async def check() -> None:
        patience = asyncio.get_running_loop().time() + 1
        while server.open or tasks(server):
            assert asyncio.get_running_loop().time() < patience, (server.open, tasks(server))
            await asyncio.sleep(0.001)

    return check


def tasks(server: RawServer) -> set[asyncio.Task[object]]:
    return asyncio.all_tasks() - {asyncio.current_task()} - server.tasks


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file that is streamed."""
    path = tmp_path / "report.pdf"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def stranger(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context
