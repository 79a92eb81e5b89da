"""Tests of tasks."""

import uuid

import pytest

LIST = "/api/v2/tasks/"


@pytest.fixture
async def made(api, box):
    return await api.send("POST", LIST, json={"project": box.project, "title": "Write"})


async def details(api, task):
    return (await api.get(f"{LIST}{task}/")).json


async def test_create_answers_where_the_task_is_and_nothing_else(made):
    assert (made.status, made.body) == (201, b"")
    assert made.headers["Location"] == f"{LIST}{uuid.UUID(made.id)}/"


async def test_a_task_shows_every_field_and_no_fileplan(api, box, made):
    got = await details(api, made.id)

    project = (await api.get(f"/api/v2/projects/{box.project}/")).json
    assert got.pop("dynatype")["title"] == "Task"
    assert got.pop("snapshot_id")
    assert got.pop("created") == got.pop("modified")
    assert got == {
        "aspects": {},
        "associated_contacts_id": [],
        "associated_users": [],
        "connected_users": ["administrator"],
        "contacts": [],
        "created_by": "Administrator Administrator",
        "description": "",
        "due_date": None,
        "id": made.id,
        "modified_by": "Administrator Administrator",
        "path": "/domain/spaces/Spaces/Sandbox/Projects/Project/tasks/Write",
        "project": {"id": box.project, "identifier": project["identifier"], "title": "Project"},
        "resource_uri": f"{LIST}{made.id}/",
        "responsible_users": [],
        "space": {"id": box.space, "title": "Sandbox"},
        "status": "task_status:In_progress:",
        "status_message": None,
        "tags": [],
        "template": None,
        "title": "Write",
        "type": "Task",
        "version": "0.1",
    }


