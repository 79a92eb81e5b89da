"""Two simultaneous jobs for the same files, each with a journal, as on two machines without locks."""

import asyncio
from pathlib import Path

import pytest
from attrs import evolve

from coredata_async.bulk import FileDone, FolderCreated, Policy, Waiting, check
from tests.bulk.rig import (
    check_mirrored,
    check_report,
    files_twice,
    folders_twice,
    make_tree,
    remote_truth,
    some_tree,
    until,
)
from tests.rig import QUICK


@pytest.fixture
def second(jobs, tmp_path):
    """Return the options of the job on the other machine."""
    return {"journal": tmp_path / "second.sqlite"}


async def check_results(client, *paths: Path | str, parent: str) -> tuple[set[str], int]:
    """Return the result of `check`: the symbols, and the number of duplicates."""
    found = [each async for each in check(client, paths, parent=parent)]
    return {each.symbol for each in found}, sum(bool(each.duplicates) for each in found)


def twice(box) -> int:
    there = remote_truth(box, box.project)
    return there.total() - len(there)


@pytest.fixture
def at_once(box, jobs, second):
    """Run both jobs, each of which has seen no folder before the other one creates it."""

    async def run(*paths: Path | str):
        box.faults.delay("folders.create", 0.3, times=2)
        return await asyncio.gather(jobs.run(*paths), jobs.run(*paths, **second))

    return run


async def test_of_two_simultaneous_jobs_one_ends_at_the_first_folder(box, client, at_once, tmp_path) -> None:
    root = some_tree(tmp_path / "tree", 60)

    ran = await at_once(root)

    stopped = [each for each in ran if each.report.ended == "conflict"]
    assert stopped
    for each in ran:
        check_report(each)
    for each in stopped:
        assert each.report.exit_code == 5
        assert "another job is uploading the same files: folder 'tree'" in each.report.message
        assert "only one job" in each.report.message
        assert each.report.duplicates
        assert box.state.count("files.register") == 60 * (2 - len(stopped))
    assert [title for _, title in folders_twice(box)] == ["tree"]
    _, doubles = await check_results(client, root, parent=box.project)
    assert doubles == 1


async def test_the_job_that_ended_resumes_with_the_oldest_folder(  # noqa: PLR0917
    box, client, jobs, at_once, second, tmp_path
) -> None:
    root = some_tree(tmp_path / "tree", 30)
    await at_once(root)
    oldest = min((each for each in box.state.of("Folder") if each.title == "tree"), key=_age)

    ran = [await jobs.run(root), await jobs.run(root, **second)]

    assert {each.report.ended for each in ran} == {"complete"}
    assert twice(box) == 0
    assert {each.parent for each in box.state.of("Folder") if each.title == "d0"} == {oldest.id}
    symbols, doubles = await check_results(client, root, parent=box.project)
    assert (symbols, doubles) == ({"="}, 1)


def _age(folder) -> tuple[object, str]:
    return folder.created, folder.id


async def test_a_job_that_joins_later_ends_before_it_has_sent_anything(
    box, client, jobs, second, tmp_path
) -> None:
    root = some_tree(tmp_path / "tree", 200)
    box.faults.delay("files.register", 0.15, times=None)
    patient = client.with_options(retry=evolve(QUICK, settle=0.3, probe_gap=0.4))
    first = asyncio.create_task(jobs.run(root))
    await until(lambda: box.state.files)

    late = await jobs.run(root, client=patient, **second)
    ran = await first

    assert (late.report.ended, late.report.exit_code) == ("conflict", 5)
    assert "appeared within the last" in late.report.message
    assert late.done == 0
    check_mirrored(box, ran, root, below=box.project, inside="tree")


async def test_a_folder_that_two_jobs_have_filled_is_detected_at_the_end(
    box, client, jobs, second, tmp_path
) -> None:
    """One job was slow to create the folder, and the other one could not see it."""
    root = make_tree(tmp_path / "tree", {"d/a.txt": b"a"})
    box.faults.delay("folders.create", 1, after=1, times=1)
    first = asyncio.create_task(jobs.run(root))
    await until(lambda: box.state.count("folders.create") == 2)

    quick = await jobs.run(root, **second)
    slow = await first

    assert quick.report.exit_code == 0
    assert (slow.report.ended, slow.report.exit_code) == ("conflict", 5)
    assert "into a separate folder" in slow.report.message


async def test_a_new_second_folder_that_is_empty_is_only_reported(box, client, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {"d/a.txt": b"a"})

    def by_hand(job, event) -> None:
        if isinstance(event, FileDone):
            (tree,) = [each for each in box.state.of("Folder") if each.title == "tree"]
            box.state.add_folder("d", tree.id)

    ran = await jobs.run(root, on=by_hand)

    assert (ran.report.ended, ran.report.exit_code) == ("complete", 5)
    assert ran.report.duplicates_total == 1


