"""Lost registrations: the number of their listings, and the effect of an incomplete listing."""

import pytest
from attrs import evolve

from coredata_async import Uploaded
from coredata_async.bulk import Effort, Policy
from coredata_async.bulk.run import resolver
from coredata_async.sandbox import Sandbox
from coredata_async.transfer.uploads import Upload
from tests.bulk.rig import (
    Jobs,
    check_mirrored,
    check_report,
    files_twice,
    folders_twice,
    make_tree,
    some_tree,
)
from tests.rig import QUICK, md5

SETTLING = evolve(QUICK, settle=0.6, probe_gap=0.2)
LISTS = {"files.list", "projects.files"}


def listings(box) -> int:
    """Return the number of listings of Files."""
    seen = box.state.requests
    return sum(each.operation in LISTS and "offset=0" in each.target.split("&") for each in seen)


@pytest.fixture
def scans(box):
    """Create a folder with 3,000 Files of the same title."""
    folder = box.state.add_folder("scans", box.project)
    for n in range(3000):
        fields = {"filename": f"old{n}.pdf", "blob_name": f"{n:032x}", "size": 3, "digest": md5(b"old")}
        box.state.add(evolve(box.state.draft("File", "scan", folder), fields=fields))
    return folder


@pytest.fixture
def tree(tmp_path):
    """Create 64 files whose titles are `scan`: the part after the last dot does not belong to a title."""
    return make_tree(tmp_path / "tree", {f"scan.{n:04}": f"content {n}".encode() for n in range(64)})


@pytest.mark.parametrize(("lost", "carried_out"), [(16, True), (64, True), (64, False)])
async def test_lost_responses_in_one_folder_share_their_listings(  # noqa: PLR0917
    box, client, jobs, scans, tree, lost, carried_out
) -> None:
    jobs.client = client.with_options(retry=SETTLING)
    fault = box.faults.reset_after if carried_out else box.faults.reset_before
    fault("files.register", times=lost)

    ran = await jobs.run(f"{tree}/.", parent=scans)

    check_report(ran)
    assert ran.done == 64
    assert not files_twice(box)
    assert len(box.state.files) == 3064
    # Some before the upload, one to confirm it, and four or more, because the files were lost one after
    # another.
    assert listings(box) <= 20


@pytest.mark.parametrize("carried_out", [True, False])
async def test_uploads_of_one_client_share_them_too(box, client, scans, carried_out) -> None:
    fault = box.faults.reset_after if carried_out else box.faults.reset_before
    fault("files.register", times=64)
    sources = [Upload(source=f"{n}".encode(), filename=f"scan.{n}") for n in range(64)]

    async with client.with_options(retry=SETTLING).files.upload_many(
        sources, parent=scans, concurrency=64
    ) as outcomes:
        found = [outcome async for outcome in outcomes]

    assert all(isinstance(each, Uploaded) for each in found)
    assert len(box.state.files) == 3064
    assert listings(box) <= 10


async def test_files_of_many_folders_are_looked_up_together(box, client, jobs, tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {f"d{n % 40}/f{n}.txt": f"{n}".encode() for n in range(400)})
    jobs.client = client.with_options(retry=SETTLING)
    box.faults.status("files.register", 503, every=5, times=80)

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert listings(box) <= 40 * 8


async def test_more_unknown_files_than_fit_into_memory_are_read_from_the_journal(
    box, client, jobs, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(resolver, "WAITING", 5)
    jobs.client = client.with_options(retry=evolve(QUICK, settle=0.3, probe_gap=0.05))
    root = some_tree(tmp_path / "tree", 40)
    box.faults.reset_before("files.register", times=40)

    ran = await jobs.run(root)

    check_mirrored(box, ran, root, below=box.project, inside="tree")
    assert box.state.count("files.register") == 80


@pytest.mark.parametrize("operation", ["files.list", "projects.files"])
async def test_hidden_files_leave_a_lost_registration_unresolved(
    box, client, jobs, tmp_path, operation
) -> None:
    root = make_tree(tmp_path / "tree", {f"f{n}.txt": f"{n}".encode() for n in range(6)})
    jobs.client = client.with_options(retry=SETTLING)
    box.faults.reset_after("files.register", times=1)
    box.faults.hide_objects(operation, *(f"f{n}" for n in range(6)), times=None)
    source = root if operation == "files.list" else f"{root}/."

    ran = await jobs.run(source)

    check_report(ran)
    assert ran.report.counts.unresolved == 1
    assert ran.report.exit_code == 5
    assert "of 6 objects" in ran.report.unresolved[0].message
    assert len(box.state.files) == 6


async def test_a_server_that_ignores_offset_leaves_a_lost_registration_unresolved(tmp_path) -> None:
    root = make_tree(tmp_path / "tree", {f"f{n}.txt": f"{n}".encode() for n in range(6)})
    async with Sandbox(max_limit=2) as box, box.client(retry=SETTLING) as client:
        box.faults.reset_after("files.register", times=1, after=5)
        box.faults.ignore_offset("files.list", times=None)

        ran = await Jobs(client, box.project, tmp_path / "job.sqlite").run(root)

        check_report(ran)
        assert ran.report.counts.unresolved == 1
        assert "ignore `offset`" in ran.report.unresolved[0].message
        assert len(box.state.files) == 6


async def test_a_folder_that_is_hidden_is_not_created_twice(box, client, jobs, tree) -> None:
    jobs.client = client.with_options(retry=evolve(SETTLING, settle=0.2, probe_gap=0.05))
    box.faults.reset_after("folders.create")
    box.faults.hide_objects("folders.list", "tree", times=None)

    ran = await jobs.run(tree)

    check_report(ran)
    assert ran.report.exit_code != 0
    assert not folders_twice(box)
    assert "list of folders is incomplete" in ran.report.failures[0].message


async def test_files_that_are_counted_and_not_shown_cause_a_warning(box, jobs, client, scans, tree) -> None:
    box.faults.hide_objects("files.list", "scan", times=None)

    ran = await jobs.run(f"{tree}/.", parent=scans)

    assert any("may be uploaded a second time" in each for each in ran.report.warnings)


async def test_a_file_is_unresolved_if_the_list_does_not_show_others_of_its_folder(
    box, jobs, tmp_path
) -> None:
    root = make_tree(tmp_path / "tree", {f"{n}.txt": str(n).encode() for n in range(3)})
    await jobs.run(f"{root}/.", policy=Policy(assume_alone=True))
    box.faults.listing_lag(seconds=60)
    make_tree(root, {f"{n}.txt": str(n).encode() for n in range(3, 6)})
    box.faults.reset_after("files.register", after=1)

    ran = await jobs.run(f"{root}/.", effort=Effort(adaptive=False, concurrency=1))

    check_report(ran)
    assert ran.report.counts.unresolved == 1
    assert "does not show File" in ran.report.unresolved[0].message
    assert len(box.state.files) == 6
