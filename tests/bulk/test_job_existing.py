"""Existing Files of the same name: of an earlier run, of a lost journal, of another job."""

import os
import unicodedata

import pytest

from coredata_async.bulk import Effort, FileSkipped, Policy
from coredata_async.bulk.journal.claims import BATCH
from coredata_async.bulk.states import Reason
from tests.bulk.rig import check_mirrored, check_report, files_twice, make_tree
from tests.rig import QUICK


async def put(client, parent: str, name: str, data: bytes) -> str:
    return (await client.files.upload(data, parent=parent, filename=name)).file_id


@pytest.fixture
async def place(client, box) -> str:
    return await client.folders.create(title="Place", parent=box.project)


@pytest.fixture
def in_place(jobs, place):
    jobs.parent = place
    return jobs


SAME, OTHER = b"the same", b"different"


@pytest.mark.parametrize(
    ("rule", "there", "why", "files", "exit_code"),
    [
        ("skip", SAME, Reason.EXISTS, 1, 0),
        ("skip", OTHER, Reason.EXISTS, 1, 0),
        ("skip-same", SAME, Reason.SAME, 1, 0),
        ("skip-same", OTHER, None, 2, 0),
        ("version", SAME, Reason.SAME, 1, 0),
        ("version", OTHER, None, 1, 0),
        ("error", SAME, Reason.EXISTS, 1, 1),
        ("error", OTHER, Reason.EXISTS, 1, 1),
    ],
)
async def test_one_file_of_the_name(  # noqa: PLR0917
    box, client, in_place, place, tmp_path, rule, there, why, files, exit_code
) -> None:
    await put(client, place, "a.txt", there)
    root = make_tree(tmp_path / "tree", {"a.txt": SAME})

    ran = await in_place.run(f"{root}/.", policy=Policy(existing=rule))

    check_report(ran)
    report = ran.report
    assert len(box.state.files) == files
    assert report.exit_code == exit_code
    assert set(report.skipped_by) | set(report.failed_by) == ({why} if why else set())
    assert (report.counts.done == 1) == (why is None)
    if rule == "version" and there == OTHER:
        assert await box.content(box.state.files[0].id) == SAME


@pytest.mark.parametrize("rule", ["skip-same", "version"])
async def test_an_unknown_digest_is_not_guessed(  # noqa: PLR0917
    box, client, in_place, place, tmp_path, rule
) -> None:
    await put(client, place, "a.txt", SAME)
    box.faults.hide("*", "digest", null=True, times=None)
    root = make_tree(tmp_path / "tree", {"a.txt": SAME})

    ran = await in_place.run(f"{root}/.", policy=Policy(existing=rule))

    check_report(ran)
    assert len(box.state.files) == 1
    assert ran.report.failed_by == {Reason.UNCERTAIN: 1}
    assert ran.report.exit_code == 5


async def test_a_new_version_of_two_files_is_refused(box, client, in_place, place, tmp_path) -> None:
    await put(client, place, "a.txt", b"one")
    await put(client, place, "a.txt", b"two")
    root = make_tree(tmp_path / "tree", {"a.txt": SAME})

    ran = await in_place.run(f"{root}/.", policy=Policy(existing="version"))

    assert ran.report.failed_by == {Reason.EXISTS: 1}
    assert len(box.state.files) == 2


async def test_a_touched_file_is_not_uploaded_again_and_a_changed_one_is(box, jobs, tree) -> None:
    await jobs.run(tree)
    os.utime(tree / "d0/f0000.txt", ns=(1, 1))
    (tree / "d1/f0001.txt").write_bytes(b"quite another content")

    ran = await jobs.run(tree)

    check_report(ran)
    assert len(box.state.files) == 13
    assert ran.report.skipped_by == {Reason.SAME: 1}
    assert ran.report.counts.done == 11
    assert ran.report.exit_code == 0

    (tree / "d1/f0001.txt").write_bytes(b"and yet another content")
    third = await jobs.run(tree)
    assert len(box.state.files) == 14
    assert third.report.counts.done == 11


async def test_versions_of_a_file_that_changes_twice_are_one_file(box, jobs, tree) -> None:
    for n in range(3):
        (tree / "d1/f0001.txt").write_bytes(b"version %d" % n)
        ran = await jobs.run(tree, policy=Policy(existing="version"))
        check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert len(box.state.files) == 12


async def test_a_file_that_grows_before_it_is_sent_as_a_version_is_read_again(box, jobs, tree) -> None:
    await jobs.run(tree)
    path = tree / "d1/f0001.txt"
    path.write_bytes(b"longer than it was")
    growing = ["once"]

    def saw(event) -> None:
        if event.path.startswith("/api/v2/files/") and event.path != "/api/v2/files/" and growing:
            growing.clear()
            path.write_bytes(b"longer than it was, and still growing")

    async with box.client(retry=QUICK, hooks=[saw]) as client:
        ran = await jobs.run(tree, client=client, policy=Policy(existing="version"))
    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert len(box.state.files) == 12


async def test_a_file_deleted_on_the_server_is_not_missed(box, client, jobs, tree) -> None:
    await jobs.run(tree)
    await client.files.delete(box.state.files[0].id)

    ran = await jobs.run(tree)

    assert len(box.state.files) == 11, "a DONE file is not checked again"
    assert ran.report.counts.done == 12


