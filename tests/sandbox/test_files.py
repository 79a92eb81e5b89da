"""Tests of Files and their metadata."""

import uuid
from hashlib import md5

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api

LIST = "/api/v2/files/"


async def test_create_by_content_answers_where_the_file_is(api, box):
    got = await api.form(filename="a.txt", title="a", parent=box.project, content=b"hello")

    assert (got.status, got.body) == (201, b"")
    assert got.headers["Location"] == f"{LIST}{uuid.UUID(got.id)}/"
    assert await box.content(got.id) == b"hello"


async def test_the_order_of_the_form_does_not_matter(api, box):
    got = await api.form(content=b"hello", parent=box.project, title="a", filename="a.txt")

    assert await box.content(got.id) == b"hello"


async def test_a_file_shows_every_field_of_todays_sample(api, box):
    file = await api.file(
        b"hello", filename="Árs skýrsla.pdf", title="Sample document", tags="one, two words,,"
    )
    got = await api.details(file)

    project = (await api.get(f"/api/v2/projects/{box.project}/")).json
    assert len(got.pop("blob_name")) == 32
    assert got.pop("created") == got.pop("modified")
    assert uuid.UUID(got.pop("snapshot_id")).version == 1
    assert got.pop("parent") not in (box.project, box.space)
    assert got.pop("dynatype")["title"] == "File"
    assert got == {
        "aspects": {},
        "category": "main",
        "created_by": "Administrator Administrator",
        "description": "",
        "digest": md5(b"hello").hexdigest(),
        "filename": "Árs skýrsla.pdf",
        "fileplan": "",
        "fileplan_title": "",
        "folder": "",
        "id": file,
        "mime_type": "application/pdf",
        "modified_by": "Administrator Administrator",
        "owner": None,
        "path": f"/domain/spaces/Spaces/Sandbox/Projects/Project/{project['identifier']}/Árs skýrsla.pdf",
        "project": {"id": box.project, "identifier": project["identifier"], "title": "Project"},
        "resource_uri": f"{LIST}{file}/",
        "size": 5,
        "space": {"id": box.space, "title": "Sandbox"},
        "tags": ["one", "two words"],
        "template": None,
        "title": "Sample document",
        "type": "File",
        "userhome": None,
        "version": "0.1",
    }


async def test_a_large_content_arrives_whole(api, box):
    data = bytes(range(256)) * 20_000 + b"\r\n--end"

    assert await box.content(await api.file(data)) == data


async def test_an_empty_content_is_a_content(api, box):
    assert (await api.details(await api.file(b"")))["size"] == 0


async def test_register_makes_a_file_of_a_stored_blob(api, box):
    blob = await api.stored(b"hello")

    got = await api.register(blob)

    details = await api.details(got.id)
    assert (details["blob_name"], details["size"]) == (blob, 5)
    assert details["digest"] == md5(b"hello").hexdigest()
    assert (box.state.count("files.register"), box.state.count("files.create")) == (1, 0)


async def test_register_of_a_blob_that_was_never_put_is_refused(api):
    blob, _ = await api.reserve(5)

    got = await api.register(blob)

    assert got.status == 400
    assert blob in got.json["error"]


async def test_registering_twice_makes_two_files(api, box):
    blob = await api.stored()

    first, second = await api.register(blob), await api.register(blob)

    assert first.id != second.id
    assert box.state.files_per_blob() == {blob: 2}


