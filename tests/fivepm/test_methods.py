"""Tests of the table of methods, and of the table of names."""

import attrs
import pytest

from coredata_async.fivepm import names
from coredata_async.fivepm.method import Method
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.account import Status
from coredata_async.fivepm.models.activity import ActivityFilter
from coredata_async.fivepm.models.work_items import Task, TaskFilter

COUNTS = {
    "authentication": 3,
    "metainfo": 2,
    "projects": 6,
    "tasks": 5,
    "users": 6,
    "activity": 9,
    "projectsgroups": 5,
}
ROWS = list(METHODS.values())


def test_there_are_36_methods_in_7_services() -> None:
    assert {name: sum(row.service == name for row in ROWS) for name in COUNTS} == COUNTS
    assert len(ROWS) == 36


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.full_name)
def test_a_path_repeats_verb_service_and_method(row: Method) -> None:
    assert row.path == f"/api/v2/service/{row.verb.lower()}/{row.service}/{row.name}"


def test_users_are_read_at_their_own_path_not_at_that_of_tasks_as_printed() -> None:
    assert METHODS["users.getById"].path == "/api/v2/service/get/users/getById"


def test_only_what_the_page_splits_between_two_verbs_has_a_fallback() -> None:
    assert {row.full_name: row.fallbacks[0].path for row in ROWS if row.fallbacks} == {
        "activity.removeFile": "/api/v2/service/get/activity/removeFile",
        "activity.downloadFile": "/api/v2/service/get/activity/downloadFile",
    }


def test_a_download_is_posted_and_yet_changes_nothing() -> None:
    assert not METHODS["activity.downloadFile"].writes
    assert sum(row.writes for row in ROWS) == 17


def test_three_methods_page() -> None:
    assert [row.full_name for row in ROWS if row.pages] == [
        "projects.getList",
        "tasks.getList",
        "activity.getList",
    ]


def test_every_python_name_is_there_once() -> None:
    assert len({row.python for row in ROWS}) == 36


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.full_name)
def test_arguments_have_a_name_on_the_wire(row: Method) -> None:
    assert set(row.arguments) <= names.ARGUMENTS.keys()


@pytest.mark.parametrize("kind", names.NAMES, ids=lambda kind: kind.__name__)
def test_every_field_of_every_class_has_a_name_on_the_wire(kind: type[attrs.AttrsInstance]) -> None:
    assert {spot.name for spot in attrs.fields(kind)} - {"extra"} <= names.NAMES[kind].keys()


@pytest.mark.parametrize("kind", names.NAMES, ids=lambda kind: kind.__name__)
def test_no_two_fields_share_a_name_on_the_wire(kind: type[object]) -> None:
    table = names.NAMES[kind]

    assert len(set(table.values())) == len(table)


def test_names_in_snake_case_on_the_wire_are_kept_as_they_are() -> None:
    assert names.NAMES[Task]["can_edit"] == "can_edit"
    assert names.NAMES[Status]["is_final"] == "is_final"


def test_one_python_filter_has_two_names_on_the_wire() -> None:
    assert names.NAMES[TaskFilter]["closed_within_days"] == "hide_old_object_period"
    assert names.NAMES[ActivityFilter]["closed_within_days"] == "hide_non_active"


@pytest.mark.parametrize("row", [row for row in ROWS if row.fields], ids=lambda row: row.full_name)
def test_a_notify_flag_is_unset_unless_the_caller_sets_it(row: Method) -> None:
    flags = [
        spot
        for spot in attrs.fields(row.fields)  # type: ignore[arg-type]
        if spot.name.startswith("notify")
    ]

    assert all(spot.default is not attrs.NOTHING and str(spot.default) == "Unset.UNSET" for spot in flags)
