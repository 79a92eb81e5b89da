"""The vendor's projects become Projects; new and changed ones become JSON."""

import json
from datetime import UTC, date, datetime

import pytest

from coredata_async.resources.document import DynatypeRef, SpaceRef, UserRef
from coredata_async.resources.projects import EditProject, NewProject, Project
from coredata_async.wire.convert import structure, to_json
from tests import vendor


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


def test_a_change_distinguishes_absent_from_cleared() -> None:
    assert to_json(EditProject()) == b"{}"
    assert to_json(EditProject(due_date=None)) == b'{"due_date": null}'
    assert to_json(EditProject(contacts=[])) == b'{"contacts": []}'
    assert to_json(EditProject(due_date=date(2026, 2, 1))) == b'{"due_date": "2026-02-01"}'


@pytest.mark.parametrize("missing", [{"title": "t"}, {"space": "s"}])
def test_space_and_title_are_a_must(missing: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument"):
        NewProject(**missing)
