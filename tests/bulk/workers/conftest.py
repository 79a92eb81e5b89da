"""Jobs over two processes, with a sandbox in a thread."""

import pytest

from tests.bulk.rig import Jobs
from tests.bulk.workers.rig import SOON


@pytest.fixture
async def soon(far):
    async with far.client(retry=SOON) as client:
        yield client


@pytest.fixture
def many_jobs(far, soon, tmp_path):
    """Jobs that look up lost responses after a moment."""
    return Jobs(soon, far.project, tmp_path / "job.sqlite")
