"""A gateway that answers some registrations with 503 and Retry-After: the job and its files do not stall."""

from itertools import pairwise

import pytest
from attrs import evolve

from coredata_async.bulk import Effort, FileDelayed, Progress
from tests.bulk.rig import Jobs, check_mirrored, make_tree
from tests.rig import QUICK

FILES = 2000
SETTLE, GAP = 1.0, 0.25


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "tree", {f"d{n % 3}/{n:04}.txt": str(n).encode() for n in range(FILES)})


@pytest.mark.timeout(300)  # a stalled job takes longer: the service asks for 30 s after each of 500 failures
async def test_2000_files_of_which_every_fifth_registration_is_rejected(far, tree, tmp_path) -> None:
    far.faults.status("files.register", 503, retry_after=30, every=5, times=None)

    async with far.client(retry=evolve(QUICK, settle=SETTLE, probe_gap=GAP)) as client:
        job = await Jobs(client, far.project, tmp_path / "job.sqlite").run(tree, effort=Effort())

    check_mirrored(far, job, tree, below=far.project, inside="tree")
    lost = far.state.count("files.register") - FILES
    assert lost >= FILES // 5
    # Lookups are shared, so there are not several for each lost response.
    assert far.state.count("files.list") < lost
    progress = job.of(Progress)
    assert not [each.paused for each in progress if each.paused]
    assert sum(b.done > a.done for a, b in pairwise(progress) if a.delayed and b.delayed) >= 3
    assert job.of(FileDelayed)