async def test_registering_twice_can_be_forbidden():
    async with SandboxServer(refuse_second_registration=True) as box, aiohttp.ClientSession() as session:
        api = Api(box, session)
        blob = await api.stored()

        assert [(await api.register(blob)).status for _ in range(2)] == [201, 400]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"filename": ""}, "filename"),
        ({"title": ""}, "title"),
        ({"parent": ""}, "parent"),
        ({"parent": "nowhere"}, "nowhere"),
        ({"dynatype": "Nonsense"}, "Nonsense"),
        ({"blob_name": "b" * 32}, "Only one"),
    ],
)
async def test_a_form_that_makes_no_sense_is_refused_and_leaves_no_blob(api, box, change, word):
    fields = {"filename": "a.txt", "title": "a", "parent": box.project, **change}

    got = await api.form(content=b"hello", **fields)

    assert got.status == 400
    assert word in got.json["error"]
    assert (box.state.files, dict(box.state.blobs)) == ([], {})


async def test_a_form_without_content_and_blob_is_refused(api, box):
    got = await api.form(filename="a.txt", title="a", parent=box.project)

    assert got.status == 400


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "text/plain"],
)
async def test_a_body_that_is_not_a_multipart_form_is_refused(api, content_type):
    got = await api.send("POST", LIST, data=b"title=x", headers={"Content-Type": content_type})

    assert got.status == (400 if content_type == "multipart/form-data" else 415)
    assert got.json["error"]


async def test_a_space_cannot_be_a_parent(api, box):
    assert (await api.form(filename="a", title="a", parent=box.space, content=b"")).status == 400


async def test_a_file_may_lie_in_a_folder_or_a_filespace(api, box):
    folder = box.state.add_folder("Minutes", box.project)
    filespace = box.state.add_folder("Shared", box.space, kind="Filespace")

    inner, outer = await api.file(parent=folder), await api.file(parent=filespace)

    inside, outside = await api.details(inner), await api.details(outer)
    assert (inside["parent"], inside["project"]["id"]) == (folder, box.project)
    assert inside["path"].endswith("-1/Minutes/a.txt")
    assert (outside["parent"], outside["project"]) == (filespace, {})
    assert outside["path"] == "/domain/spaces/Spaces/Sandbox/Shared/a.txt"


async def test_contacts_are_linked_for_another_dynatype_and_dropped_for_file(api, box):
    one, other = box.state.add_contact("Jón"), box.state.add_contact("Anna")
    await api.file(title="linked", dynatype="Memo", contacts=f"{one}, {other}")
    await api.file(title="dropped", contacts=one)

    assert await api.titles(f"{LIST}?associated_contacts_id={other}") == ["linked"]
    assert await api.titles(f"{LIST}?associated_contacts_id={one}") == ["linked"]
    assert "contacts" not in (await api.get(LIST)).json["objects"][0]


@pytest.mark.parametrize("dynatype", ["Memo", "File"])
async def test_contacts_that_are_unknown_are_refused(api, box, dynatype):
    fields = {"filename": "a", "title": "a", "parent": box.project, "dynatype": dynatype}

    made = await api.form(**fields, contacts=f"missing,{box.state.add_contact('Jón')}", content=b"")
    assert (made.status, "missing" in made.json["error"]) == (400, True)
    assert not box.state.files
    assert not box.state.blobs

    path = f"{LIST}{await api.file()}/"
    changed = await api.send("PUT", path, json={**fields, "contacts": box.project})
    assert (changed.status, box.project in changed.json["error"]) == (400, True)


async def test_a_project_lists_its_files_wherever_they_lie(api, box):
    other = (await api.send("POST", "/api/v2/projects/", json={"space": box.space, "title": "Other"})).id
    await api.file(title="direct")
    await api.file(title="deep", parent=box.state.add_folder("F", box.project))
    await api.file(title="elsewhere", parent=other)

    assert await api.titles(f"/api/v2/projects/{box.project}/files/") == ["direct", "deep"]
    assert (await api.get("/api/v2/projects/nowhere/files/")).status == 404


async def test_a_deleted_file_is_gone(api, box):
    file = await api.file()

    assert (await api.send("DELETE", f"{LIST}{file}/")).status == 204
    assert [(await api.send(method, f"{LIST}{file}/")).status for method in ("GET", "DELETE")] == [404, 404]
    assert box.state.files == []
