"""The six promises of `.docs/bulk.md`, with a test or more for each. P3 under SIGKILL is in `crash/`."""

import gc
import os
import tracemalloc
from collections import Counter
from unicodedata import normalize

import pytest
from attrs import evolve

from coredata_async.bulk import FileDone, FileFailed, FileSkipped, FileUnresolved, Reason, Scanned
from tests.bulk.rig import Jobs, check_mirrored, check_report, files_twice, make_tree, policy, remote_truth
from tests.bulk.test_job_sources import MIB, appended, renamed_over, same_size, touched, truncated
from tests.rig import QUICK, some_bytes


async def test_p1_every_selected_file_ends_in_exactly_one_way_and_the_counts_add_up(
    box, jobs, tmp_path
) -> None:
    root = make_tree(tmp_path / "tree", {f"d/{n}.txt": str(n).encode() for n in range(9)})
    make_tree(root, {normalize(form, "d/\u00e9"): b"one of two" for form in ("NFC", "NFD")})
    make_tree(root, {"d/a\nb": b"no name for a File", "d/link.txt": b""})
    (root / "d/link.txt").unlink()
    (root / "d/link.txt").symlink_to("0.txt")
    os.mkfifo(root / "d/pipe")
    box.faults.status("files.register", 400, times=1)
    box.faults.hide("*", "blob_name", "digest", null=True, times=None)
    box.faults.reset_after("files.register", times=1, after=2)

    ran = await jobs.run(root)

    check_report(ran)
    report = ran.report
    assert report.counts == evolve(
        report.counts, planned=14, done=7, skipped=2, failed=4, unresolved=1, pending=0
    )
    ends = Counter(event.path for event in ran.of(FileDone, FileFailed, FileSkipped, FileUnresolved))
    assert (len(ends), set(ends.values())) == (14, {1})
    assert report.skipped_by == {Reason.LINK: 1, Reason.SPECIAL: 1}
    assert report.failed_by == {Reason.NAME: 1, Reason.COLLISION: 2, Reason.REFUSED: 1}


async def test_p2_a_file_that_the_server_confirmed_and_does_not_show_is_not_done(box, jobs, tree) -> None:
    box.faults.listing_lag(seconds=3600)
    box.faults.status("files.get", 404, times=None)

    ran = await jobs.run(tree)

    check_report(ran)
    assert (ran.report.counts.done, ran.report.counts.unresolved) == (0, 12)
    assert ran.report.exit_code == 5


async def test_p2_a_file_with_other_bytes_is_not_done(box, jobs, tree) -> None:
    box.faults.wrong_digest("files.list", times=None)
    box.faults.wrong_digest("projects.files", times=None)
    box.faults.wrong_digest("files.get", times=None)

    ran = await jobs.run(tree)

    check_report(ran)
    assert (ran.report.counts.done, ran.report.failed_by) == (0, {Reason.MISMATCH: 12})
    assert ran.report.exit_code == 4


async def test_p3_after_lost_responses_no_file_is_missing_or_duplicated(box, jobs, tree) -> None:
    for operation in ("files.register", "folders.create", "storage.put", "blobs.reserve"):
        box.faults.reset_after(operation, every=3, times=None)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_p4_an_unknown_result_is_reported_and_not_guessed(box, jobs, tree) -> None:
    box.faults.reset_after("files.register", times=3)
    box.faults.hide("*", "blob_name", "digest", null=True, times=None)

    ran = await jobs.run(tree)

    check_report(ran)
    assert ran.report.counts.unresolved == 3
    assert ran.report.exit_code == 5
    assert not files_twice(box)

    box.faults.clear()
    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_p5_memory_does_not_grow_with_the_number_of_files(box, jobs, tmp_path) -> None:
    box.faults.delay("blobs.reserve", 60, times=None)

    async def held(count: int) -> int:
        """Return the bytes that are held when this many files are planned and none is uploaded yet."""
        root = make_tree(tmp_path / f"tree{count}", {f"f{n:05}": b"" for n in range(count)})
        found: list[int] = []

        def measure(job, event) -> None:
            if isinstance(event, Scanned):
                gc.collect()
                found.append(tracemalloc.get_traced_memory()[0])
                job.stop()

        tracemalloc.start()
        try:
            await jobs.run(root, on=measure, journal=tmp_path / f"{count}.sqlite")
        finally:
            tracemalloc.stop()
        return found[0]

    await held(500)  # objects that are created once
    few, many = await held(1_000), await held(4_000)
    assert many - few < 3_000 * 50, "an item is about 700 bytes"


@pytest.mark.parametrize("change", [touched, same_size, appended, truncated, renamed_over])
async def test_p6_a_file_that_changes_whenever_it_is_read_is_never_done(box, tmp_path, change) -> None:
    path = make_tree(tmp_path / "tree", {"a.bin": some_bytes(2 * MIB), "b.txt": b"stable"}) / "a.bin"

    def saw(event) -> None:
        if "presigned" in event.path and path.exists():
            change(path)  # after it was examined, before its first byte is read

    async with box.client(retry=QUICK, hooks=[saw]) as client:
        ran = await Jobs(client, box.project, tmp_path / "job.sqlite").run(
            path.parent, policy=policy(on_change=0)
        )

    check_report(ran)
    assert ran.report.failed_by == {Reason.CHANGED: 1}
    assert ran.report.counts.done == 1
    assert ran.report.exit_code == 3
    assert [path for path, _ in remote_truth(box, box.project)] == ["tree/b.txt"]
