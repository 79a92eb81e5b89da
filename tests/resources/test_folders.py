"""Folders, including those of the system, become Folders; new ones become JSON."""

import json

import pytest

from coredata_async.resources.document import ProjectRef
from coredata_async.resources.folders import Folder, NewFolder
from coredata_async.wire.convert import structure, to_json


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
