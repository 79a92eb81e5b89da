"""Early ends of jobs: drained, stopped at once, or by an error; all of them can be resumed."""

import asyncio
import time
from contextlib import suppress

import pytest

from coredata_async.bulk import Effort, FileDone, Progress
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.errors import ConfigurationError, JournalInUseError
from tests.bulk.rig import BUSY, check_mirrored, check_report, some_tree, until
from tests.rig import cancelled_at


async def test_a_stop_before_the_beginning_takes_effect(box, jobs, tree) -> None:
    async with jobs.job(tree) as job:
        job.stop()
        async for _ in job:
            pass

    assert job.report.ended == "stopped"
    assert not box.state.files


async def test_a_drain_before_the_beginning_takes_effect(box, jobs, tree) -> None:
    async with jobs.job(tree) as job:
        job.drain()
        async for _ in job:
            pass

    assert job.report.ended == "drained"
    assert not box.state.files


async def test_an_early_exit_leaves_nothing_behind(far, far_jobs, tmp_path, left_over) -> None:
    root = some_tree(tmp_path / "tree", 60)
    async with far_jobs.job(root) as job:
        async for event in job:
            if isinstance(event, FileDone):
                break

    assert left_over() == {}
    ran = await far_jobs.run(root)
    check_mirrored(far, ran, root, below=far.project, inside="tree")


@pytest.mark.parametrize(
    "where", ["storage.put", "blobs.reserve", "files.register", "folders.create", "folders.list"]
)
async def test_stop_takes_less_than_two_seconds_if_any_request_hangs(
    far, far_jobs, tmp_path, left_over, where
) -> None:
    root = some_tree(tmp_path / "tree", 60)
    far.faults.delay(where, 60, times=None)
    async with far_jobs.job(root) as job:
        await until(lambda: far.state.count(where))
        began = time.monotonic()
        job.stop()
        async for _ in job:
            pass

    assert time.monotonic() - began < 2 + BUSY
    assert job.report.ended == "stopped"
    assert job.report.adds_up
    assert left_over() == {}
    far.faults.clear()
    ran = await far_jobs.run(root)
    check_mirrored(far, ran, root, below=far.project, inside="tree")


async def test_a_drain_finishes_files_in_flight_and_the_job_resumes(
    far, far_jobs, tmp_path, left_over
) -> None:
    root = some_tree(tmp_path / "tree", 300)
    seen = 0

    def drain(job, event):
        nonlocal seen
        seen += isinstance(event, Progress)
        if seen and len(far.state.files) > 20:
            job.drain()

    far.faults.delay("storage.put", 0.05, times=None)
    ran = await far_jobs.run(root, on=drain)

    assert ran.report.ended == "drained"
    check_report(ran)
    assert 0 < len(far.state.files) < 300
    assert ran.report.exit_code == 130
    assert not ran.report.unresolved
    assert left_over() == {}
    far.faults.clear()
    again = await far_jobs.run(root)
    check_mirrored(far, again, root, below=far.project, inside="tree")
    assert not again.report.orphans


async def test_drain_waits_for_its_timeout_at_most(far, far_jobs, tree) -> None:
    far.faults.stall("storage.put", times=None)
    began = 0.0
    async with far_jobs.job(tree, effort=Effort(adaptive=False, concurrency=4, drain=0.5)) as job:
        await until(lambda: far.state.count("storage.put"))
        began = time.monotonic()
        job.drain()
        async for _ in job:
            pass

    assert 0.4 < time.monotonic() - began < 2 + BUSY
    assert job.report.ended == "drained"
    assert job.report.adds_up


async def test_stop_ends_a_drain(far, far_jobs, tree) -> None:
    far.faults.stall("storage.put", times=None)
    async with far_jobs.job(tree) as job:
        await until(lambda: far.state.count("storage.put"))
        job.drain()
        await asyncio.sleep(0.05)
        began = time.monotonic()
        job.stop()
        async for _ in job:
            pass

    assert time.monotonic() - began < 2 + BUSY
    assert job.report.adds_up


