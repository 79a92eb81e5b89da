"""Tests of an archive: a 5pm project becomes a folder with every file and every text, each once."""

import json

import pytest
from attrs import evolve

from coredata_async.archive.workspace import Workspace
from coredata_async.errors import CoreDataError, NotFoundError
from tests.archive.scene import ALL, digest


async def test_every_file_is_copied_once_under_its_name(scene) -> None:
    project = await scene.planted()

    archived = await scene.archived(project)

    assert archived.complete
    assert await scene.copies() == ALL
    (folder,) = [
        each for each in await scene.client.folders.list().collect() if each.title.startswith("Úttekt")
    ]
    assert folder.title == f"Úttekt (5pm {project})"


async def test_every_activity_is_in_the_documents(scene) -> None:
    project = await scene.planted()

    await scene.archived(project)

    documents = await scene.documents()
    lines = [json.loads(line) for line in documents["activities.jsonl"].splitlines()]
    assert [(each["text"], len(each["files"])) for each in lines] == [
        ("sjá viðhengi", 3),
        ("sjá viðhengi", 1),
    ]
    (task,) = [name for name in documents if name.startswith("task ")]
    assert "a%20%285pm%204%29.txt" in documents[task].decode()
    assert "Leia Organa" in documents["project.html"].decode()


async def test_a_second_run_sends_no_byte_again(scene) -> None:
    project = await scene.planted()
    await scene.archived(project)
    before = scene.sent()

    again = await scene.archived(project)

    assert (again.complete, list(again.outcomes)) == (True, [])
    more = scene.sent() - before
    assert not more["storage.put"]
    assert not more["5pm.activity.downloadFile"]
    assert not more["folders.create"]
    assert await scene.copies() == ALL


async def test_a_later_run_adds_what_is_new(scene) -> None:
    project = await scene.planted()
    await scene.archived(project)
    await scene.noted({"a.txt": b"third"}, project_id=project)
    before = scene.sent()

    await scene.archived(project)

    assert await scene.copies() == {**ALL, ("a (5pm 5).txt", digest(b"third")): 1}
    documents = await scene.documents()  # each once, which is checked there
    assert len(documents["activities.jsonl"].splitlines()) == 3
    assert (scene.sent() - before)["storage.put"] == 3  # the file, the lines, the page of the project


async def test_nothing_of_the_files_stays_on_this_disk(scene) -> None:
    project = await scene.planted()
    await scene.archived(project)

    left = [path.name for path in scene.place.rglob("*") if path.is_file()]

    assert not {name for name, _ in ALL} & set(left)
    assert scene.place.stat().st_mode & 0o077 == 0


async def test_a_file_that_5pm_does_not_return_is_reported_and_retried(scene) -> None:
    project = await scene.planted()
    scene.box.fivepm.dialect = evolve(scene.box.fivepm.dialect, file_verb="post")  # one request per file
    scene.box.faults.status("5pm.activity.downloadFile", 404, times=1)

    archived = await scene.archived(project)

    assert [type(each.error) for each in archived.failures] == [NotFoundError]
    assert not archived.complete
    assert (await scene.copies()).total() == 3
    assert (await scene.archived(project)).complete
    assert await scene.copies() == ALL


async def test_a_file_of_another_size_is_not_archived_unless_wanted(scene) -> None:
    project = await scene.planted()
    for record in scene.box.fivepm.state.files.values():
        record["size"] = 1

    archived = await scene.archived(project)

    assert "5pm states 1 bytes" in str(archived.failures[0].error)
    assert not await scene.copies()
    assert (await scene.archived(project, check_sizes=False)).complete
    assert await scene.copies() == ALL


async def test_a_file_that_coredata_refuses_waits_on_this_disk(scene) -> None:
    project = await scene.planted()
    scene.box.faults.status("storage.put", 400, times=1)

    archived = await scene.archived(project)

    assert archived.report.exit_code != 0
    before = scene.sent()
    assert (await scene.archived(project)).complete
    assert not (scene.sent() - before)["5pm.activity.downloadFile"]
    assert await scene.copies() == ALL


async def test_a_file_that_is_removed_from_this_disk_before_its_upload_is_fetched_again(scene) -> None:
    project = await scene.planted()
    archive = scene.archive(project)
    with archive.lock() as workspace:
        staged = await archive.stage(workspace, lambda _: None)
        (workspace.folder(staged.names) / "a.txt").unlink()
        archived = archive.settle(workspace, staged, await archive.job(workspace).run())

    assert [each.name for each in archived.failures] == ["a.txt"]
    assert not archived.complete
    assert (await scene.archived(project)).complete
    assert await scene.copies() == ALL


async def test_two_projects_of_one_name_do_not_flow_together(scene, tmp_path) -> None:
    await scene.archived(await scene.planted())
    other = evolve(scene, place=tmp_path / "other")

    assert (await other.archived(await other.planted())).complete

    titles = [each.title for each in await scene.client.folders.list().collect()]
    assert len([each for each in titles if each.startswith("Úttekt")]) == 2
    assert (await scene.copies())["a.txt", digest(b"first")] == 2


async def test_only_one_process_makes_an_archive(scene) -> None:
    project = await scene.planted()
    with Workspace(scene.place).lock(), pytest.raises(CoreDataError, match="another process"):
        await scene.archived(project)


async def test_a_lost_workspace_costs_a_comparison_but_no_second_file(scene, tmp_path) -> None:
    project = await scene.planted()
    await scene.archived(project)

    assert (await evolve(scene, place=tmp_path / "new").archived(project)).complete

    assert await scene.copies() == ALL
    await scene.documents()


async def test_a_missing_project_is_reported(scene) -> None:
    with pytest.raises(NotFoundError):
        await scene.archived("999")


async def test_a_task_whose_notes_the_project_does_not_list_is_archived_too(scene, monkeypatch) -> None:
    """It is not documented whether the filter by project includes the notes of its tasks."""
    project = await scene.planted()
    for record in scene.box.fivepm.state.activity.values():
        if record["taskId"]:
            record["projectId"] = None

    await scene.archived(project)

    assert await scene.copies() == ALL
