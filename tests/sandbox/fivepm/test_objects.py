"""Tests of writing, removing, filtering and notifying."""

import pytest


async def test_an_update_changes_what_it_names_and_empty_clears(pm, clock):
    group = await pm.made("projectsgroups", "group", name="g")
    project = await pm.project(description="d", tags="a,b", groupId=group, endDate="2027-01-01")
    clock.now += 60

    await pm.post(
        "projects/update",
        {"project[id]": project, "project[description]": "", "project[groupId]": "", "project[endDate]": ""},
    )

    kept = pm.state.projects[project]
    assert (kept["name"], kept["tags"], kept["description"], kept["groupId"], kept["endDate"]) == (
        "Audit",
        "a,b",
        "",
        None,
        None,
    )
    assert kept["updatedAt"] != kept["createdAt"]


async def test_what_the_service_sets_cannot_be_set_and_what_is_unknown_is_kept(pm):
    task = await pm.task(createdAt="2001-01-01", id="99", hoursDone="7", anything="kept")

    shown = (await pm.get("tasks/getById", id=task)).data

    assert (task, shown["createdAt"][:4], shown["hoursDone"], shown["anything"]) == (
        "1",
        "2027",
        "0.00",
        "kept",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"hidden": "True"},
        {"priority": "high"},
        {"projectId": "None"},
        {"projectId": "7"},
        {"endDate": "2027-01-01T00:00:00Z"},
        {"team][0": "99"},
        {"name": ""},
    ],
)
async def test_a_value_that_php_would_guess_at_is_refused(pm, fields):
    given = {f"task[{name}]": value for name, value in {"name": "x", **fields}.items()}

    assert (await pm.post("tasks/add", given)).status == 400
    assert pm.state.tasks == {}


@pytest.mark.parametrize("form", ["[0]", "[items][0]", "[0][id]", "[7]", ""])
async def test_a_team_is_understood_in_any_likely_form(pm, form):
    await pm.post("projects/add", {"project[name]": "x", f"project[team]{form}": "2"})

    assert pm.state.projects["1"]["team"] == ("2",)


async def test_a_team_is_in_lists_only_when_asked_for(pm):
    await pm.project()

    (without,) = (await pm.get("projects/getList")).data["items"]
    (with_it,) = (await pm.get("projects/getList", loadTeam="1")).data["items"]

    assert ("team" in without, "team" in with_it) == (False, True)


async def test_a_task_takes_its_projects_group_and_names_its_parent(pm):
    group = await pm.made("projectsgroups", "group", name="g")
    project = await pm.project(groupId=group)
    parent = await pm.task(name="Parent", projectId=project)
    child = await pm.task(projectId=project, parentId=parent)

    shown = (await pm.get("tasks/getById", id=child)).data

    assert (shown["groupId"], shown["parentName"]) == (group, "Parent")


async def test_a_progress_note_moves_its_task_and_all_done_closes_it(pm):
    task = await pm.task()

    await pm.note(type="progress", taskId=task, progress=40, hoursDone=1.5)
    assert (pm.state.tasks[task]["progress"], pm.state.tasks[task]["status"]) == (40, 10)

    await pm.note(type="progress", taskId=task, progress=100, hoursDone=1)
    shown = (await pm.get("tasks/getById", id=task)).data
    assert (shown["progress"], shown["status"], shown["hoursDone"]) == ("100", "30", "2.50")


@pytest.mark.parametrize(
    "fields",
    [{}, {"type": "progress", "taskId": "1"}, {"type": "progress", "projectId": "1", "progress": "5"}],
)
async def test_a_note_needs_a_place_and_progress_a_task_and_a_percentage(pm, fields):
    await pm.task(projectId=await pm.project())
    given = {f"activity[{name}]": value for name, value in {"type": "msg", "text": "x", **fields}.items()}

    assert (await pm.post("activity/add", given)).status == 400


async def test_removing_takes_along_what_lies_inside(pm):
    group = await pm.made("projectsgroups", "group", name="g")
    project = await pm.project(groupId=group)
    task = await pm.task(projectId=project)
    await pm.task(parentId=task, projectId=project)
    note = await pm.note(taskId=task)
    await pm.post(
        "activity/attachFiles", {"activityId": note, "files[1][name]": "a", "files[1][content]": ""}
    )
    other = await pm.project(name="Other", groupId=group)

    assert (await pm.post("projects/remove", {"id": project})).data == {"status": "1"}
    await pm.post("projectsgroups/remove", {"id": group})

    assert (pm.state.tasks, pm.state.activity, pm.state.files, pm.state.contents) == ({}, {}, {}, {})
    assert {i: one["groupId"] for i, one in pm.state.projects.items()} == {other: None}


