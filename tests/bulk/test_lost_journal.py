"""A machine that dies with its journal, and a job for the same files that begins on another machine."""

import asyncio
from pathlib import Path

import pytest
from attrs import evolve

from coredata_async.bulk import Policy, Progress, Reason, Waiting
from coredata_async.bulk.report.html import render
from coredata_async.bulk.report.report import as_json
from tests.bulk.rig import (
    check_report,
    files_twice,
    folders_twice,
    local_truth,
    make_tree,
    remote_truth,
    until,
)
from tests.rig import QUICK

LATE = 2.0
"""Seconds until a registration is committed: longer than a busy machine takes to receive all of them."""
PATIENT = evolve(QUICK, settle=3.0, probe_gap=0.2)
"""Settle time that suffices for late commits."""
FILES = 20


@pytest.fixture
def twenty(tmp_path) -> Path:
    return make_tree(tmp_path / "tree", {f"{n:02}.txt": f"content {n}".encode() for n in range(FILES)})


@pytest.fixture
def dies(box, client, jobs, tmp_path):
    """Return a function that kills a machine during its requests; its journal is lost."""

    async def die(*paths: Path | str, sent: int = FILES) -> None:
        box.faults.commit_late("files.register", LATE, times=None)
        await broken_off(box, client, jobs, *paths, journal=tmp_path / "lost.sqlite", sent=sent)
        box.faults.clear()  # requests in flight are carried out

    return die


async def broken_off(box, client, jobs, *paths, sent: int, operation: str = "files.register", **options):
    """Run a job until this many requests were received."""
    options = {"policy": Policy(assume_alone=True), **options}
    job = jobs.job(*paths, client=client.with_options(retry=evolve(QUICK, settle=60)), **options)
    running = asyncio.create_task(job.run())
    await until(lambda: box.state.count(operation) >= sent)
    job.stop()
    await running


@pytest.fixture
def patient(client, jobs):
    jobs.client = client.with_options(retry=PATIENT)
    return jobs


def check_once(box, ran, root: Path, inside: str = "") -> None:
    check_report(ran)
    assert (ran.report.ended, ran.report.exit_code) == ("complete", 0)
    assert remote_truth(box, box.project) == local_truth(root, inside=inside)
    assert not files_twice(box)
    assert not folders_twice(box)


async def test_no_file_is_duplicated_when_all_registrations_are_committed_late(
    box, dies, patient, twenty
) -> None:
    await dies(twenty)
    assert not box.state.files

    ran = await patient.run(twenty)

    check_once(box, ran, twenty, "tree")
    assert ran.report.skipped_by == {Reason.SAME: FILES}


async def test_no_file_is_duplicated_directly_in_the_parent(box, dies, patient, twenty) -> None:
    await dies(f"{twenty}/.")

    ran = await patient.run(f"{twenty}/.")

    check_once(box, ran, twenty)


async def test_no_folder_below_an_existing_one_is_created_before_the_wait_has_ended(
    box, client, jobs, tmp_path
) -> None:
    root = make_tree(tmp_path / "tree", {f"d{n}/a.txt": f"{n}".encode() for n in range(3)})
    box.faults.commit_late("folders.create", LATE, after=1, times=None)
    lost = tmp_path / "lost.sqlite"
    await broken_off(box, client, jobs, root, journal=lost, sent=4, operation="folders.create")
    box.faults.clear()
    jobs.client = client.with_options(retry=PATIENT)

    ran = await jobs.run(root)

    check_once(box, ran, root, "tree")


async def test_an_interrupted_wait_is_continued(box, dies, patient, twenty) -> None:
    await dies(twenty)
    began = asyncio.get_running_loop().time()

    def stop(job, event) -> None:
        if isinstance(event, Progress) and event.wait_left:
            job.stop()

    first = await patient.run(twenty, on=stop)
    assert first.report.exit_code == 130
    assert 0 < first.report.wait_left < PATIENT.settle
    assert first.report.waited > 0
    assert box.state.count("files.register") == FILES  # none was sent

    ran = await patient.run(twenty)

    check_once(box, ran, twenty, "tree")
    assert ran.report.run == 2
    assert 0 < ran.report.waited < PATIENT.settle
    assert asyncio.get_running_loop().time() - began < 2 * PATIENT.settle + PATIENT.probe_gap


async def test_the_wait_is_shown_with_its_reason(box, dies, patient, twenty) -> None:
    await dies(twenty)

    ran = await patient.run(twenty)

    (waiting,) = ran.of(Waiting)
    assert PATIENT.settle / 2 < waiting.seconds <= PATIENT.settle + PATIENT.probe_gap
    assert "this journal is new" in waiting.message
    left = [event.wait_left for event in ran.of(Progress) if event.wait_left]
    assert left == sorted(left, reverse=True)
    assert {event.wait_reason for event in ran.of(Progress)} == {"", waiting.message}
    assert ran.of(Progress)[-1].wait_left == 0
    assert as_json(ran.report)["wait_reason"] == waiting.message
    assert 0 < as_json(ran.report)["waited"] < PATIENT.settle + 2 * PATIENT.probe_gap
    assert "<dt>Waited</dt>" in render(ran.report)


