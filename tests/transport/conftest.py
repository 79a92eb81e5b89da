"""A raw server, a pool, and `Send`s of either side; what is left over is noticed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from coredata_async.config import Limits, Timeouts
from coredata_async.message import Send
from coredata_async.transport.exchange import exchange
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


@pytest.fixture
def send(pool: Pool) -> Send:
    """To the storage, with little patience."""
    return exchange(pool, "storage", BRISK, headers={})


@pytest.fixture
def let_go(server: RawServer) -> Callable[[], AsyncIterator[None]]:
    """A check that no task of the client is left, and that the server has seen its connection closed."""

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
    """A file that is streamed."""
    path = tmp_path / "report.pdf"
    path.write_bytes(CONTENT)
    return path
