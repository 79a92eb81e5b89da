"""A scripted service and storage, over each of the two transports."""

import pytest

from tests.transfer.scripted import scripted_client


@pytest.fixture(params=["auto", "aiohttp"])
async def scripted(request):
    async with scripted_client(request.param) as scripted:
        yield scripted
