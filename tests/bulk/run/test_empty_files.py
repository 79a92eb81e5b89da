"""Empty files on a storage or a reservation that refuses them."""

from pathlib import Path

import pytest
from attrs import evolve

from coredata_async.bulk import FileDelayed, FileDone
from tests.bulk.rig import STEADY, check_mirrored, check_report, files_twice, make_tree, some_tree
from tests.rig import QUICK

REFUSING = pytest.mark.parametrize("step", ["reserve", "put"])


def a_tree(root: Path, empty: int = 60, others: int = 60) -> Path:
    some_tree(root, others)
    return make_tree(root, {f"a{n % 3}/empty{n:03}.txt": b"" for n in range(empty)})


@REFUSING
async def test_they_are_sent_to_the_service_itself(box, jobs, tmp_path, step) -> None:
    root = a_tree(tmp_path / "tree")
    box.bucket.refuses_empty = step

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert box.state.count("files.create") == 60
    assert (
        box.state.count("blobs.reserve") <= 60 + STEADY.concurrency
    )  # the others used the first one's result


@REFUSING
async def test_if_the_service_refuses_them_too_only_they_fail(box, jobs, tmp_path, step) -> None:
    root = a_tree(tmp_path / "tree")
    box.bucket.refuses_empty = step
    box.faults.status("files.create", 400, times=None)

    ran = await jobs.run(root)

    check_report(ran)
    assert (ran.report.ended, ran.report.exit_code) == ("complete", 1)
    assert (ran.report.counts.done, ran.report.counts.failed) == (60, 60)
    assert box.state.count("files.create") == 1
    box.faults.clear()
    check_mirrored(box, await jobs.run(root), root, below=box.project, inside="tree")


async def test_empty_files_alone_that_are_refused_end_as_failed(box, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {f"{n}.txt": b"" for n in range(10)})
    box.bucket.refuses_empty = "put"
    box.faults.status("files.create", 400, times=None)

    ran = await jobs.run(root)

    assert (ran.report.ended, ran.report.counts.failed) == ("complete", 10)


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "commit_late"])
async def test_a_lost_response_creates_no_duplicate(box, client, jobs, tmp_path, fault) -> None:
    root = a_tree(tmp_path / "tree", 9, 3)
    box.bucket.refuses_empty = "put"
    jobs.client = client.with_options(retry=evolve(QUICK, settle=0.3, probe_gap=0.1))
    more = (0.2,) if fault == "commit_late" else ()
    getattr(box.faults, fault)("files.create", *more, every=2, times=4)

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")


@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
async def test_a_resumed_run_looks_up_what_was_sent(box, client, jobs, tmp_path, fault) -> None:
    root = a_tree(tmp_path / "tree", 5, 2)
    box.bucket.refuses_empty = "reserve"
    jobs.client = client.with_options(retry=evolve(QUICK, settle=0.3, probe_gap=0.1))
    getattr(box.faults, fault)("files.create", times=None)
    box.faults.delay("files.list", 5, times=None)

    first = await jobs.run(root, on=lambda job, event: job.stop() if isinstance(event, FileDelayed) else None)
    box.faults.clear()
    second = await jobs.run(root)

    assert first.report.ended == "stopped"
    check_mirrored(box, second, root, below=box.project, inside="tree")
    assert not files_twice(box)


async def test_a_transient_failure_of_the_service_proves_nothing(box, jobs, tmp_path) -> None:
    root = a_tree(tmp_path / "tree", 6, 0)
    box.bucket.refuses_empty = "put"
    box.faults.status("files.create", 429, times=8)

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert len(ran.of(FileDone)) == 6
