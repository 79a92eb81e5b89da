"""Tests of Folders, including the system's own."""

import uuid

import pytest

LIST = "/api/v2/folders/"


async def create(api, **said):
    return await api.send("POST", LIST, json=said)


async def details(api, folder):
    return (await api.get(f"{LIST}{folder}/")).json


async def test_create_answers_where_the_folder_is_and_nothing_else(api, box):
    made = await create(api, title="Minutes", parent=box.project)

    assert (made.status, made.body) == (201, b"")
    assert made.headers["Location"] == f"{LIST}{uuid.UUID(made.id)}/"


async def test_a_folder_shows_every_field(api, box):
    made = await create(api, title="Minutes", parent=box.project, description="d", nonsense=1)
    got = await details(api, made.id)

    number = (await api.get(f"/api/v2/projects/{box.project}/")).json["identifier"]
    workspace = (await api.details(await api.file()))["parent"]
    assert got.pop("snapshot_id")
    assert got.pop("created") == got.pop("modified")
    assert got == {
        "aspects": {},
        "created_by": "Administrator Administrator",
        "description": "d",
        "dynatype": {},
        "id": made.id,
        "modified_by": "Administrator Administrator",
        "parent": workspace,
        "path": f"/domain/spaces/Spaces/Sandbox/Projects/Project/{number}/Minutes",
        "project": {"id": box.project, "identifier": number, "title": "Project"},
        "resource_uri": f"{LIST}{made.id}/",
        "space": {"id": box.space, "title": "Sandbox"},
        "tags": [],
        "template": None,
        "title": "Minutes",
        "type": "Folder",
        "version": "0.1",
    }


async def test_a_folder_may_lie_in_a_space_a_filespace_and_a_folder(api, box):
    filespace = box.state.add_folder("Shared", box.space, kind="Filespace")
    outer = (await create(api, title="Outer", parent=box.space)).id

    for parent, path in ((filespace, "Shared/Inner"), (outer, "Outer/Inner")):
        got = await details(api, (await create(api, title="Inner", parent=parent)).id)
        assert (got["parent"], got["project"], got["space"]["id"]) == (parent, {}, box.space)
        assert got["path"] == f"/domain/spaces/Spaces/Sandbox/{path}"


async def test_files_may_be_put_in_it(api, box):
    folder = (await create(api, title="Minutes", parent=box.project)).id

    await api.file(title="in it", parent=folder)

    assert await api.titles(f"/api/v2/files/?parent={folder}") == ["in it"]
    assert await api.titles(f"/api/v2/projects/{box.project}/files/") == ["in it"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"title": 1}, "title"),
        ({"parent": None}, "parent"),
        ({"parent": "nowhere"}, "nowhere"),
        ({"description": 1}, "description"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_words(api, box, change, word):
    got = await create(api, **{"title": "x", "parent": box.project, **change})

    assert got.status == 400
    assert word in got.json["error"]


async def test_a_task_or_a_file_cannot_be_a_parent(api, box):
    for parent in (box.state.add_task(box.project, "x"), await api.file()):
        assert (await create(api, title="x", parent=parent)).status == 400


async def test_lists_show_the_systems_folders_too(api, box):
    box.state.add_folder("Minutes", box.project)
    box.state.add_folder("Shared", box.space, kind="Filespace")

    trash, template, minutes = (await api.get(LIST)).json["objects"]

    assert (trash["path"], trash["version"], trash["created_by"]) == ("/domain/trash", None, None)
    assert (trash["project"], trash["space"], trash["dynatype"]) == ({}, {}, {})
    assert uuid.UUID(trash["parent"])
    assert "{{title}}" in template["path"]
    assert minutes["title"] == "Minutes"
    assert trash.keys() == template.keys() == minutes.keys()
    assert await details(api, trash["id"]) == trash


async def test_what_is_put_into_a_systems_folder_begins_with_its_path(api, box):
    trash = (await api.get(LIST)).json["objects"][0]["id"]

    assert (await api.details(await api.file(parent=trash)))["path"] == "/domain/trash/a.txt"


@pytest.mark.parametrize("query", ["parent=nothing", "title=nothing", "created__lt=2000-01-01T00:00:00Z"])
async def test_no_filter_is_known_and_so_every_one_ignored(api, query):
    assert len(await api.titles(f"{LIST}?{query}")) == 2


async def test_a_project_lists_its_folders_however_deep(api, box):
    outer = box.state.add_folder("Outer", box.project)
    box.state.add_folder("Inner", outer)
    box.state.add_folder("Elsewhere", box.space)

    assert await api.titles(f"/api/v2/projects/{box.project}/folders/") == ["Outer", "Inner"]
    assert (await api.get("/api/v2/projects/nowhere/folders/")).status == 404


async def test_every_operation_has_its_name(api, box):
    folder = (await create(api, title="x", parent=box.project)).id
    for path in (LIST, f"{LIST}{folder}/", f"/api/v2/projects/{box.project}/folders/", f"{LIST}nothing/"):
        await api.get(path)

    assert [(one.operation, one.status) for one in box.state.requests] == [
        ("folders.create", 201),
        ("folders.list", 200),
        ("folders.get", 200),
        ("projects.folders", 200),
        ("folders.get", 404),
    ]
