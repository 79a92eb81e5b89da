"""Tests of projects and spaces."""

import json
import uuid

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api

LIST = "/api/v2/projects/"


@pytest.fixture
async def made(api, box):
    return await api.send("POST", LIST, json={"space": box.space, "title": "Board"})


async def test_create_answers_where_the_project_is_and_nothing_else(made):
    assert (made.status, made.body) == (201, b"")
    assert made.headers["Location"] == f"{LIST}{uuid.UUID(made.id)}/"


async def test_a_project_shows_every_field_of_todays_sample(api, box, made):
    got = (await api.get(f"{LIST}{made.id}/")).json

    space = {"id": box.space, "title": "Sandbox"}
    dynatype = got.pop("dynatype")
    assert dynatype.pop("id")
    assert dynatype == {
        "caption_plural": "dynatypes_labels:Project_plural:",
        "caption_singular": "dynatypes_labels:Project_singular:",
        "title": "Project",
    }
    assert got.pop("snapshot_id")
    assert got.pop("created") == got.pop("modified")
    assert got.pop("identifier").endswith("-2")
    assert got == {
        "aspects": {},
        "associated_contacts_id": [],
        "associated_users": [],
        "connected_users": ["administrator"],
        "contacts": [],
        "created_by": "Administrator Administrator",
        "description": "",
        "due_date": None,
        "fileplan": "",
        "fileplan_title": "",
        "id": made.id,
        "modified_by": "Administrator Administrator",
        "path": "/domain/spaces/Spaces/Sandbox/Projects/Board",
        "resource_uri": f"{LIST}{made.id}/",
        "responsible_users": [],
        "space": space,
        "status": "project_status:In_progress:",
        "status_message": "",
        "tags": [],
        "template": None,
        "title": "Board",
        "type": "Project",
        "version": "0.1",
    }


