"""Tests of the vendor's projects and tasks, of today and of 2014, and of new and changed ones."""

import json
from datetime import UTC, date, datetime

import pytest

from coredata_async.resources.document import DynatypeRef, ProjectRef, SpaceRef, UserRef
from coredata_async.resources.projects import (
    EditProject,
    EditTask,
    NewProject,
    NewTask,
    Project,
    Task,
    TaskWhere,
)
from coredata_async.wire.convert import structure, to_json
from coredata_async.wire.resource import query
from tests import vendor

TODAY = {
    "aspects": {},
    "associated_contacts_id": ["c1"],
    "associated_users": [],
    "connected_users": ["padme"],
    "contacts": ["c1"],
    "created": "2023-10-30T19:16:30",
    "due_date": "2023-11-03",
    "id": "e139a8ac-7368-11ee-b992-57663b1559fb",
    "project": {"id": "p", "identifier": "2023-3", "title": "Board"},
    "responsible_users": [{"first_name": "Padme", "last_name": "Amidala", "username": "padme"}],
    "space": {"id": "s", "title": "Space"},
    "status": "task_status:In_progress:",
    "status_message": None,
    "tags": ["urgent"],
    "title": "Read it",
    "type": "Task",
}


def test_the_vendors_project_details() -> None:
    assert structure(json.loads(vendor.PROJECT), Project) == Project(
        id="d4d780ae-7758-11ee-9f6f-2b890065fae6",
        snapshot_id="d4d7a4b2-7758-11ee-9f6f-bfcc6a6f39f3",
        type="Project",
        title="Project",
        path="/domain/spaces/Spaces/Space/Projects/Project",
        resource_uri="/api/v2/projects/d4d780ae-7758-11ee-9f6f-2b890065fae6/",
        created=datetime(2023, 10, 30, 19, 16, 30, tzinfo=UTC),
        created_by="Administrator Administrator",
        modified=datetime(2023, 10, 30, 19, 16, 30, tzinfo=UTC),
        modified_by="Administrator Administrator",
        version="0.1",
        dynatype=DynatypeRef(
            id="6d97a3d8-7758-11ee-834b-c7bbcb21ca78",
            title="Project",
            caption_singular="dynatypes_labels:Project_singular:",
            caption_plural="dynatypes_labels:Project_plural:",
        ),
        identifier="2023-3",
        status="project_status:In_progress:",
        due_date=date(2022, 1, 3),
        space=SpaceRef(id="ccdaa098-7758-11ee-a909-1397b0b24186", title="Space"),
        connected_users=("Administrator",),
    )


def test_the_vendors_listed_project() -> None:
    project = structure(json.loads(vendor.LISTED_PROJECT), Project)

    assert project.responsible_users == (UserRef(username="padme", first_name="Padme", last_name="Amidala"),)
    assert project.connected_users == ("padme", "rey")
    assert (project.identifier, project.due_date) == ("2016-189", date(2016, 10, 13))
    assert project.title == "Chief Executive's Report"


def test_an_empty_due_date_and_status_message_of_2014() -> None:
    assert structure({"id": "a", "due_date": None, "status_message": None}, Project) == Project(id="a")


def test_a_new_project_says_only_what_is_given() -> None:
    assert json.loads(to_json(NewProject(space="s", title="t"))) == {"space": "s", "title": "t"}


def test_a_new_project_in_full() -> None:
    new = NewProject(
        space="s",
        title="Þing",
        aspects={"kkscode": {"kks_code": ["COD____"]}},
        associated_users=("padme",),
        contacts=["c"],
        due_date=date(2026, 2, 1),
        status="project_status:Pending:",
        sub_project_of=[],
        tags=("one", "one, long tag"),
    )

    assert json.loads(to_json(new)) == {
        "space": "s",
        "title": "Þing",
        "aspects": {"kkscode": {"kks_code": ["COD____"]}},
        "associated_users": ["padme"],
        "contacts": ["c"],
        "due_date": "2026-02-01",
        "status": "project_status:Pending:",
        "sub_project_of": [],
        "tags": ["one", "one, long tag"],
    }


