"""Parent of a job: refused before the scan, and only if the server proves that it is wrong."""

import sys

import pytest

from coredata_async import AuthenticationError
from coredata_async.bulk.check.check import check
from coredata_async.bulk.job import UploadJob
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.states import JobInputError

UNKNOWN = "11111111-2222-1333-8444-555555555555"


def id_of(box, kind: str) -> str:
    """Return the id of an object of this kind."""
    match kind:
        case "Project":
            return box.project
        case "Workspace":
            return box.state.container(box.state.documents[box.project]).id
        case "Space":
            return box.space
        case "Task":
            return box.state.add_task(box.project, "T")
        case "Contact":
            return box.state.add_contact("C")
        case _:
            return box.state.add_folder("F", box.project, kind=kind)


@pytest.mark.parametrize("kind", ["Project", "Workspace", "Folder", "Filespace"])
async def test_an_object_that_can_hold_files_is_accepted(box, client, kind) -> None:
    assert await check_parent(client.engine().api, id_of(box, kind)) == (kind == "Project")


@pytest.mark.parametrize("documents", [True, False])
@pytest.mark.parametrize("kind", ["Space", "Task", "Contact"])
async def test_an_object_that_cannot_hold_files_is_refused_with_its_kind(
    box, client, kind, documents
) -> None:
    if not documents:  # known from 2014 only
        box.faults.status("documents.get", 404, times=9)
        box.faults.status("documents.list", 404, times=9)

    with pytest.raises(JobInputError, match=f"is an? {kind}, but files go into"):
        await check_parent(client.engine().api, id_of(box, kind))


async def test_a_file_is_refused(box, client) -> None:
    up = await client.files.upload(b"x", parent=box.project, filename="x.txt")

    with pytest.raises(JobInputError, match="is a File"):
        await check_parent(client.engine().api, up.file_id)


@pytest.mark.parametrize("parent", [UNKNOWN, "nonsense", "Þ", "123"])
async def test_an_id_that_does_not_exist_is_refused(client, parent) -> None:
    with pytest.raises(JobInputError, match="no Project, Folder or Filespace has the id"):
        await check_parent(client.engine().api, parent)


@pytest.mark.parametrize("status", [403, 404, 405, 500])
async def test_without_evidence_an_id_is_accepted(box, client, status) -> None:
    """The service documents no way to read a Filespace, so absence from other lists proves nothing."""
    box.faults.status("documents.get", status, times=9)
    box.faults.status("documents.list", status, times=9)

    assert await check_parent(client.engine().api, UNKNOWN) is False


async def test_a_wrong_key_is_reported_as_such(box) -> None:
    async with box.client(api_key="wrong") as client:
        with pytest.raises(AuthenticationError):
            await check_parent(client.engine().api, UNKNOWN)


async def test_a_project_takes_one_request_and_a_folder_two(box, client) -> None:
    await check_parent(client.engine().api, box.project)
    await check_parent(client.engine().api, id_of(box, "Folder"))

    assert box.state.count("projects.get") == 2
    assert box.state.count("folders.get") == 1
    assert box.state.count("documents.get") == 0


@pytest.mark.parametrize("parent", [UNKNOWN, "nonsense"])
async def test_a_wrong_parent_is_refused_before_the_scan_and_without_a_journal(
    client, tmp_path, monkeypatch, parent
) -> None:
    async def walk(*_: object) -> None:
        raise AssertionError("scanned")

    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").touch()
    monkeypatch.setattr(sys.modules["coredata_async.bulk.check.dry_run"], "plan_into", walk)
    monkeypatch.setattr(
        sys.modules["coredata_async.bulk.check.check"], "plan_into", walk
    )  # `check` hides the module
    job = UploadJob(client, [tmp_path / "tree"], parent=parent, journal=tmp_path / "job.sqlite")

    with pytest.raises(JobInputError, match="no Project, Folder or Filespace has the id"):
        await job.run()
    with pytest.raises(JobInputError, match="no Project, Folder or Filespace has the id"):
        await anext(job.plan())
    with pytest.raises(JobInputError, match="no Project, Folder or Filespace has the id"):
        await anext(check(client, [tmp_path / "tree"], parent=parent))
    assert not (tmp_path / "job.sqlite").exists()
