"""Fixtures: a fresh 5pm for every test, with a clock of the test's own, and a bare client for it."""

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .service import Clock, Service


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def box(clock):
    async with SandboxServer(clock=clock) as box:
        yield box


@pytest.fixture
async def pm(box):
    async with aiohttp.ClientSession() as session:
        yield Service(box.fivepm, session)
