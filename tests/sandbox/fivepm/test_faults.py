"""Tests of the sandbox's faults on operations of 5pm."""

import json

import aiohttp
import pytest

from tests.sandbox.api import until


async def test_a_fault_strikes_a_method_by_its_name(pm, box):
    box.faults.status("5pm.projects.add", 503, retry_after=1)

    first = await pm.post("projects/add", {"project[name]": "x"})
    second = await pm.post("projects/add", {"project[name]": "x"})

    assert (first.status, second.status, len(pm.state.projects)) == (503, 200, 1)
    assert box.state.count("5pm.projects.add") == 2


async def test_a_lost_answer_and_a_late_change(pm, box):
    box.faults.reset_after("5pm.tasks.add")
    with pytest.raises(aiohttp.ClientConnectionError):
        await pm.post("tasks/add", {"task[name]": "x"})
    assert len(pm.state.tasks) == 1

    box.faults.commit_late("5pm.tasks.add", 0.05)
    with pytest.raises(aiohttp.ClientConnectionError):
        await pm.post("tasks/add", {"task[name]": "y"})
    assert len(pm.state.tasks) == 1
    await until(lambda: len(pm.state.tasks) == 2)


async def test_a_cut_upload_keeps_nothing(pm, box):
    note = await pm.note(projectId=await pm.project())
    box.faults.cut_upload("5pm.activity.attachFiles", 100)

    with pytest.raises(aiohttp.ClientConnectionError):
        await pm.post(
            "activity/attachFiles",
            {"activityId": note, "files[1][name]": "a", "files[1][content]": "YQ==" * 99},
        )

    assert pm.state.files == {}


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_half_a_document(pm, box, form):
    box.faults.broken_json("5pm.users.getAll")

    got = await pm.get("users/getAll", retType=form)

    with pytest.raises((json.JSONDecodeError, SyntaxError)):
        _ = got.json if form == "json" else got.xml


async def test_a_field_may_be_hidden_or_empty(pm, box):
    await pm.project()
    box.faults.hide("5pm.projects.getList", "id")
    box.faults.hide("5pm.projects.getList", "total", "name", null=True, after=1)

    (first,) = (await pm.get("projects/getList")).data["items"]
    (second,) = (await pm.get("projects/getList")).data["items"]

    assert ("id" in first, first["name"], second["id"], second["name"]) == (False, "Audit", "1", "")


async def test_a_download_can_be_truncated(pm, box):
    note = await pm.note(projectId=await pm.project())
    await pm.post(
        "activity/attachFiles", {"activityId": note, "files[1][name]": "a", "files[1][content]": "YWJj"}
    )
    box.faults.truncate("5pm.activity.downloadFile", 2)

    with pytest.raises(aiohttp.ClientPayloadError):
        await pm.post("activity/downloadFile", {"id": "1"})
