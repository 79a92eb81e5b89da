"""Tests with literal names of the vendor's page: those that each method sends, and those of each object.

None of them comes from the client's own tables, so that a misspelt name in a table fails here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from coredata_async.fivepm import Attachment, FivePM
from coredata_async.fivepm.methods import METHODS as TABLE
from coredata_async.fivepm.models.account import Group, Priority, Status, User
from coredata_async.fivepm.models.activity import Activity, File
from coredata_async.fivepm.models.work_items import Project, Task
from tests.fivepm.recorder import recorded

Use = Callable[[FivePM], Awaitable[object]]

WHEN = datetime(2026, 11, 22, 10, 0)
EVERY_CALL = {"sessionId": "s1", "retType": "json"}
DONE = {"data": {"status": 1}}

PROJECT_FIELDS = {
    "name": "Audit",
    "description": "d",
    "tags": ["a", "b"],
    "owner_id": "1",
    "group_id": "2",
    "start_date": WHEN,
    "end_date": WHEN,
    "priority": 3,
    "status": 20,
    "notify_project_team": True,
    "notify_client": False,
    "hidden": True,
    "flag": 1,
    "team": ["5", "6"],
}
PROJECT_SENT = {
    "project[name]": "Audit",
    "project[description]": "d",
    "project[tags]": "a,b",
    "project[ownerId]": "1",
    "project[groupId]": "2",
    "project[startDate]": "2026-11-22 10:00:00",
    "project[endDate]": "2026-11-22 10:00:00",
    "project[priority]": "3",
    "project[status]": "20",
    "project[notifyProjectTeam]": "1",
    "project[notifyClient]": "0",
    "project[hidden]": "1",
    "project[flag]": "1",
    "project[team][0]": "5",
    "project[team][1]": "6",
}
TASK_FIELDS = {
    **PROJECT_FIELDS,
    "parent_id": "7",
    "project_id": "8",
    "progress": 50,
    "notify_task_team": True,
    "hours_done": 2.5,
    "estimated_time": 1.5,
}
TASK_SENT = {
    **{f"task{name.removeprefix('project')}": value for name, value in PROJECT_SENT.items()},
    "task[parentId]": "7",
    "task[projectId]": "8",
    "task[progress]": "50",
    "task[notifyTaskTeam]": "1",
    "task[hoursDone]": "2.5",
    "task[estimatedTime]": "1.5",
}
USER_FIELDS = {
    "title": "Ms",
    "email": "c@d.is",
    "password": "hush",
    "first_name": "Á",
    "last_name": "B",
    "address": "Street 1",
    "work_phone": "1",
    "cell_phone": "2",
    "company": "X",
    "security_level": 200,
    "comment": "c",
    "can_view_profiles": True,
    "avatar": "a.png",
}
USER_SENT = {
    "user[title]": "Ms",
    "user[email]": "c@d.is",
    "user[password]": "hush",
    "user[firstName]": "Á",
    "user[lastName]": "B",
    "user[address]": "Street 1",
    "user[workPhone]": "1",
    "user[cellPhone]": "2",
    "user[company]": "X",
    "user[securityLevel]": "200",
    "user[comment]": "c",
    "user[canViewProfiles]": "1",
    "user[avatar]": "a.png",
}
ACTIVITY_FIELDS = {
    "task_id": "3",
    "project_id": "4",
    "type": "progress",
    "text": "t",
    "owner_id": "5",
    "progress": 50,
    "hours_done": 1.5,
    "notify_project_team": True,
    "notify_task_team": False,
    "notify_client": True,
    "hide_from_clients": False,
    "date": WHEN,
}
ACTIVITY_SENT = {
    "activity[taskId]": "3",
    "activity[projectId]": "4",
    "activity[type]": "progress",
    "activity[text]": "t",
    "activity[ownerId]": "5",
    "activity[progress]": "50",
    "activity[hoursDone]": "1.5",
    "activity[notifyProjectTeam]": "1",
    "activity[notifyTaskTeam]": "0",
    "activity[notifyClient]": "1",
    "activity[hideFromClients]": "0",
    "activity[date]": "2026-11-22 10:00:00",
}
PROJECT_FILTERS = {
    "group_id": "1",
    "owner_id": "2",
    "name": "n",
    "assigned_to": "3",
    "active": True,
    "closed_within_days": 30,
}
PROJECT_FILTERS_SENT = {
    "filter[groupId]": "1",
    "filter[ownerId]": "2",
    "filter[name]": "n",
    "filter[assignedTo]": "3",
    "filter[active]": "1",
    "filter[hide_old_object_period]": "30",
}
TASK_FILTERS = {
    **PROJECT_FILTERS,
    "project_id": "4",
    "parent_id": "5",
    "started_from": WHEN,
    "started_before": WHEN,
    "deadline_from": WHEN,
    "deadline_before": WHEN,
    "progress_less_than": 60,
    "progress_more_than": 40,
    "created_from": WHEN,
    "created_before": WHEN,
    "updated_from": WHEN,
    "updated_before": WHEN,
}
TASK_FILTERS_SENT = {
    **PROJECT_FILTERS_SENT,
    "filter[projectId]": "4",
    "filter[parentId]": "5",
    "filter[startedFrom]": "2026-11-22 10:00:00",
    "filter[startedBefore]": "2026-11-22 10:00:00",
    "filter[deadlineFrom]": "2026-11-22 10:00:00",
    "filter[deadlineBefore]": "2026-11-22 10:00:00",
    "filter[progressLessThan]": "60",
    "filter[progressMoreThan]": "40",
    "filter[createdFrom]": "2026-11-22 10:00:00",
    "filter[createdBefore]": "2026-11-22 10:00:00",
    "filter[updatedFrom]": "2026-11-22 10:00:00",
    "filter[updatedBefore]": "2026-11-22 10:00:00",
}
ACTIVITY_FILTERS = {
    "project_id": "1",
    "task_id": "2",
    "type": "msg",
    "group_id": "3",
    "assigned_to": "4",
    "active": False,
    "closed_within_days": 7,
}
ACTIVITY_FILTERS_SENT = {
    "filter[projectId]": "1",
    "filter[taskId]": "2",
    "filter[type]": "msg",
    "filter[groupId]": "3",
    "filter[assignedTo]": "4",
    "filter[active]": "0",
    "filter[hide_non_active]": "7",
}
ONE = {"data": {"id": "9"}}
NONE = {"data": {"total": 0, "count": 0, "items": []}}


async def _download(pm: FivePM) -> bytes:
    async with pm.activity.download("9", wrapping="raw") as body:
        return await body.read()


METHODS: dict[str, tuple[Use, str, str, dict[str, str], object]] = {
    "authentication.getAuthorizedUser": (
        lambda pm: pm.auth.user(),
        "GET",
        "/api/v2/service/get/authentication/getAuthorizedUser",
        {},
        ONE,
    ),
    "metainfo.getStatuses": (
        lambda pm: pm.metainfo.statuses(),
        "GET",
        "/api/v2/service/get/metainfo/getStatuses",
        {},
        NONE,
    ),
    "metainfo.getPriorities": (
        lambda pm: pm.metainfo.priorities(),
        "GET",
        "/api/v2/service/get/metainfo/getPriorities",
        {},
        NONE,
    ),
    "projects.add": (
        lambda pm: pm.projects.add(**PROJECT_FIELDS),
        "POST",
        "/api/v2/service/post/projects/add",
        PROJECT_SENT,
        ONE,
    ),
    "projects.update": (
        lambda pm: pm.projects.update("9", **PROJECT_FIELDS),
        "POST",
        "/api/v2/service/post/projects/update",
        {"project[id]": "9", **PROJECT_SENT},
        ONE,
    ),
    "projects.remove": (
        lambda pm: pm.projects.remove("9"),
        "POST",
        "/api/v2/service/post/projects/remove",
        {"id": "9"},
        DONE,
    ),
    "projects.getById": (
        lambda pm: pm.projects.get("9"),
        "GET",
        "/api/v2/service/get/projects/getById",
        {"id": "9"},
        ONE,
    ),
    "projects.getAll": (lambda pm: pm.projects.all(), "GET", "/api/v2/service/get/projects/getAll", {}, NONE),
    "projects.getList": (
        lambda pm: pm.projects.list(**PROJECT_FILTERS, load_team=True, offset=5, page_size=10).collect(),
        "GET",
        "/api/v2/service/get/projects/getList",
        {**PROJECT_FILTERS_SENT, "loadTeam": "1", "offset": "5", "count": "10"},
        NONE,
    ),
    "tasks.add": (
        lambda pm: pm.tasks.add(**TASK_FIELDS),
        "POST",
        "/api/v2/service/post/tasks/add",
        TASK_SENT,
        ONE,
    ),
    "tasks.update": (
        lambda pm: pm.tasks.update("9", **TASK_FIELDS),
        "POST",
        "/api/v2/service/post/tasks/update",
        {"task[id]": "9", **TASK_SENT},
        ONE,
    ),
    "tasks.remove": (
        lambda pm: pm.tasks.remove("9"),
        "POST",
        "/api/v2/service/post/tasks/remove",
        {"id": "9"},
        DONE,
    ),
    "tasks.getById": (
        lambda pm: pm.tasks.get("9"),
        "GET",
        "/api/v2/service/get/tasks/getById",
        {"id": "9"},
        ONE,
    ),
    "tasks.getList": (
        lambda pm: pm.tasks.list(**TASK_FILTERS, load_team=False, offset=5, page_size=10).collect(),
        "GET",
        "/api/v2/service/get/tasks/getList",
        {**TASK_FILTERS_SENT, "loadTeam": "0", "offset": "5", "count": "10"},
        NONE,
    ),
    "users.add": (
        lambda pm: pm.users.add(**USER_FIELDS),
        "POST",
        "/api/v2/service/post/users/add",
        USER_SENT,
        ONE,
    ),
    "users.update": (
        lambda pm: pm.users.update("9", **USER_FIELDS),
        "POST",
        "/api/v2/service/post/users/update",
        {"user[id]": "9", **USER_SENT},
        ONE,
    ),
    "users.remove": (
        lambda pm: pm.users.remove("9"),
        "POST",
        "/api/v2/service/post/users/remove",
        {"id": "9"},
        DONE,
    ),
    "users.getById": (
        lambda pm: pm.users.get("9"),
        "GET",
        "/api/v2/service/get/users/getById",
        {"id": "9"},
        ONE,
    ),
    "users.getByEmail": (
        lambda pm: pm.users.get_by_email("c@d.is"),
        "GET",
        "/api/v2/service/get/users/getByEmail",
        {"email": "c@d.is"},
        ONE,
    ),
    "users.getAll": (
        lambda pm: pm.users.list().collect(),
        "GET",
        "/api/v2/service/get/users/getAll",
        {},
        NONE,
    ),
    "activity.add": (
        lambda pm: pm.activity.add(**ACTIVITY_FIELDS),
        "POST",
        "/api/v2/service/post/activity/add",
        ACTIVITY_SENT,
        ONE,
    ),
    "activity.update": (
        lambda pm: pm.activity.update("9", **ACTIVITY_FIELDS),
        "POST",
        "/api/v2/service/post/activity/update",
        {"activity[id]": "9", **ACTIVITY_SENT},
        ONE,
    ),
    "activity.remove": (
        lambda pm: pm.activity.remove("9"),
        "POST",
        "/api/v2/service/post/activity/remove",
        {"id": "9"},
        DONE,
    ),
    "activity.getById": (
        lambda pm: pm.activity.get("9"),
        "GET",
        "/api/v2/service/get/activity/getById",
        {"id": "9"},
        ONE,
    ),
    "activity.getList": (
        lambda pm: pm.activity.list(
            **ACTIVITY_FILTERS, with_files=True, with_names=True, offset=5, page_size=10
        ).collect(),
        "GET",
        "/api/v2/service/get/activity/getList",
        {**ACTIVITY_FILTERS_SENT, "withFiles": "1", "withNames": "1", "offset": "5", "count": "10"},
        NONE,
    ),
    "activity.attachFiles": (
        lambda pm: pm.activity.attach("9", [Attachment(source=b"abc", name="a.txt")]),
        "POST",
        "/api/v2/service/post/activity/attachFiles",
        {"activityId": "9", "files[1][name]": "a.txt", "files[1][content]": "YWJj"},
        DONE,
    ),
    "activity.getFilesList": (
        lambda pm: pm.activity.files(project_id="4"),
        "GET",
        "/api/v2/service/get/activity/getFilesList",
        {"filter[projectId]": "4"},
        NONE,
    ),
    "activity.removeFile": (
        lambda pm: pm.activity.remove_file("9"),
        "POST",
        "/api/v2/service/post/activity/removeFile",
        {"id": "9"},
        DONE,
    ),
    "activity.downloadFile": (
        _download,
        "POST",
        "/api/v2/service/post/activity/downloadFile",
        {"id": "9"},
        {"any": "bytes"},
    ),
    "projectsgroups.add": (
        lambda pm: pm.groups.add(name="G"),
        "POST",
        "/api/v2/service/post/projectsgroups/add",
        {"group[name]": "G"},
        ONE,
    ),
    "projectsgroups.update": (
        lambda pm: pm.groups.update("9", name="G"),
        "POST",
        "/api/v2/service/post/projectsgroups/update",
        {"group[id]": "9", "group[name]": "G"},
        ONE,
    ),
    "projectsgroups.remove": (
        lambda pm: pm.groups.remove("9"),
        "POST",
        "/api/v2/service/post/projectsgroups/remove",
        {"id": "9"},
        DONE,
    ),
    "projectsgroups.getById": (
        lambda pm: pm.groups.get("9"),
        "GET",
        "/api/v2/service/get/projectsgroups/getById",
        {"id": "9"},
        ONE,
    ),
    "projectsgroups.getAll": (
        lambda pm: pm.groups.list().collect(),
        "GET",
        "/api/v2/service/get/projectsgroups/getAll",
        {},
        NONE,
    ),
}


@pytest.mark.parametrize("name", METHODS)
async def test_a_method_is_sent_by_its_documented_names(name):
    use, verb, path, params, answer = METHODS[name]
    async with recorded() as (pm, recorder):
        recorder.answer = answer

        await use(pm)

        assert recorder.last() == (verb, path, {**EVERY_CALL, **params})


async def test_signing_in_and_out_uses_the_documented_names():
    async with recorded() as (pm, recorder):
        recorder.answer = {"data": {"signOutState": True}}

        assert await pm.auth.sign_in() == "s1"
        await pm.auth.sign_out()

    assert recorder.calls == [
        (
            "GET",
            "/api/v2/service/get/authentication/signIn",
            {"login": "a@b.is", "password": "hush", "retType": "json"},
        ),
        ("GET", "/api/v2/service/get/authentication/signOut", EVERY_CALL),
    ]


def test_only_the_two_sign_in_methods_are_tested_apart():
    assert len(METHODS) == 34


async def read(answer: object, use: Use) -> object:
    async with recorded() as (pm, recorder):
        recorder.answer = {"data": answer}
        return await use(pm)


TEAM = {"total": 2, "count": 1, "items": [{"id": "5"}]}
FILE_SHOWN = {
    "id": "6",
    "name": "a.txt",
    "type": "text/plain",
    "size": "3",
    "activityId": "9",
    "activityType": "file",
    "createdAt": "2026-11-22 10:00:00",
}
FILE = File(
    id="6", name="a.txt", type="text/plain", size=3, activity_id="9", activity_type="file", created_at=WHEN
)
PROJECT_SHOWN = {
    "id": "9",
    "name": "Audit",
    "description": "d",
    "tags": "a,b",
    "ownerId": "1",
    "groupId": "2",
    "startDate": "2026-11-22 10:00:00",
    "endDate": "2026-11-22 10:00:00",
    "priority": "3",
    "status": "20",
    "createdAt": "2026-11-22 10:00:00",
    "updatedAt": "2026-11-22 10:00:00",
    "notifyProjectTeam": "1",
    "notifyClient": "0",
    "hidden": "1",
    "flag": "1",
    "can_edit": "1",
}
PROJECT = {
    "id": "9",
    "name": "Audit",
    "description": "d",
    "tags": ("a", "b"),
    "owner_id": "1",
    "group_id": "2",
    "start_date": WHEN,
    "end_date": WHEN,
    "priority": 3,
    "status": 20,
    "created_at": WHEN,
    "updated_at": WHEN,
    "notify_project_team": True,
    "notify_client": False,
    "hidden": True,
    "flag": 1,
    "can_edit": True,
}


async def test_a_project_is_read_from_the_documented_names():
    assert await read(PROJECT_SHOWN, lambda pm: pm.projects.get("9")) == Project(**PROJECT)


async def test_a_team_is_read_from_the_observed_names():
    project = await read({"id": "9", "team": TEAM}, lambda pm: pm.projects.get("9"))

    assert (project.team.total, project.team.count, len(project.team.items)) == (2, 1, 1)
    assert project.extra == {}


async def test_a_task_is_read_from_the_documented_names():
    shown = {
        **PROJECT_SHOWN,
        "parentId": "7",
        "parentName": "p",
        "projectId": "8",
        "progress": "50",
        "notifyTaskTeam": "1",
        "hoursDone": "1.5",
        "estimatedTime": "2.5",
        "prev": "4",
    }

    assert await read(shown, lambda pm: pm.tasks.get("9")) == Task(
        **PROJECT,
        parent_id="7",
        parent_name="p",
        project_id="8",
        progress=50,
        notify_task_team=True,
        hours_done=1.5,
        estimated_time=2.5,
        extra={"prev": "4"},
    )


async def test_a_user_is_read_from_the_documented_names():
    shown = {
        "id": "9",
        "title": "Ms",
        "email": "c@d.is",
        "firstName": "Á",
        "lastName": "B",
        "address": "Street 1",
        "workPhone": "1",
        "cellPhone": "2",
        "company": "X",
        "securityLevel": "200",
        "comment": "c",
        "canViewProfiles": "1",
        "avatar": "a.png",
    }

    assert await read(shown, lambda pm: pm.users.get("9")) == User(
        id="9",
        title="Ms",
        email="c@d.is",
        first_name="Á",
        last_name="B",
        address="Street 1",
        work_phone="1",
        cell_phone="2",
        company="X",
        security_level=200,
        comment="c",
        can_view_profiles=True,
        avatar="a.png",
    )


async def test_an_activity_is_read_from_the_documented_names():
    shown = {
        "id": "9",
        "taskId": "3",
        "taskName": "t",
        "projectId": "4",
        "projectName": "p",
        "type": "progress",
        "text": "x",
        "ownerId": "5",
        "progress": "50",
        "hoursDone": "1.5",
        "createdAt": "2026-11-22 10:00:00",
        "updatedAt": "2026-11-22 10:00:00",
        "notifyProjectTeam": "1",
        "notifyTaskTeam": "0",
        "notifyClient": "1",
        "hideFromClients": "0",
        "date": "2026-11-22 10:00:00",
        "files": [FILE_SHOWN],
    }

    assert await read(shown, lambda pm: pm.activity.get("9")) == Activity(
        id="9",
        task_id="3",
        task_name="t",
        project_id="4",
        project_name="p",
        type="progress",
        text="x",
        owner_id="5",
        progress=50,
        hours_done=1.5,
        created_at=WHEN,
        updated_at=WHEN,
        notify_project_team=True,
        notify_task_team=False,
        notify_client=True,
        hide_from_clients=False,
        date=WHEN,
        files=(FILE,),
    )


async def test_files_are_read_from_the_observed_names():
    assert await read([FILE_SHOWN], lambda pm: pm.activity.files(project_id="4")) == (FILE,)


async def test_a_group_is_read_from_the_documented_names():
    assert await read({"id": 9, "name": "G"}, lambda pm: pm.groups.get("9")) == Group(id="9", name="G")


async def test_metainfo_is_read_from_the_observed_names():
    statuses = [{"id": 30, "name": "Done", "alias": "done", "is_final": "1"}]
    priorities = [{"id": 2, "name": "Normal", "default": "1"}]

    assert await read(statuses, lambda pm: pm.metainfo.statuses()) == (
        Status(id="30", name="Done", alias="done", is_final=True),
    )
    assert await read(priorities, lambda pm: pm.metainfo.priorities()) == (
        Priority(id="2", name="Normal", default=True),
    )


@pytest.mark.parametrize("key", ["items", "item", "list"])
async def test_a_list_is_found_under_each_name_it_may_have(key):
    groups = await read({"total": 1, "count": 1, key: [{"id": "9"}]}, lambda pm: pm.groups.list().collect())

    assert [group.id for group in groups] == ["9"]


async def test_the_total_of_a_page_is_read():
    page = await read({"total": 7, "count": 1, "items": [{"id": "9"}]}, lambda pm: pm.projects.list())

    assert (page.total, len(page.items)) == (7, 1)


OPERATIONS = [
    ("auth.sign_in", "authentication.signIn", "text", ("login", "password")),
    ("auth.sign_out", "authentication.signOut", "flag", ()),
    ("auth.user", "authentication.getAuthorizedUser", "one", ()),
    ("metainfo.statuses", "metainfo.getStatuses", "many", ()),
    ("metainfo.priorities", "metainfo.getPriorities", "many", ()),
    ("projects.add", "projects.add", "one", ()),
    ("projects.update", "projects.update", "one", ("id",)),
    ("projects.remove", "projects.remove", "flag", ("id",)),
    ("projects.get", "projects.getById", "one", ("id",)),
    ("projects.all", "projects.getAll", "many", ()),
    ("projects.list", "projects.getList", "many", ("load_team", "offset", "count")),
    ("tasks.add", "tasks.add", "one", ()),
    ("tasks.update", "tasks.update", "one", ("id",)),
    ("tasks.remove", "tasks.remove", "flag", ("id",)),
    ("tasks.get", "tasks.getById", "one", ("id",)),
    ("tasks.list", "tasks.getList", "many", ("load_team", "offset", "count")),
    ("users.add", "users.add", "one", ()),
    ("users.update", "users.update", "one", ("id",)),
    ("users.remove", "users.remove", "flag", ("id",)),
    ("users.get", "users.getById", "one", ("id",)),
    ("users.get_by_email", "users.getByEmail", "one", ("email",)),
    ("users.list", "users.getAll", "many", ()),
    ("activity.add", "activity.add", "one", ()),
    ("activity.update", "activity.update", "one", ("id",)),
    ("activity.remove", "activity.remove", "flag", ("id",)),
    ("activity.get", "activity.getById", "one", ("id",)),
    ("activity.list", "activity.getList", "many", ("with_files", "with_names", "offset", "count")),
    ("activity.attach", "activity.attachFiles", "flag", ("activity_id", "files")),
    ("activity.files", "activity.getFilesList", "many", ()),
    ("activity.remove_file", "activity.removeFile", "flag", ("id",)),
    ("activity.download", "activity.downloadFile", "content", ("id",)),
    ("groups.add", "projectsgroups.add", "one", ()),
    ("groups.update", "projectsgroups.update", "one", ("id",)),
    ("groups.remove", "projectsgroups.remove", "flag", ("id",)),
    ("groups.get", "projectsgroups.getById", "one", ("id",)),
    ("groups.list", "projectsgroups.getAll", "many", ()),
]
"""Operation as hooks see it, method of the service, kind of result, arguments beside fields and filters."""


def test_operations_results_and_arguments_are_those_of_the_documents() -> None:
    found = [
        (method.python, f"{method.service}.{method.name}", method.result, method.arguments)
        for method in TABLE.values()
    ]

    assert found == OPERATIONS


def test_the_keys_of_nested_arguments_are_those_of_the_documents() -> None:
    found = {method.python: method.key for method in TABLE.values() if method.key}

    nouns = {
        "projects": "project",
        "tasks": "task",
        "users": "user",
        "activity": "activity",
        "groups": "group",
    }
    changes = {f"{noun}.{verb}": key for noun, key in nouns.items() for verb in ("add", "update")}
    assert found == changes | {"activity.attach": "files"}
