"""Result of a job for a tree, and its events."""

from coredata_async.bulk import FileDone, FolderCreated, Progress, Scanned, Started
from tests.bulk.rig import check_mirrored


async def test_a_tree_is_mirrored_and_each_file_exists_once(box, jobs, tree) -> None:
    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


async def test_every_file_has_one_final_event_and_the_last_progress_is_the_report(box, jobs, tree) -> None:
    ran = await jobs.run(tree)

    assert len(ran.of(FileDone)) == 12
    assert {event.size for event in ran.of(FileDone)} == {9, 10}
    assert len(ran.of(FolderCreated)) == 4
    assert ran.of(Started)[0].resumed is False
    assert ran.of(Scanned)[0].files == 12
    last = ran.of(Progress)[-1]
    counts = ran.report.counts
    assert (last.planned, last.done, last.skipped, last.failed, last.unresolved) == (
        counts.planned,
        counts.done,
        counts.skipped,
        counts.failed,
        counts.unresolved,
    )
    assert last.planned_bytes == last.done_bytes == ran.report.bytes.done


async def test_a_second_run_sends_nothing(box, jobs, tree) -> None:
    await jobs.run(tree)
    before = box.state.count("blobs.reserve"), box.state.count("files.register")

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert (box.state.count("blobs.reserve"), box.state.count("files.register")) == before
    assert ran.of(Started)[0].resumed