@pytest.mark.parametrize("shows_blobs", [True, False])
async def test_files_of_another_job_in_the_parent_itself_end_a_job(  # noqa: PLR0917
    box, client, jobs, second, tmp_path, shows_blobs
) -> None:
    root = make_tree(tmp_path / "tree", {f"{n}.txt": f"{n}".encode() for n in range(30)})
    if not shows_blobs:
        box.faults.hide("*", "blob_name", times=None)
    box.faults.delay("files.register", 0.05, times=None)

    ran = await asyncio.gather(jobs.run(f"{root}/."), jobs.run(f"{root}/.", **second))

    assert max(each.report.exit_code for each in ran) == 5
    ended = next(each.report for each in ran if each.report.ended == "conflict")
    assert "was created by another process" in ended.message
    _, doubles = await check_results(client, f"{root}/.", parent=box.project)
    assert (doubles > 0) == (twice(box) > 0)


async def test_one_file_of_another_job_is_enough(box, client, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"})
    box.faults.delay("files.register", 1.5)

    async def by_another() -> None:
        await until(lambda: box.state.count("files.register"))
        await client.files.upload(b"b", parent=box.project, filename="b.txt")

    ran, _ = await asyncio.gather(jobs.run(f"{root}/."), by_another())

    assert (ran.report.ended, ran.report.exit_code) == ("conflict", 5)
    assert "b.txt: File " in ran.report.message


async def test_after_a_conflict_the_next_run_waits_until_no_request_of_the_other_is_in_flight(
    box, client, jobs, tmp_path
) -> None:
    root = make_tree(tmp_path / "tree", {"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"})
    box.faults.delay("files.register", 1.5)
    first = asyncio.create_task(jobs.run(f"{root}/."))
    await until(lambda: box.state.count("files.register"))
    await client.files.upload(b"b", parent=box.project, filename="b.txt")
    assert (await first).report.ended == "conflict"
    (root / "d.txt").write_bytes(b"d")
    jobs.client = client.with_options(retry=evolve(QUICK, settle=0.5, probe_gap=0.1))

    ran = await jobs.run(f"{root}/.")

    (waited,) = ran.of(Waiting)
    assert "another job for the same files was found" in waited.message
    assert ran.report.ended == "complete"


@pytest.mark.parametrize("name", ["unrelated.txt", "f0000.TXT", "d0"])
async def test_files_of_other_names_do_not_count(box, client, jobs, tmp_path, name) -> None:
    root = some_tree(tmp_path / "tree", 30)
    made: asyncio.Queue[str] = asyncio.Queue()

    async def by_hand() -> None:
        folder = await made.get()
        for n in range(5):
            await client.files.upload(b"?%d" % n, parent=folder, filename=name)

    def pause(job, event) -> None:
        if isinstance(event, FolderCreated):
            made.put_nowait(event.folder_id)

    ran, _ = await asyncio.gather(jobs.run(root, on=pause), by_hand())

    check_report(ran)
    assert ran.report.exit_code == 0, ran.report.message


@pytest.mark.parametrize("existing", ["skip-same", "version"])
async def test_earlier_files_of_this_job_do_not_count(box, jobs, tmp_path, existing) -> None:
    root = make_tree(tmp_path / "tree", {f"{n}.txt": f"{n}".encode() for n in range(6)})
    for turn in range(4):
        (root / "0.txt").write_bytes(b"changed %d" % turn)
        (root / f"more {turn}.txt").write_bytes(b"more")

        ran = await jobs.run(f"{root}/.", policy=Policy(existing=existing))

        check_report(ran)
        assert ran.report.exit_code == 0, ran.report.message


async def test_files_that_were_registered_again_or_changed_meanwhile_do_not_count(
    box, client, jobs, tmp_path
) -> None:
    root = make_tree(tmp_path / "tree", {f"{n:02}.txt": f"{n}".encode() for n in range(24)})
    box.faults.reset_before("files.register", every=3, times=None)
    box.faults.reset_after("files.register", every=2, times=None)
    box.faults.status("storage.put", 500, every=5, times=None)

    def change(job, event) -> None:
        if isinstance(event, FileDone):
            (root / "23.txt").write_bytes(b"another content")

    ran = await jobs.run(f"{root}/.", on=change)

    check_report(ran)
    assert ran.report.ended == "complete", ran.report.message
    assert not files_twice(box)


async def test_of_existing_folders_of_one_name_the_oldest_is_used_without_a_conflict(
    box, client, jobs, tmp_path
) -> None:
    root = some_tree(tmp_path / "tree", 6)
    oldest = await client.folders.create(title="tree", parent=box.project)
    await client.folders.create(title="tree", parent=box.project)

    ran = await jobs.run(root)

    check_report(ran)
    assert (ran.report.ended, ran.report.exit_code) == ("complete", 0)
    assert ran.report.warnings_total == 1
    assert {each.parent for each in box.state.of("Folder") if each.title == "d0"} == {oldest}
