"""Tasks of today and of 2014 become Tasks; new and changed ones become JSON."""

import json
from datetime import UTC, date, datetime

import pytest

from coredata_async.resources.document import ProjectRef, SpaceRef, UserRef
from coredata_async.resources.tasks import EditTask, NewTask, Task, TaskWhere
from coredata_async.wire.convert import structure, to_json
from coredata_async.wire.resource import query

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


def test_a_change_distinguishes_absent_from_cleared() -> None:
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