async def test_everything_that_can_be_said_is_kept(api, box):
    contact = box.state.add_contact("Jón")
    said = {
        "project": box.project,
        "title": "All",
        "aspects": {"timespan": {"all_day": True}},
        "associated_users": ["rey"],
        "contacts": [contact],
        "description": "d",
        "due_date": "2026-12-24",
        "responsible_users": ["padme"],
        "status": "task_status:Pending:",
        "status_message": "m",
        "tags": ["one", "two"],
        "nonsense": 1,
        "fileplan": "not of a task",
    }
    made = await api.send("POST", LIST, json=said)
    got = await details(api, made.id)

    padme = {"first_name": "Padme", "last_name": "Amidala", "username": "padme"}
    assert (got["responsible_users"], got["associated_users"][0]["username"]) == ([padme], "rey")
    assert got["associated_contacts_id"] == [contact]
    assert {"nonsense", "fileplan"}.isdisjoint(got)
    for name in ("aspects", "contacts", "description", "due_date", "status", "status_message", "tags"):
        assert got[name] == said[name]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"project": ""}, "project"),
        ({"project": "nowhere"}, "nowhere"),
        ({"contacts": ["unknown"]}, "Contact 'unknown' does not exist"),
        ({"contacts": "a,b"}, "contacts"),
        ({"tags": [1]}, "tags"),
        ({"due_date": "soon"}, "due_date"),
        ({"status": "project_status:Pending:"}, "task_status"),
        ({"responsible_users": ["missing"]}, "missing"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_words(api, box, change, word):
    got = await api.send("POST", LIST, json={"project": box.project, "title": "x", **change})

    assert got.status == 400
    assert word in got.json["error"]
    assert box.state.of("Task") == []


async def test_a_space_is_not_a_project(api, box):
    assert (await api.send("POST", LIST, json={"project": box.space, "title": "x"})).status == 400


async def test_update_changes_what_is_said_and_null_clears(api, made):
    path = f"{LIST}{made.id}/"
    said = {
        "status": "task_status:Closed:",
        "status_message": "done",
        "tags": ["a", "b"],
        "description": "kept",
    }
    await api.send("PUT", path, json=said)
    before = await details(api, made.id)

    got = await api.send("PUT", path, json={"tags": ["b"], "status_message": None, "status": None})

    after = await details(api, made.id)
    assert (got.status, got.body) == (204, b"")
    assert (before["status"], before["status_message"]) == ("task_status:Closed:", "done")
    assert (after["status"], after["status_message"]) == ("task_status:In_progress:", None)
    assert (after["tags"], after["description"], after["title"]) == (["b"], "kept", "Write")
    assert after["snapshot_id"] != before["snapshot_id"]


@pytest.mark.parametrize("body", [{"title": ""}, {"project": None}, {"project": "x"}, {"contacts": ["x"]}])
async def test_an_update_that_makes_no_sense_changes_nothing(api, made, body):
    before = await details(api, made.id)

    assert (await api.send("PUT", f"{LIST}{made.id}/", json=body)).status == 400
    assert await details(api, made.id) == before


async def test_another_project_moves_the_task(api, box, made):
    other = (await api.send("POST", "/api/v2/projects/", json={"space": box.space, "title": "Other"})).id

    await api.send("PUT", f"{LIST}{made.id}/", json={"project": other})

    assert (await details(api, made.id))["project"]["id"] == other
    assert await api.titles(f"/api/v2/projects/{other}/tasks/") == ["Write"]
    assert await api.titles(f"/api/v2/projects/{box.project}/tasks/") == []


async def test_a_deleted_task_is_gone(api, box, made):
    got = await api.send("DELETE", f"{LIST}{made.id}/")

    assert (got.status, got.body, box.state.of("Task")) == (204, b"", [])
    for method in ("GET", "PUT", "DELETE"):
        again = await api.send(method, f"{LIST}{made.id}/", json={"title": "x"})
        assert (again.status, again.body) == (404, b"")


async def test_tasks_are_listed_and_filtered(api, box):
    contact = box.state.add_contact("Jón")
    box.state.add_task(box.project, "Write", contacts=[contact])
    box.state.add_task(box.project, "Read", status="task_status:Closed:", tags=["t"], description="d")

    assert await api.titles(LIST) == ["Write", "Read"]
    assert await api.titles(f"{LIST}?title=Read") == ["Read"]
    assert await api.titles(f"{LIST}?title__startswith=W") == ["Write"]
    assert await api.titles(f"{LIST}?associated_contacts_id={contact}") == ["Write"]
    assert await api.titles(f"{LIST}?created__lt=2000-01-01T00:00:00Z") == []
    assert await api.titles(f"{LIST}?modified__gte=2000-01-01T00:00:00Z&limit=1") == ["Write"]
    assert await api.titles(f"{LIST}?status=task_status:Closed:") == ["Write", "Read"]
    read = (await api.get(f"{LIST}?title=Read")).json["objects"][0]
    assert (read["status"], read["tags"], read["description"]) == ("task_status:Closed:", ["t"], "d")


async def test_a_project_lists_its_tasks(api, box):
    box.state.add_task(box.project, "Write")

    assert await api.titles(f"/api/v2/projects/{box.project}/tasks/") == ["Write"]
    assert await api.titles(f"/api/v2/projects/{box.project}/tasks/?title=Read") == []
    assert (await api.get("/api/v2/projects/nowhere/tasks/")).status == 404


async def test_every_operation_has_its_name(api, box):
    task = (await api.send("POST", LIST, json={"project": box.project, "title": "x"})).id
    await api.get(LIST)
    await api.get(f"{LIST}{task}/")
    await api.send("PUT", f"{LIST}{task}/", json={})
    await api.get(f"/api/v2/projects/{box.project}/tasks/")
    await api.send("DELETE", f"{LIST}{task}/")

    assert [one.operation for one in box.state.requests] == [
        *("tasks.create", "tasks.list", "tasks.get", "tasks.update", "projects.tasks", "tasks.delete")
    ]
