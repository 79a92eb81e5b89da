"""Fixtures: a fresh sandbox for every test, and a bare client for it."""

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api


@pytest.fixture
async def box():
    async with SandboxServer() as box:
        yield box


@pytest.fixture
async def api(box):
    async with aiohttp.ClientSession() as session:
        # aiohttp sends a PUT again on its own when a kept connection breaks: here that would hide the faults.
        session._retry_connection = False
        yield Api(box, session)
