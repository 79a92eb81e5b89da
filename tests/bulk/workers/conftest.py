"""Jobs over two processes, against a sandbox in a thread of its own."""

import pytest

from tests.bulk.rig import Jobs
from tests.bulk.workers.rig import SOON


@pytest.fixture
async def soon(far):
    async with far.client(retry=SOON) as client:
        yield client


@pytest.fixture
def many_jobs(far, soon, tmp_path):
    """Jobs whose lost answers are looked for after a moment."""
    return Jobs(soon, far.project, tmp_path / "job.sqlite")
