"""Tests of the vendor's spaces and folders, including those of the system, and of new folders."""

import json
from datetime import UTC, datetime

import pytest

from coredata_async.message import Reply
from coredata_async.resources.containers import SPACES, Folder, NewFolder, Space, SpaceWhere
from coredata_async.resources.document import ProjectRef
from coredata_async.wire.calls import Page, list_page
from coredata_async.wire.convert import structure, to_json
from tests import vendor


def test_the_vendors_page_of_spaces() -> None:
    call = list_page(SPACES.path, SPACES.model, SpaceWhere(), limit=1, offset=1)

    assert call.request.target == "/api/v2/spaces/?limit=1&offset=1"
    assert call.answer(Reply(200, body=vendor.SPACES.encode())) == Page(
        items=(
            Space(
                id="fdafd53a-d4a0-11ee-afc8-cbda05af010e",
                snapshot_id="fdafddc8-d4a0-11ee-afc8-5ba20d934ce2",
                type="Space",
                title="Space title",
                path="/domain/spaces/Space folder title/Space title",
                resource_uri="/api/v2/spaces/fdafd53a-d4a0-11ee-afc8-cbda05af010e/",
                created=datetime(2024, 2, 26, 12, 17, 21, tzinfo=UTC),
                created_by="Administrator Administrator",
                modified=datetime(2024, 2, 26, 12, 17, 21, tzinfo=UTC),
                modified_by="Administrator Administrator",
                version="0.1",
            ),
        ),
        total=6,
        offset=1,
        limit=1,
        has_next=True,
        next="/api/v2/spaces/?limit=1&offset=2",
        previous="/api/v2/spaces/?limit=1&offset=0",
    )


def test_a_hidden_space_of_2016() -> None:
    space = structure({"id": "a", "is_hidden": True, "status": "space_status:active:"}, Space)

    assert (space.is_hidden, space.status) == (True, "space_status:active:")


def test_the_systems_trash_has_no_version_author_or_place() -> None:
    trash = {
        "id": "a",
        "created_by": None,
        "dynatype": {},
        "parent": "d",
        "path": "/domain/trash",
        "project": {},
        "space": {},
        "title": "trash",
        "type": "Folder",
        "version": None,
    }

    assert structure(trash, Folder) == Folder(
        id="a", parent="d", path="/domain/trash", title="trash", type="Folder"
    )


def test_a_path_with_a_placeholder_is_kept_as_it_came() -> None:
    assert structure({"id": "a", "path": "/domain/x/{{title}}"}, Folder).path == "/domain/x/{{title}}"


def test_a_folder_in_a_project_names_it() -> None:
    folder = structure({"id": "a", "project": {"id": "p", "identifier": "2023-3", "title": "t"}}, Folder)

    assert folder.project == ProjectRef(id="p", identifier="2023-3", title="t")


def test_a_new_folder_says_only_what_is_given() -> None:
    assert json.loads(to_json(NewFolder(title="t", parent="p"))) == {"title": "t", "parent": "p"}


@pytest.mark.parametrize("missing", [{"title": "t"}, {"parent": "p"}])
def test_title_and_parent_are_a_must(missing: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument"):
        NewFolder(**missing)