async def test_folders_of_this_job_are_filled_during_the_wait(box, client, patient, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {"old/a.txt": b"a", "new/b.txt": b"b"})
    tree = await client.folders.create(title="tree", parent=box.project)
    await client.folders.create(title="old", parent=tree)
    patient.client = client.with_options(retry=PATIENT)

    ran = await patient.run(root)

    check_once(box, ran, root, "tree")


async def test_a_first_upload_into_a_separate_folder_does_not_wait(box, client, patient, twenty) -> None:
    await client.files.upload(b"?", parent=box.project, filename="unrelated")

    ran = await patient.run(twenty)

    assert not ran.of(Waiting)
    assert ran.report.waited == 0
    assert ran.done == FILES


async def test_existing_files_do_not_wait(box, client, jobs, twenty, tmp_path) -> None:
    await jobs.run(twenty)
    jobs.client = client.with_options(retry=evolve(QUICK, settle=60, probe_gap=1))

    ran = await jobs.run(twenty, journal=tmp_path / "another.sqlite")

    check_once(box, ran, twenty, "tree")
    assert ran.report.skipped_by == {Reason.SAME: FILES}
    assert not ran.of(Waiting)


async def test_files_that_only_seem_to_exist_wait(box, dies, patient, twenty, tmp_path) -> None:
    """Another content of the same size: the dead job has sent the new one, which is in flight."""
    await patient.run(twenty)
    (twenty / "00.txt").write_bytes(b"CONTENT 0")
    await dies(twenty, sent=FILES + 1)

    ran = await patient.run(twenty, journal=tmp_path / "another.sqlite")

    check_report(ran)
    assert ran.report.exit_code == 0
    there = remote_truth(box, box.project)
    assert there.total() == FILES + 1
    assert max(there.values()) == 1


async def test_the_user_can_assert_that_no_other_job_existed(box, client, jobs, twenty) -> None:
    await client.folders.create(title="tree", parent=box.project)
    jobs.client = client.with_options(retry=evolve(QUICK, settle=60, probe_gap=1))

    ran = await jobs.run(twenty, policy=Policy(assume_alone=True))

    check_once(box, ran, twenty, "tree")
    assert not ran.of(Waiting)


async def test_a_waiting_run_can_be_stopped(box, client, jobs, twenty) -> None:
    await client.folders.create(title="tree", parent=box.project)
    jobs.client = client.with_options(retry=evolve(QUICK, settle=60, probe_gap=1))

    stopped = await jobs.run(twenty, on=lambda job, event: isinstance(event, Waiting) and job.stop())
    assert 50 < stopped.report.wait_left <= 61

    ran = await jobs.run(twenty, policy=Policy(assume_alone=True))

    check_once(box, ran, twenty, "tree")


async def test_a_folder_of_this_journal_is_not_waited_for_in_a_later_run(box, client, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {"a/1": b"1", "a/2": b"2"})
    jobs.client = client.with_options(retry=evolve(QUICK, settle=60, probe_gap=1))
    await jobs.run(root)
    (root / "a" / "3").write_bytes(b"3")
    (root / "b").mkdir()
    (root / "b" / "4").write_bytes(b"4")

    ran = await jobs.run(root)

    check_once(box, ran, root, "tree")
    assert not ran.of(Waiting)


@pytest.mark.parametrize("lost", ["reset_after", "reset_before"])
async def test_a_folder_whose_response_was_lost_belongs_to_this_job(box, client, jobs, twenty, lost) -> None:
    """Such a folder must not count as another job's, which would cause a wait of two minutes."""
    settle = 0.5 if lost == "reset_before" else 60
    jobs.client = client.with_options(retry=evolve(QUICK, settle=settle, probe_gap=0.1))
    getattr(box.faults, lost)("folders.create")

    ran = await jobs.run(twenty)

    check_once(box, ran, twenty, "tree")
    assert not ran.of(Waiting)
    assert not ran.report.duplicates


async def test_a_folder_whose_response_was_lost_in_an_earlier_run_belongs_to_this_job(
    box, client, jobs, twenty
) -> None:
    jobs.client = client.with_options(retry=evolve(QUICK, settle=60, probe_gap=0.1))
    box.faults.commit_late("folders.create", 0.1)
    await broken_off(box, client, jobs, twenty, sent=1, operation="folders.create")
    await until(lambda: any(each.title == "tree" for each in box.state.of("Folder")))

    ran = await jobs.run(twenty)

    check_once(box, ran, twenty, "tree")
    assert not ran.of(Waiting)