async def test_another_job_over_the_same_tree_uploads_nothing(box, jobs, tree, tmp_path) -> None:
    await jobs.run(tree)

    ran = await jobs.run(tree, journal=tmp_path / "other.sqlite")

    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert ran.report.skipped_by == {Reason.SAME: 12}
    assert len(ran.of(FileSkipped)) == 12


async def test_a_lost_journal_costs_a_listing(box, jobs, tree) -> None:
    stopped = await jobs.run(tree, on=lambda job, _: job.stop() if len(box.state.files) > 4 else None)
    assert stopped.report.ended in {"stopped", "complete"}
    for path in jobs.journal.parent.glob("job.sqlite*"):
        path.unlink()

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")


@pytest.mark.parametrize("field", ["filename", "parent"])
@pytest.mark.parametrize("into_project", [True, False])
async def test_files_that_are_listed_without_name_or_folder_are_read_by_their_ids(  # noqa: PLR0917
    box, client, jobs, tree, field, into_project
) -> None:
    if not into_project:
        jobs.parent = await client.folders.create(title="Place", parent=box.project)
    await jobs.run(f"{tree}/.")
    jobs.journal.unlink()
    for operation in ("files.list", "projects.files"):
        box.faults.hide(operation, field, times=None)

    ran = await jobs.run(f"{tree}/.")

    assert ran.report.skipped_by == {Reason.SAME: 12}
    assert len(box.state.files) == 12


async def test_files_of_unknown_name_cause_a_warning(box, jobs, tree) -> None:
    await jobs.run(tree)
    jobs.journal.unlink()
    box.faults.hide("*", "filename", times=None)

    ran = await jobs.run(tree)

    assert any("without name or folder" in warning for warning in ran.report.warnings)


async def test_a_damaged_journal_costs_a_listing(box, jobs, tree) -> None:
    await jobs.run(tree)
    data = bytearray(jobs.journal.read_bytes())
    data[4096:20000] = bytes(20000 - 4096)
    jobs.journal.write_bytes(data)

    ran = await jobs.run(tree)

    check_mirrored(box, ran, tree, below=box.project, inside="tree")
    assert any("damaged" in words for words in ran.report.warnings)


async def test_one_tree_goes_into_two_parents(box, client, jobs, tree, tmp_path) -> None:
    await jobs.run(tree)
    jobs.parent, jobs.journal = (
        await client.folders.create(title="B", parent=box.project),
        tmp_path / "b.sqlite",
    )

    await jobs.run(tree)

    assert len(box.state.files) == 24
    assert not files_twice(box)


async def test_a_file_left_in_retry_without_a_blob_is_uploaded_again(box, jobs, tmp_path) -> None:
    """A DONE file changes; the run that claims it ends before a blob is reserved for the new content."""
    root = make_tree(tmp_path / "tree", {"a.txt": b"one"})
    await jobs.run(root)
    (root / "a.txt").write_bytes(b"two, longer")
    box.faults.status("blobs.reserve", 401, times=None)
    halted = await jobs.run(root)
    assert halted.report.ended == "authentication"
    box.faults.clear()

    ran = await jobs.run(root)

    check_report(ran)
    assert ran.report.exit_code == 0, ran.report.failures
    assert sorted([await box.content(file.id) for file in box.state.files]) == [b"one", b"two, longer"]


async def test_a_file_that_is_looked_up_is_not_fed_as_well(box, jobs, tmp_path) -> None:
    """Registrations of an earlier run are looked up, and sent again, while their folder is fed."""
    root = make_tree(tmp_path / "tree", {f"f{n}": b"%d" % n for n in range(8)})
    box.faults.delay("files.register", 60, times=None)
    await jobs.run(root, on=lambda job, _: job.stop() if box.state.count("files.register") == 8 else None)
    box.faults.clear()
    assert not box.state.files
    make_tree(root, {f"a{n:03}": b"a%d" % n for n in range(BATCH)})
    box.faults.delay("storage.put", 0.01, times=None)

    ran = await jobs.run(root, effort=Effort(adaptive=False, concurrency=1))

    check_mirrored(box, ran, root, below=box.project, inside="tree")


def decomposed(name: str) -> str:
    return unicodedata.normalize("NFD", name)


@pytest.mark.parametrize("rule", ["skip", "skip-same", "version", "error"])
async def test_a_file_that_is_listed_in_nfd_exists(in_place, box, tmp_path, rule) -> None:
    tree = make_tree(tmp_path / "tree", {"é.txt": SAME})
    await put(in_place.client, in_place.parent, decomposed("é.txt"), SAME)

    ran = await in_place.run(f"{tree}/.", policy=Policy(existing=rule))

    check_report(ran)
    assert len(box.state.files) == 1
    assert ran.report.counts.failed == (rule == "error")


async def test_names_that_are_kept_as_they_are_differ_from_those_listed_in_nfd(
    in_place, box, tmp_path
) -> None:
    tree = make_tree(tmp_path / "tree", {"é.txt": SAME})
    await put(in_place.client, in_place.parent, decomposed("é.txt"), SAME)

    ran = await in_place.run(f"{tree}/.", policy=Policy(unicode="keep"))

    assert ran.done == 1
    assert {file.fields["filename"] for file in box.state.files} == {"é.txt", decomposed("é.txt")}
