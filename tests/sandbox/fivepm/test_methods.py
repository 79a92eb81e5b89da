"""Tests of all 36 methods at their documented places, in both formats."""

from collections import Counter

import aiohttp
import pytest

from coredata_async.sandbox.fivepm.methods import METHODS

LOOKED_AT = "get/projects/getAll"


def test_there_are_36_in_7_services():
    assert len({(one.service, one.name) for one in METHODS}) == 36
    assert Counter(one.service for one in METHODS) == {
        "authentication": 3,
        "metainfo": 2,
        "projects": 6,
        "tasks": 5,
        "users": 6,
        "activity": 9,
        "projectsgroups": 5,
    }


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("method", METHODS, ids=lambda one: one.operation)
async def test_every_method_answers_in_both_formats(pm, method, form):
    await pm.made("projectsgroups", "group", name="Clients")
    await pm.project()
    note = await pm.note(taskId=await pm.task())
    await pm.post(
        "activity/attachFiles", {"activityId": note, "files[1][name]": "a.txt", "files[1][content]": "YQ=="}
    )
    noun = {"projectsgroups": "group"}.get(method.service, method.service.removesuffix("s"))
    needed = {
        "user": {"firstName": "Han", "email": "han@x.is", "password": "p", "securityLevel": "100"},
        "activity": {"taskId": "1", "type": "msg", "text": "x"},
    }.get(noun, {"name": "x"})
    arguments = {
        "add": {f"{noun}[{name}]": value for name, value in needed.items()},
        "update": {f"{noun}[id]": "1"},
        "getByEmail": {"email": pm.account.login},
        "attachFiles": {"activityId": "1", "files[1][name]": "b.txt", "files[1][content]": ""},
    }.get(method.name, {"id": "1"})
    pm.speaks(download="metadata")

    place = "params" if method.verb == "get" else "data"
    asked = {**pm.credentials, **arguments, "retType": form}
    got = await pm.send(
        method.verb.upper(), f"{method.verb}/{method.service}/{method.name}", **{place: asked}
    )

    assert got.status == 200, got
    assert len(got.data if form == "json" else got.xml) > 0
    assert got.type == {"xml": "text/xml", "json": "application/json"}[form]
    assert pm.state.calls[-1].operation == method.operation


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", LOOKED_AT, 405),
        ("GET", "post/projects/add", 405),
        ("GET", "post/projects/getAll", 401),
        ("POST", "get/users/getById", 405),
        ("GET", "get/tasks/getAll", 404),
    ],
)
async def test_another_verb_or_segment_is_not_found_or_not_allowed(pm, method, path, status):
    assert (await pm.send(method, path)).status == status


async def test_a_task_and_a_user_may_have_the_same_id(pm):
    assert await pm.task(name="First") == "1"

    assert (await pm.get("tasks/getById", id="1")).data["name"] == "First"
    assert (await pm.get("users/getById", id="1")).data["firstName"] == "Leia"


@pytest.mark.parametrize("place", ["query", "body", "split", "multipart"])
async def test_a_post_takes_its_arguments_from_anywhere(pm, place):
    session = {**pm.credentials, "retType": "json"}
    given = {"project[name]": "A & B", "project[team][0]": "2"}
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in {**session, **given}.items():
        form.add_field(name, value)
    options = {
        "query": {"params": {**session, **given}},
        "body": {"data": {**session, **given}},
        "split": {"params": {**session, "project[team][0]": "2"}, "data": {"project[name]": "A & B"}},
        "multipart": {"data": form},
    }[place]

    got = await pm.send("POST", "post/projects/add", **options)

    assert got.data["name"] == "A & B"
    assert pm.state.projects["1"]["team"] == ("2",)


async def test_the_body_of_a_get_is_ignored(pm):
    got = await pm.send("GET", LOOKED_AT, data=pm.credentials)

    assert got.status == 401