async def test_a_removed_user_is_in_no_team_and_comes_in_no_more(pm):
    await pm.post("projects/add", {"project[name]": "x", "project[team][0]": "2"})

    await pm.post("users/remove", {"id": "2"})

    assert pm.state.projects["1"]["team"] == ()
    assert (await pm.get("users/getAll", login="rey@5pm.invalid")).status == 401


async def test_two_users_cannot_share_an_address(pm):
    await pm.made("users", "user", firstName="Han", email="han@x.is", password="p", securityLevel="100")

    assert (await pm.post("users/update", {"user[id]": "2", "user[email]": "HAN@x.is"})).status == 400
    assert (await pm.post("users/update", {"user[id]": "4", "user[email]": "HAN@x.is"})).status == 200


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"name": "ALPH"}, ["alpha"]),
        ({"projectId": "1"}, ["alpha", "gamma"]),
        ({"parentId": "1"}, ["gamma"]),
        ({"ownerId": "1", "active": "1"}, ["alpha", "beta"]),
        ({"assignedTo": "2"}, ["beta"]),
        ({"startedFrom": "2027-03-01", "startedBefore": "2027-03-02"}, ["alpha"]),
        ({"startedBefore": "2027-03-01"}, []),
        ({"progressMoreThan": "10"}, ["gamma"]),
        ({"progressLessThan": "10", "groupId": "1"}, ["alpha"]),
        ({"hide_old_object_period": "3"}, ["alpha", "beta"]),
        ({"hide_old_object_period": "30"}, ["alpha", "beta", "gamma"]),
    ],
)
async def test_tasks_are_filtered(pm, clock, wanted, names):
    await pm.made("projectsgroups", "group", name="g")
    await pm.project(groupId=1)
    await pm.task(name="alpha", projectId=1, startDate="2027-03-01 00:00:00")
    await pm.task(**{"name": "beta", "team][0": "2"})
    await pm.task(name="gamma", projectId=1, parentId=1, progress=50, status=30)
    clock.now += 7 * 86_400

    got = await pm.get("tasks/getList", **{f"filter[{name}]": value for name, value in wanted.items()})

    assert [one["name"] for one in got.data["items"] or ()] == names


async def test_an_unknown_filter_is_refused(pm):
    assert (await pm.get("tasks/getList", **{"filter[colour]": "red"})).status == 400


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        ({"taskId": "1"}, ["a"]),
        ({"projectId": "1"}, ["a", "b"]),
        ({"type": "file"}, ["c"]),
        ({"active": "1"}, ["a", "b"]),
        ({"hide_non_active": "1"}, ["a", "b"]),
    ],
)
async def test_activities_are_filtered_by_what_they_were_posted_to(pm, clock, wanted, texts):
    await pm.project()
    await pm.project(status=30)
    await pm.task(projectId=1)
    await pm.note(text="a", taskId=1)
    await pm.note(text="b", projectId=1)
    await pm.note(text="c", projectId=2, type="file")
    clock.now += 2 * 86_400

    got = await pm.get("activity/getList", **{f"filter[{name}]": value for name, value in wanted.items()})

    assert [one["text"] for one in got.data["items"]] == texts


async def test_names_and_files_of_activities_come_when_asked_for(pm):
    await pm.note(taskId=await pm.task(name="Count", projectId=await pm.project()))

    (bare,) = (await pm.get("activity/getList")).data["items"]
    (full,) = (await pm.get("activity/getList", withNames="1", withFiles="1")).data["items"]

    assert not {"taskName", "projectName", "files"} & set(bare)
    assert (full["taskName"], full["projectName"], full["files"]["total"]) == ("Count", "Audit", "0")


async def test_a_flag_sends_mail_once_and_to_the_team_or_its_clients(pm):
    team = {f"project[team][{n}]": str(n) for n in (1, 2, 3)}
    await pm.post("projects/add", {"project[name]": "x", **team, "project[notifyProjectTeam]": "1"})
    await pm.post("projects/update", {"project[id]": "1", "project[name]": "y"})
    await pm.note(projectId=1, notifyClient=1, notifyTaskTeam=0)

    assert [(one.flag, one.noun, one.to) for one in pm.account.emails] == [
        ("notifyProjectTeam", "project", ("rey@5pm.invalid",)),
        ("notifyClient", "activity", ("lando@5pm.invalid",)),
    ]
