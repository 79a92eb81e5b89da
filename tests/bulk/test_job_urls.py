"""Signed URLs in jobs: expired on arrival, expiring while a limiter holds files back, or signed otherwise."""

import sqlite3
import time
from contextlib import closing

import pytest
from attrs import evolve

from coredata_async.bulk import Effort
from tests.bulk.rig import BUSY, STEADY, check_mirrored, check_report, make_tree, some_tree
from tests.rig import some_bytes


@pytest.mark.parametrize("effort", [Effort(), evolve(STEADY, concurrency=64)], ids=["adaptive", "steady"])
async def test_urls_that_are_expired_on_arrival_end_the_run_and_leave_all_files_to_the_next(
    box, jobs, tmp_path, effort
) -> None:
    root = some_tree(tmp_path / "tree", 300)
    box.bucket.lifetime = -600

    ran = await jobs.run(root, effort=effort)

    check_report(ran)
    report = ran.report
    assert (report.ended, report.exit_code) == ("clock", 6)
    assert "expired 60" in report.message
    assert "the service's clock was" in report.message
    assert (report.counts.failed, report.counts.pending) == (0, 300)
    assert box.state.count("storage.put") <= 3 * 10
    box.bucket.lifetime = 900
    check_mirrored(box, await jobs.run(root, effort=effort), root, below=box.project, inside="tree")


@pytest.mark.parametrize("count", [1, 2])
async def test_a_job_of_few_files_reports_it_as_well(box, jobs, tmp_path, count) -> None:
    root = some_tree(tmp_path / "tree", count)
    box.bucket.lifetime = -600

    ran = await jobs.run(root)

    assert (ran.report.ended, ran.report.exit_code) == ("clock", 6)
    assert ran.report.counts.pending == count
    assert box.state.count("storage.put") == 3 * count


async def test_a_clock_that_goes_wrong_in_the_middle_ends_the_run(box, jobs, tmp_path) -> None:
    root = some_tree(tmp_path / "tree", 100)

    def on(job, event) -> None:
        if box.state.count("files.register") > 20:
            box.bucket.lifetime = -600

    ran = await jobs.run(root, on=on)

    check_report(ran)
    assert ran.report.ended == "clock"
    assert ran.report.counts.failed == 0
    box.bucket.lifetime = 900
    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


async def test_a_few_urls_that_expire_are_reserved_again(box, jobs, tree) -> None:
    box.faults.expire("storage.put", every=3, times=None)

    check_mirrored(box, await jobs.run(tree), tree, below=box.project, inside="tree")


async def test_with_a_limit_no_url_expires_and_the_job_takes_no_longer(box, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {f"d{n % 3}/{n}.bin": some_bytes(20_000, n) for n in range(60)})
    box.bucket.lifetime = 2
    began = time.monotonic()

    ran = await jobs.run(root, effort=Effort(bwlimit=400_000))

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert box.state.count("blobs.reserve") == box.state.count("storage.put") == 60
    assert 2.5 < time.monotonic() - began < 3 * 1.5 + BUSY


async def test_with_a_limit_no_url_of_a_large_file_expires(box, jobs, tmp_path) -> None:
    large = {f"{n}.bin": some_bytes(1_500_000, n) for n in range(6)}
    root = make_tree(tmp_path / "tree", {**large, **{f"{n}.txt": some_bytes(10_000, n) for n in range(20)}})
    box.bucket.lifetime = 2

    ran = await jobs.run(root, effort=Effort(bwlimit=3_000_000))

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert box.state.count("blobs.reserve") == 26


async def test_a_signature_without_content_type_costs_a_few_requests_and_no_file(box, jobs, tmp_path) -> None:
    root = some_tree(tmp_path / "tree", 60)
    box.bucket.signs_content_type = False

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert box.state.count("storage.put") <= 60 + 4


@pytest.mark.parametrize(("ago", "puts"), [(60, 1), (50_000, 2), (-86_400, 2)])
async def test_stored_bytes_are_sent_again_unless_they_are_known_to_be_young(
    box, jobs, tmp_path, ago, puts
) -> None:
    """A time in the future is of a clock that has been corrected since, so the age is unknown."""
    root = some_tree(tmp_path / "tree", 1)
    box.faults.status("files.register", 400)
    await jobs.run(root)
    with closing(sqlite3.connect(jobs.journal, isolation_level=None)) as db:
        db.execute("UPDATE item SET state = 2, unconfirmed = 0, sent = ?", (time.time() - ago,))

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert box.state.count("storage.put") == puts
