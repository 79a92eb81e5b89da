"""Tests of each of the 36 methods: the request, and the decoded response, in XML and in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import pytest
from attrs import frozen

from coredata_async import errors
from coredata_async.call import Call
from coredata_async.fivepm import calls
from coredata_async.fivepm.calls import activity, groups, projects, tasks, users
from coredata_async.fivepm.codec.shape import Items
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.account import (
    EditGroup,
    EditUser,
    Group,
    NewGroup,
    NewUser,
    Priority,
    SecurityLevel,
    Status,
    User,
)
from coredata_async.fivepm.models.activity import (
    Activity,
    ActivityFilter,
    EditActivity,
    File,
    FileFilter,
    NewActivity,
)
from coredata_async.fivepm.models.work_items import (
    EditProject,
    EditTask,
    NewProject,
    NewTask,
    Project,
    ProjectFilter,
    Task,
    TaskFilter,
)
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.message import Reply, Request
from tests.fivepm.dialects import Dialect, Fact

FORM = RequestStyle()
FORMATS = {"JSON": Dialect(), "XML": Dialect(format="xml")}
DONE: Fact = {"status": True}
WHEN = datetime(2026, 11, 22, 10, 0)


@frozen
class Case:
    """Use of one method."""

    name: str
    call: Call[object] | Request
    sent: Mapping[str, str]
    answer: Fact = None
    means: object = None


def several(*items: object) -> Items[object]:
    return Items(tuple(items))


CASES = (
    Case(
        "authentication.signIn",
        calls.sign_in(FORM, login="a@b.is", password="hush"),
        {"login": "a@b.is", "password": "hush"},
        {"sessionId": "s1"},
        "s1",
    ),
    Case("authentication.signOut", calls.sign_out(FORM), {}, {"signOutState": True}, True),
    Case(
        "authentication.getAuthorizedUser",
        calls.get_authorized_user(FORM),
        {},
        {"id": "5", "firstName": "Á"},
        User(id="5", first_name="Á"),
    ),
    Case(
        "metainfo.getStatuses",
        calls.statuses(FORM),
        {},
        [{"id": 10, "name": "Open", "alias": "open", "is_final": False}],
        several(Status(id="10", name="Open", alias="open", is_final=False)),
    ),
    Case(
        "metainfo.getPriorities",
        calls.priorities(FORM),
        {},
        [{"id": 2, "name": "Normal", "default": True}, {"id": 9, "name": "Own"}],
        several(Priority(id="2", name="Normal", default=True), Priority(id="9", name="Own")),
    ),
    Case(
        "projects.add",
        projects.add(FORM, NewProject(name="Audit", group_id="3", tags=["a", "b"], team=["5"])),
        {"project[name]": "Audit", "project[groupId]": "3", "project[tags]": "a,b", "project[team][0]": "5"},
        {"id": "7", "name": "Audit", "groupId": 3, "tags": "a, b"},
        Project(id="7", name="Audit", group_id="3", tags=("a", "b")),
    ),
    Case(
        "projects.update",
        projects.update(FORM, "7", EditProject(hidden=False, end_date=WHEN)),
        {"project[id]": "7", "project[hidden]": "0", "project[endDate]": "2026-11-22 10:00:00"},
        {"id": "7", "hidden": False, "endDate": WHEN},
        Project(id="7", hidden=False, end_date=WHEN),
    ),
    Case("projects.remove", projects.remove(FORM, "7"), {"id": "7"}, DONE),
    Case(
        "projects.getById",
        projects.get(FORM, "7"),
        {"id": "7"},
        {"id": 7, "status": 30},
        Project(id="7", status=30),
    ),
    Case("projects.getAll", projects.all(FORM), {}, [{"id": 7}], several(Project(id="7"))),
    Case(
        "projects.getList",
        projects.list(FORM, ProjectFilter(owner_id="5"), load_team=True, offset=20, count=10),
        {"filter[ownerId]": "5", "loadTeam": "1", "offset": "20", "count": "10"},
        [{"id": 7}, {"id": 8}],
        several(Project(id="7"), Project(id="8")),
    ),
    Case(
        "tasks.add",
        tasks.add(FORM, NewTask(name="x", project_id="7", estimated_time=1.5)),
        {"task[name]": "x", "task[projectId]": "7", "task[estimatedTime]": "1.5"},
        {"id": "9", "name": "x", "projectId": 7, "hoursDone": "0.00", "prev": "8"},
        Task(id="9", name="x", project_id="7", hours_done=0.0, extra={"prev": "8"}),
    ),
    Case(
        "tasks.update",
        tasks.update(FORM, "9", EditTask(description=None, notify_task_team=True)),
        {"task[id]": "9", "task[description]": "", "task[notifyTaskTeam]": "1"},
        {"id": "9"},
        Task(id="9"),
    ),
    Case("tasks.remove", tasks.remove(FORM, "9"), {"id": "9"}, DONE),
    Case("tasks.getById", tasks.get(FORM, "9"), {"id": "9"}, {"id": "9", "projectId": 0}, Task(id="9")),
    Case(
        "tasks.getList",
        tasks.list(FORM, TaskFilter(updated_from=WHEN, progress_less_than=50, closed_within_days=3)),
        {
            "filter[updatedFrom]": "2026-11-22 10:00:00",
            "filter[progressLessThan]": "50",
            "filter[hide_old_object_period]": "3",
            "offset": "0",
        },
        [],
        several(),
    ),
    Case(
        "users.add",
        users.add(
            FORM,
            NewUser(first_name="A", email="a@b.is", password="hush", security_level=SecurityLevel.CLIENT),
        ),
        {
            "user[firstName]": "A",
            "user[email]": "a@b.is",
            "user[password]": "hush",
            "user[securityLevel]": "200",
        },
        {"id": "5", "securityLevel": "200", "password": "hush"},
        User(id="5", security_level=200),
    ),
    Case(
        "users.update",
        calls.update_user(FORM, "5", EditUser(can_view_profiles=True)),
        {"user[id]": "5", "user[canViewProfiles]": "1"},
        {"id": "5", "canViewProfiles": True},
        User(id="5", can_view_profiles=True),
    ),
    Case("users.remove", users.remove(FORM, "5"), {"id": "5"}, DONE),
    Case("users.getById", users.get(FORM, "5"), {"id": "5"}, {"id": "5"}, User(id="5")),
    Case(
        "users.getByEmail",
        calls.user_by_email(FORM, "a@b.is"),
        {"email": "a@b.is"},
        {"id": "5"},
        User(id="5"),
    ),
    Case("users.getAll", users.all(FORM), {}, [{"id": "5"}], several(User(id="5"))),
    Case(
        "activity.add",
        activity.add(FORM, NewActivity(type="msg", text="Hæ", task_id="9")),
        {"activity[type]": "msg", "activity[text]": "Hæ", "activity[taskId]": "9"},
        {"id": "11", "taskId": 9, "type": "msg", "text": "Hæ"},
        Activity(id="11", task_id="9", type="msg", text="Hæ"),
    ),
    Case(
        "activity.update",
        activity.update(FORM, "11", EditActivity(hours_done=0.25, date=WHEN)),
        {"activity[id]": "11", "activity[hoursDone]": "0.25", "activity[date]": "2026-11-22 10:00:00"},
        {"id": "11", "hoursDone": 0.25, "date": WHEN},
        Activity(id="11", hours_done=0.25, date=WHEN),
    ),
    Case("activity.remove", activity.remove(FORM, "11"), {"id": "11"}, DONE),
    Case("activity.getById", activity.get(FORM, "11"), {"id": "11"}, {"id": "11"}, Activity(id="11")),
    Case(
        "activity.getList",
        activity.list(
            FORM,
            ActivityFilter(task_id="9", closed_within_days=3),
            with_files=True,
            with_names=False,
            count=5,
        ),
        {
            "filter[taskId]": "9",
            "filter[hide_non_active]": "3",
            "withFiles": "1",
            "withNames": "0",
            "offset": "0",
            "count": "5",
        },
        [{"id": "11", "files": [{"id": "2", "name": "a.pdf"}]}],
        several(Activity(id="11", files=(File(id="2", name="a.pdf"),))),
    ),
    Case("activity.attachFiles", calls.attach_files(FORM, "11"), {"activityId": "11"}, DONE),
    Case(
        "activity.getFilesList",
        calls.files(FORM, FileFilter(project_id="7")),
        {"filter[projectId]": "7"},
        [{"id": "2", "name": "a.pdf", "size": "12", "activityId": 11}],
        several(File(id="2", name="a.pdf", size=12, activity_id="11")),
    ),
    Case("activity.removeFile", calls.remove_file(FORM, "2"), {"id": "2"}, DONE),
    Case("activity.downloadFile", calls.download(FORM, "2"), {"id": "2"}),
    Case(
        "projectsgroups.add",
        groups.add(FORM, NewGroup(name="Clients")),
        {"group[name]": "Clients"},
        {"id": 3, "name": "Clients"},
        Group(id="3", name="Clients"),
    ),
    Case(
        "projectsgroups.update",
        groups.update(FORM, "3", EditGroup(name="Others", extra={"colour": "red"})),
        {"group[id]": "3", "group[name]": "Others", "group[colour]": "red"},
        {"id": 3, "name": "Others", "colour": "red"},
        Group(id="3", name="Others", extra={"colour": "red"}),
    ),
    Case("projectsgroups.remove", groups.remove(FORM, "3"), {"id": "3"}, DONE),
    Case("projectsgroups.getById", groups.get(FORM, "3"), {"id": "3"}, {"id": 3}, Group(id="3")),
    Case("projectsgroups.getAll", groups.all(FORM), {}, [{"id": 3}], several(Group(id="3"))),
)


def test_every_method_has_a_case() -> None:
    assert [case.name for case in CASES] == list(METHODS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_sends_what_the_page_says(case: Case) -> None:
    method = METHODS[case.name]
    request = case.call if isinstance(case.call, Request) else case.call.request
    assert request.body is None or isinstance(request.body, bytes)
    written = request.target.partition("?")[2] if request.body is None else request.body.decode("ascii")

    assert (request.method, request.path) == (method.verb, method.path)
    assert dict(parse_qsl(written, keep_blank_values=True)) == {**case.sent, "retType": "json"}
    assert request.repeatable is not method.writes


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case.call, Call)], ids=lambda case: case.name
)
def test_it_reads_the_answer(case: Case, name: str) -> None:
    assert isinstance(case.call, Call)

    assert case.call.answer(Reply(200, body=FORMATS[name].write(case.answer))) == case.means


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case.call, Call)], ids=lambda case: case.name
)
def test_an_error_in_a_200_is_one_whatever_was_asked(case: Case, name: str) -> None:
    assert isinstance(case.call, Call)
    reply = Reply(200, body=FORMATS[name].write({"error": "Session expired"}))

    with pytest.raises(errors.AuthenticationError, match="Session expired"):
        case.call.answer(reply)


def test_a_download_is_wanted_as_it_arrives() -> None:
    assert calls.download(FORM, "2").stream