def test_a_change_of_a_project_distinguishes_absent_from_cleared() -> None:
    assert to_json(EditProject()) == b"{}"
    assert to_json(EditProject(due_date=None)) == b'{"due_date": null}'
    assert to_json(EditProject(contacts=[])) == b'{"contacts": []}'
    assert to_json(EditProject(due_date=date(2026, 2, 1))) == b'{"due_date": "2026-02-01"}'


@pytest.mark.parametrize("missing", [{"title": "t"}, {"space": "s"}])
def test_space_and_title_are_a_must(missing: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument"):
        NewProject(**missing)


def test_a_task_of_today() -> None:
    assert structure(TODAY, Task) == Task(
        id="e139a8ac-7368-11ee-b992-57663b1559fb",
        type="Task",
        title="Read it",
        created=datetime(2023, 10, 30, 19, 16, 30, tzinfo=UTC),
        due_date=date(2023, 11, 3),
        tags=("urgent",),
        status="task_status:In_progress:",
        status_message="",
        project=ProjectRef(id="p", identifier="2023-3", title="Board"),
        space=SpaceRef(id="s", title="Space"),
        contacts=("c1",),
        associated_contacts_id=("c1",),
        connected_users=("padme",),
        responsible_users=(UserRef(username="padme", first_name="Padme", last_name="Amidala"),),
    )


@pytest.mark.parametrize("message", [None, ""])
def test_a_status_message_is_null_today_and_was_empty_in_2014(message: object) -> None:
    assert structure({"id": "a", "status_message": message}, Task).status_message == ""


def test_a_task_of_2014_has_no_due_date_and_objects_for_users() -> None:
    users = [{"first_name": "Leia", "last_name": "Organa", "username": "leia"}]
    task = structure({"id": "a", "due_date": None, "associated_users": users, "version": "None.0"}, Task)

    assert task.due_date is None
    assert [user.username for user in task.associated_users] == ["leia"]
    assert task.version == "None.0"


def test_a_tasks_status_may_be_of_any_list() -> None:
    task = structure({"id": "a", "status": "space_status:active:"}, Task)

    assert (task.status.list, task.status.value) == ("space_status", "active")


def test_a_due_date_with_a_time_is_a_date() -> None:
    assert structure({"id": "a", "due_date": "2016-10-13T00:00:00"}, Task).due_date == date(2016, 10, 13)


def test_tasks_are_filtered_by_the_services_names() -> None:
    where = TaskWhere(title__startswith="Rea", associated_contacts_id="c1", created__gte=date(2024, 1, 1))

    assert query(where) == (
        "title__startswith=Rea&created__gte=2024-01-01T00:00:00Z&associated_contacts_id=c1"
    )


def test_a_new_task_says_only_what_is_given() -> None:
    assert json.loads(to_json(NewTask(project="p", title="t"))) == {"project": "p", "title": "t"}


@pytest.mark.parametrize("missing", [{"title": "t"}, {"project": "p"}])
def test_project_and_title_are_a_must(missing: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument"):
        NewTask(**missing)


def test_a_change_of_a_task_distinguishes_absent_from_cleared() -> None:
    assert to_json(EditTask()) == b"{}"
    assert json.loads(to_json(EditTask(due_date=None, tags=(), title="t"))) == {
        "due_date": None,
        "tags": [],
        "title": "t",
    }


def test_one_string_is_not_a_list_of_tags() -> None:
    with pytest.raises(ValueError, match="tags takes a list of strings, not one string"):
        to_json(NewTask(project="p", title="t", tags="urgent"))


def test_a_due_date_with_a_time_is_refused_when_sent() -> None:
    with pytest.raises(ValueError, match=r"due_date takes a date without a time: use \.date\(\)"):
        to_json(EditTask(due_date=datetime(2026, 1, 1, tzinfo=UTC)))