async def test_everything_that_can_be_said_is_kept(api, box):
    contact, programme = box.state.add_contact("Jón"), box.add_project("P", dynatype="Programme")
    said = {
        "space": box.space,
        "title": "All",
        "aspects": {"url": {"url": "www.azazo.com"}},
        "associated_users": ["rey"],
        "contacts": [contact],
        "description": "d",
        "due_date": "2026-12-24",
        "fileplan": "f",
        "responsible_users": ["padme"],
        "status": "project_status:Pending:",
        "status_message": "m",
        "sub_project_of": [programme],
        "tags": ["one", "two"],
        "template": "t",
        "nonsense": 1,
    }
    made = await api.send("POST", LIST, json=said)
    got = (await api.get(f"{LIST}{made.id}/")).json

    padme = {"first_name": "Padme", "last_name": "Amidala", "username": "padme"}
    assert got["responsible_users"] == [padme]
    assert got["associated_users"][0]["username"] == "rey"
    assert got["associated_contacts_id"] == [contact]
    assert "sub_project_of" not in got
    assert "nonsense" not in got
    for name in (
        "aspects",
        "contacts",
        "description",
        "due_date",
        "fileplan",
        "status",
        "status_message",
        "tags",
        "template",
    ):
        assert got[name] == said[name]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"space": ""}, "space"),
        ({"space": "nowhere"}, "nowhere"),
        ({"contacts": "a,b"}, "contacts"),
        ({"contacts": ["unknown"]}, "Contact 'unknown' does not exist"),
        ({"tags": [1]}, "tags"),
        ({"aspects": []}, "aspects"),
        ({"due_date": "soon"}, "due_date"),
        ({"due_date": ""}, "due_date"),
        ({"due_date": "20261224"}, "due_date"),
        ({"due_date": "2026-W52-4"}, "due_date"),
        ({"due_date": "2026-12-24T00:00:00"}, "due_date"),
        ({"due_date": "2026-02-30"}, "due_date"),
        ({"status": "Pending"}, "project_status:Pending:"),
        ({"status": "project_status:Pending"}, "project_status"),
        ({"status": "project_status:Finished:"}, "project_status"),
        ({"status": "task_status:Pending:"}, "project_status"),
        ({"status": ""}, "project_status"),
        ({"sub_project_of": ["nothing"]}, "Programme 'nothing' does not exist"),
        ({"responsible_users": ["unknown"]}, "unknown"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_words(api, box, change, word):
    got = await api.send("POST", LIST, json={"space": box.space, "title": "x", **change})

    assert got.status == 400
    assert word in got.json["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"title=x"])
async def test_a_body_that_is_not_a_json_object_is_refused(api, body):
    headers = {"Content-Type": "application/json"}
    assert (await api.send("POST", LIST, data=body, headers=headers)).status == 400


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
async def test_a_json_body_of_another_type_is_refused_as_unsupported(api, box, content_type):
    body = json.dumps({"space": box.space, "title": "x"}).encode()

    for method, path in (("POST", LIST), ("PUT", f"{LIST}{box.project}/")):
        got = await api.send(
            method,
            path,
            data=body,
            headers={"Content-Type": content_type} if content_type else {},
            skip_auto_headers=["Content-Type"],
        )

        assert got.status == 415
        assert "application/json" in got.json["error"]
    assert len(box.state.of("Project")) == 1


async def test_a_json_type_may_name_its_charset(api, box):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    body = json.dumps({"space": box.space, "title": "x"})

    assert (await api.send("POST", LIST, data=body, headers=headers)).status == 201


async def test_a_template_is_shown_until_it_is_cleared(api, box):
    made = await api.send("POST", LIST, json={"space": box.space, "title": "x", "template": "t"})
    path = f"{LIST}{made.id}/"
    assert (await api.get(path)).json["template"] == "t"

    await api.send("PUT", path, json={"title": "y"})
    assert (await api.get(path)).json["template"] == "t"

    await api.send("PUT", path, json={"template": None})
    assert (await api.get(path)).json["template"] is None


async def test_a_project_that_is_not_a_programme_cannot_have_subprojects(api, box):
    said = {"space": box.space, "title": "x", "sub_project_of": [box.project]}

    assert (await api.send("POST", LIST, json=said)).status == 400


async def test_update_changes_what_is_said_and_replaces_lists_whole(api, box, made):
    path = f"{LIST}{made.id}/"
    one, other = box.state.add_contact("Jón"), box.state.add_contact("Anna")
    await api.send("PUT", path, json={"contacts": [one, other], "description": "kept"})
    before = (await api.get(path)).json

    got = await api.send("PUT", path, json={"contacts": [other], "title": "Board 2"})

    after = (await api.get(path)).json
    assert (got.status, got.body) == (204, b"")
    assert (after["contacts"], after["title"], after["description"]) == ([other], "Board 2", "kept")
    assert after["id"] == before["id"]
    assert after["snapshot_id"] != before["snapshot_id"]


async def test_null_clears_a_field_to_its_empty_form(api, box, made):
    path = f"{LIST}{made.id}/"
    before = (await api.get(path)).json
    said = {
        "aspects": {"url": {"url": "x"}},
        "associated_users": ["rey"],
        "contacts": [box.state.add_contact("Jón")],
        "description": "d",
        "due_date": "2026-12-24",
        "fileplan": "f",
        "responsible_users": ["padme"],
        "status": "project_status:Pending:",
        "status_message": "m",
        "tags": ["t"],
    }
    assert (await api.send("PUT", path, json=said)).status == 204

    got = await api.send("PUT", path, json=dict.fromkeys(said))

    after = (await api.get(path)).json
    assert got.status == 204
    assert {name: after[name] for name in said} == {name: before[name] for name in said}


async def test_an_unknown_field_of_an_update_is_ignored(api, made):
    assert (await api.send("PUT", f"{LIST}{made.id}/", json={"nonsense": 1, "identifier": "x"})).status == 204
    assert (await api.get(f"{LIST}{made.id}/")).json["identifier"].endswith("-2")


@pytest.mark.parametrize("body", [{"title": ""}, {"space": "x"}, {"title": None}, {"contacts": ["unknown"]}])
async def test_an_update_that_makes_no_sense_changes_nothing(api, made, body):
    path = f"{LIST}{made.id}/"
    before = (await api.get(path)).json

    assert (await api.send("PUT", path, json=body)).status == 400
    assert (await api.get(path)).json == before


async def test_a_deleted_project_is_gone_with_everything_in_it(api, box):
    file = await api.file(parent=box.state.add_folder("Minutes", box.project))
    box.state.add_task(box.project, "Write them")
    box.state.add_comment(file, "gone, too")

    got = await api.send("DELETE", f"{LIST}{box.project}/")

    assert (got.status, got.body) == (204, b"")
    assert (await api.get(f"{LIST}{box.project}/")).status == 404
    assert (await api.get(f"/api/v2/files/{file}/")).status == 404
    kinds = [one.kind for one in box.state.documents.values()]
    assert kinds == ["ContactFolder", "Folder", "Folder", "Space"]
    assert box.state.comments == {}


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", {"title": "x"}), ("DELETE", None)])
async def test_a_project_that_is_not_there_is_an_empty_404(api, method, body):
    got = await api.send(method, f"{LIST}{uuid.uuid4()}/", json=body)

    assert (got.status, got.body) == (404, b"")


async def test_ids_carry_the_creation_time_and_times_are_cut_to_the_second():
    async with SandboxServer(clock=lambda: 1798761599.96) as box, aiohttp.ClientSession() as session:
        got = (await Api(box, session).get(f"{LIST}{box.project}/")).json

    moment = (uuid.UUID(got["id"]).time - 0x01B21DD213814000) // 10_000_000
    assert uuid.UUID(got["id"]).version == 1
    assert got["created"] == "2026-12-31T23:59:59"
    assert moment == 1798761599
    assert got["identifier"] == "2026-1"


async def test_a_project_can_move_to_another_space(api, box):
    other = box.state.add_space("Other")

    await api.send("PUT", f"{LIST}{box.project}/", json={"space": other})

    assert (await api.get(f"{LIST}{box.project}/")).json["space"] == {"id": other, "title": "Other"}


@pytest.mark.parametrize("body", [b"", b"x", b"[1]", b"\xff", b"[" * 100_000, b'{"a":' * 100_000])
async def test_what_is_not_a_json_object_is_refused(api, body):
    got = await api.send("POST", "/api/v2/projects/", data=body, headers={"Content-Type": "application/json"})

    assert (got.status, "JSON" in got.json["error"]) == (400, True)
