"""Tests of rules on the vendor's page: valid values, the fields of an example, and its misprints."""

import pytest

PROGRESS = {"taskId": "1", "type": "progress", "text": "x", "progress": "50"}


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("projects/add", {"project[name]": "x", "project[priority]": "5"}),
        ("projects/add", {"project[name]": "x", "project[priority]": "0"}),
        ("projects/add", {"project[name]": "x", "project[status]": "1"}),
        ("projects/add", {"project[name]": "x", "project[flag]": "4"}),
        ("projects/update", {"project[id]": "1", "project[flag]": "-1"}),
        ("tasks/add", {"task[name]": "x", "task[priority]": "5"}),
        ("tasks/update", {"task[id]": "1", "task[status]": "40"}),
        ("tasks/update", {"task[id]": "1", "task[progress]": "101"}),
        ("users/update", {"user[id]": "1", "user[securityLevel]": "50"}),
        ("activity/add", {"activity[taskId]": "1", "activity[type]": "note", "activity[text]": "x"}),
        ("activity/update", {"activity[id]": "1", "activity[type]": "Progress"}),
    ],
)
async def test_a_value_that_the_page_does_not_call_valid_is_refused(pm, path, arguments):
    await pm.project()
    await pm.note(taskId=await pm.task())

    got = await pm.post(path, arguments)

    name = list(arguments)[-1].partition("[")[2].rstrip("]")
    assert got.status == 400
    assert f"{name}: " in str(got.data) or "type: note" in str(got.data)
    assert len(pm.state.projects) == len(pm.state.tasks) == len(pm.state.activity) == 1


@pytest.mark.parametrize("kind", ["msg", "progress", "file", "googledocs", "ss_boards", "ff_boards"])
async def test_every_activity_type_of_the_page_is_valid(pm, kind):
    task = await pm.task()

    assert await pm.note(taskId=task, type=kind, progress="1" if kind == "progress" else "")


@pytest.mark.parametrize("value", ["1", "2", "3", "4"])
async def test_every_priority_of_the_page_is_valid(pm, value):
    project = await pm.project(priority=value, status="20", flag=str(int(value) - 1))

    shown = (await pm.get("projects/getById", id=project)).data
    assert (shown["priority"], shown["status"], shown["flag"]) == (value, "20", str(int(value) - 1))


async def test_a_status_that_the_account_added_is_valid(pm):
    pm.state.statuses.append({"id": "40", "name": "Billed", "alias": "billed", "is_final": True})

    assert await pm.project(status="40")


async def test_a_progress_note_cannot_be_hidden_from_clients(pm):
    await pm.task()

    for said in (PROGRESS, {**PROGRESS, "type": "msg"}):
        fields = {f"activity[{name}]": value for name, value in {**said, "hideFromClients": "1"}.items()}
        got = await pm.post("activity/add", fields)
        assert (got.status, "cannot be hidden" in str(got.data)) == (400, True)
    assert not pm.state.activity
    assert pm.state.tasks["1"]["progress"] == 0

    note, message = await pm.note(**PROGRESS), await pm.note(taskId="1", hideFromClients="1")
    for said in (
        {"activity[id]": note, "activity[hideFromClients]": "1"},
        {"activity[id]": message, "activity[progress]": "70"},
    ):
        assert (await pm.post("activity/update", said)).status == 400
    assert pm.state.activity[note]["hideFromClients"] is False


async def test_a_dialect_may_require_what_a_third_party_saw_required_of_users(pm):
    assert await pm.made("users", "user", firstName="Han")

    pm.speaks(required="observed")
    got = await pm.post("users/add", {"user[firstName]": "Chewbacca"})

    assert got.status == 400
    assert all(name in str(got.data) for name in ("email", "password", "securityLevel"))


async def test_a_dialect_may_refuse_what_the_page_misprints(pm):
    group, project = await pm.made("projectsgroups", "group", name="Clients"), await pm.project()
    token = await pm.signed_in()
    pm.speaks(misprints=False, file_verb="post")

    got = await pm.send("GET", "post/projects/getById", params={**pm.credentials, "id": project})
    assert got.status == 404
    scrambled = await pm.send("GET", f"get/activity/getList?sessionId=filter[taskId]=1&{token}")
    assert scrambled.status == 401
    await pm.post("projectsgroups/update", {"group[id]": group, "projectsgroups[name]": "Partners"})
    assert pm.state.groups[group]["name"] == "Clients"
    for verb, segment in (("GET", "get"), ("POST", "get")):
        assert (await pm.send(verb, f"{segment}/activity/downloadFile")).status == 405


async def test_the_documented_name_wins_over_the_misprinted_one(pm):
    group = await pm.made("projectsgroups", "group", name="Clients")

    both = {"group[id]": group, "group[name]": "Right", "projectsgroups[name]": "Wrong"}
    await pm.post("projectsgroups/update", both)

    assert pm.state.groups[group]["name"] == "Right"


async def test_a_file_with_a_name_alone_is_empty_and_one_under_another_key_is_refused(pm):
    note = await pm.note(taskId=await pm.task())

    named = await pm.post("activity/attachFiles", {"activityId": note, "files[1][name]": "a.txt"})
    other = {"activityId": note, "files[1][name]": "b.txt", "files[1][data]": "YQ=="}
    refused = await pm.post("activity/attachFiles", other)

    assert (named.status, refused.status) == (200, 400)
    assert pm.state.contents == {"1": b""}
