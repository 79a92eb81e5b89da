"""A gateway that answers some registrations with 503 and Retry-After: the job and its files do not stall."""

import time
from itertools import pairwise

import pytest
from attrs import evolve, frozen

from coredata_async.bulk import Effort, FileDelayed, Progress
from coredata_async.sandbox import SandboxThread
from tests.bulk.rig import Jobs, Ran, check_mirrored, make_tree
from tests.rig import QUICK

FILES = 2000
SETTLE, GAP = 1.0, 0.25
PERIOD = SETTLE + GAP
NOISE = 15.0
"""Seconds that other tests on the machine may add. A stalled job takes many minutes."""


@frozen
class Took:
    ran: Ran
    seconds: float


async def took(far, journal, tree) -> Took:
    async with far.client(retry=evolve(QUICK, settle=SETTLE, probe_gap=GAP)) as client:
        began = time.monotonic()
        ran = await Jobs(client, far.project, journal).run(tree, effort=Effort())
    return Took(ran, time.monotonic() - began)


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "tree", {f"d{n % 3}/{n:04}.txt": str(n).encode() for n in range(FILES)})


@pytest.mark.timeout(300)
async def test_2000_files_of_which_every_fifth_registration_is_rejected(far, tree, tmp_path) -> None:
    with SandboxThread() as quiet:
        plain = await took(quiet, tmp_path / "plain.sqlite", tree)
    far.faults.status("files.register", 503, retry_after=30, every=5, times=None)

    job = await took(far, tmp_path / "job.sqlite", tree)

    check_mirrored(far, job.ran, tree, below=far.project, inside="tree")
    lost = far.state.count("files.register") - FILES
    assert lost >= FILES // 5
    # A few settle periods: a fifth of a fifth is lost again, four or five times.
    assert job.seconds < 1.3 * plain.seconds + 5 * PERIOD + NOISE
    # Lookups are shared, so there are not several for each lost response.
    assert far.state.count("files.list") < lost
    progress = job.ran.of(Progress)
    assert not [each.paused for each in progress if each.paused]
    assert sum(b.done > a.done for a, b in pairwise(progress) if a.delayed and b.delayed) >= 3
    assert job.ran.of(FileDelayed)
