"""Fixtures: two services in one sandbox, and a client for each."""

import pytest

from coredata_async.fivepm import FivePM
from tests.archive.scene import AT_ONCE, Scene


@pytest.fixture(params=["json", "xml"])
async def scene(request, far, tmp_path):
    async with (
        FivePM(
            far.fivepm.url,
            login=far.fivepm.login,
            password=far.fivepm.password,
            format=request.param,
            retry=AT_ONCE,
        ) as pm,
        far.client(retry=AT_ONCE) as client,
    ):
        yield Scene(box=far, pm=pm, client=client, place=tmp_path / "room")