async def test_a_cancelled_listener_leaves_nothing_and_a_job_that_resumes(
    far, far_jobs, tmp_path, left_over
) -> None:
    root = some_tree(tmp_path / "tree", 60)
    far.faults.delay("storage.put", 0.05, times=None)
    task = asyncio.create_task(far_jobs.run(root))
    await until(lambda: far.state.files)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert left_over() == {}
    far.faults.clear()
    ran = await far_jobs.run(root)
    check_mirrored(far, ran, root, below=far.project, inside="tree")


async def test_an_exception_of_a_listener_is_raised_and_the_job_resumes(
    far, far_jobs, tmp_path, left_over
) -> None:
    root = some_tree(tmp_path / "tree", 60)

    def bad(job, event):
        if isinstance(event, FileDone):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await far_jobs.run(root, on=bad)

    assert left_over() == {}
    ran = await far_jobs.run(root)
    check_mirrored(far, ran, root, below=far.project, inside="tree")


async def test_a_listener_without_reads_delays_the_job_but_can_leave(
    far, far_jobs, tmp_path, left_over
) -> None:
    root = some_tree(tmp_path / "tree", 500)
    async with far_jobs.job(root):
        await until(lambda: len(far.state.files) > 300)

    assert left_over() == {}
    ran = await far_jobs.run(root)
    check_mirrored(far, ran, root, below=far.project, inside="tree")


async def test_max_duration_drains_the_job(far, far_jobs, tmp_path) -> None:
    root = some_tree(tmp_path / "tree", 200)
    far.faults.delay("storage.put", 0.1, times=None)
    ran = await far_jobs.run(root, effort=Effort(adaptive=False, concurrency=4, max_duration=0.5))

    assert ran.report.ended == "time"
    assert ran.report.exit_code == 10
    check_report(ran)
    far.faults.clear()
    check_mirrored(far, await far_jobs.run(root), root, below=far.project, inside="tree")


async def test_a_job_is_refused_while_another_has_its_journal(far, far_jobs, tree) -> None:
    async with far_jobs.job(tree) as first:
        with pytest.raises(ConfigurationError, match="in use by this process"):
            await far_jobs.run(tree)
        async for _ in first:
            pass
    assert first.report.exit_code == 0


async def test_a_full_disk_is_reported_as_such_and_the_job_resumes(
    far, far_jobs, tmp_path, left_over
) -> None:
    root = some_tree(tmp_path / "tree", 600)
    job = far_jobs.job(root)

    async def until_full() -> None:
        async with job:
            await job._job_run.journal.read(lambda db: db.execute("PRAGMA max_page_count = 40").fetchall())
            async for _ in job:
                pass

    with pytest.raises(JournalError, match="disk is full"):
        await until_full()

    assert left_over() == {}
    ran = await far_jobs.run(root)
    check_mirrored(far, ran, root, below=far.project, inside="tree")


async def test_a_journal_that_fails_at_the_start_is_reported(far, far_jobs, tree) -> None:
    async with far_jobs.job(tree) as job:
        job._job_run.journal._writer._cause = OSError("gone")
        with pytest.raises(JournalError):
            await anext(job)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.3])
async def test_a_job_that_is_cancelled_again_while_it_ends_releases_its_journal(
    far, far_jobs, tree, seconds
) -> None:
    far.faults.delay("storage.put", 0.2, times=None)
    running = asyncio.create_task(far_jobs.run(tree))
    await asyncio.sleep(seconds)
    for _ in range(3):
        running.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await running
    far.faults.clear()

    async def resumed():
        with suppress(JournalInUseError):
            return await far_jobs.run(tree)

    ran = None
    async with asyncio.timeout(10):
        while ran is None:
            ran = await resumed()
            await asyncio.sleep(0.05)
    check_mirrored(far, ran, tree, below=far.project, inside="tree")


async def test_a_job_that_is_cancelled_anywhere_leaves_nothing_and_resumes(
    far, far_jobs, tree, left_over
) -> None:
    for steps in (*range(0, 60, 4), *range(60, 600, 60), *range(600, 20_000, 1_500)):
        complete = await cancelled_at(steps, lambda: far_jobs.run(tree))
        assert left_over() == {}, steps
        if complete:
            break

    check_mirrored(far, await far_jobs.run(tree), tree, below=far.project, inside="tree")
