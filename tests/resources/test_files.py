"""The vendor's files become Files."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from coredata_async.errors import ConfigurationError
from coredata_async.resources.document import DynatypeRef, ProjectRef, SpaceRef
from coredata_async.resources.files import EditFile, File, merge_edit
from coredata_async.wire.convert import plain_fields, structure
from tests import vendor


def test_the_vendors_file_details() -> None:
    assert structure(json.loads(vendor.FILE), File) == File(
        id="e139a8ac-7368-11ee-b992-57663b1559fb",
        snapshot_id="e139e880-7368-11ee-b992-4bf81dd1b7a4",
        type="File",
        title="sample",
        path="/domain/spaces/Spaces/Space/Projects/Project/2023-3/sample.pdf",
        resource_uri="/api/v2/files/e139a8ac-7368-11ee-b992-57663b1559fb/",
        created=datetime(2023, 10, 25, 19, 1, 18, tzinfo=UTC),
        created_by="Administrator Administrator",
        modified=datetime(2023, 10, 25, 19, 1, 18, tzinfo=UTC),
        modified_by="Administrator Administrator",
        version="0.1",
        dynatype=DynatypeRef(
            id="6d19dacc-71cf-11ee-b1e9-8f8e8372e41a",
            title="File",
            caption_singular="dynatypes_labels:File_singular:",
            caption_plural="dynatypes_labels:File_plural:",
        ),
        filename="sample.pdf",
        size=3028,
        digest="4b41a3475132bd861b30a878e30aa56a",
        mime_type="application/pdf",
        blob_name="103d0b48a25b4197bb3b90bc462abc29",
        category="main",
        parent="313ae0be-71cf-11ee-b1e9-ebd554949e29",
        project=ProjectRef(
            id="3122576a-71cf-11ee-848e-b7be3292bc02", identifier="2023-3", title="Document title"
        ),
        space=SpaceRef(id="2a3b87be-71cf-11ee-a5ea-1b559886a85c", title="Space"),
    )


def test_the_vendors_listed_file_of_2016() -> None:
    file = structure(json.loads(vendor.LISTED_FILE), File)

    assert (file.filename, file.size, file.blob_name) == ("Meeting notes.pdf", 27655, None)
    assert file.aspects == {"letterout": {"date": "2016-10-10T00:00:00"}}
    assert (file.created, file.created_by, file.owner, file.userhome) == (None, "", None, None)


def test_a_file_of_2014_without_size_digest_and_folder() -> None:
    raw = {
        "id": "a",
        "size": None,
        "digest": "",
        "folder": None,
        "mime_type": None,
        "project": {},
        "version": "None.0",
    }

    assert structure(raw, File) == File(id="a", version="None.0")


def test_an_empty_file_is_not_a_file_of_unknown_size() -> None:
    assert structure({"id": "a", "size": 0}, File).size == 0
    assert structure({"id": "a"}, File).size is None


def test_unknown_fields_are_kept_at_every_depth() -> None:
    file = structure({"id": "a", "new": {"x": 1}, "space": {"id": "s", "colour": "red"}, "extra": 7}, File)

    assert file.extra == {"new": {"x": 1}, "extra": 7}
    assert file.space is not None
    assert file.space.extra == {"colour": "red"}


def test_unknown_fields_keep_the_services_order() -> None:
    raw = {"id": "a", **{f"field_{n}": n for n in range(50)}}

    assert list(structure(raw, File).extra) == [f"field_{n}" for n in range(50)]


def test_an_edit_holds_only_what_is_given() -> None:
    assert plain_fields(EditFile()) == {}
    assert plain_fields(EditFile(title="t", tags=None)) == {"title": "t", "tags": None}


def test_an_edit_is_merged_with_the_file_as_read() -> None:
    now = structure(json.loads(vendor.FILE), File)
    edit = EditFile(parent=now.project, dynatype="Letter", tags=["a", "b"], contacts=["c1", "c2"])

    assert merge_edit(now, edit) == {
        "filename": "sample.pdf",
        "title": "sample",
        "parent": "3122576a-71cf-11ee-848e-b7be3292bc02",
        "dynatype": "Letter",
        "tags": "a,b",
        "contacts": "c1,c2",
    }


def test_contacts_are_sent_with_the_dynatype_that_the_file_has() -> None:
    now = structure(json.loads(vendor.FILE) | {"dynatype": {"title": "Letter"}}, File)

    assert merge_edit(now, EditFile(contacts=["c1"])) == {
        "filename": "sample.pdf",
        "title": "sample",
        "parent": "313ae0be-71cf-11ee-b1e9-ebd554949e29",
        "dynatype": "Letter",
        "contacts": "c1",
    }


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"parent": 5}, "the parent must be a string"),
        ({"parent": "a/b"}, "'a/b' is not a valid parent: "),
        ({"tags": ["a,b"]}, "tags: 'a,b' is empty or contains a comma"),
        ({"dynatype": "Letter", "contacts": ["a,b"]}, "contacts: 'a,b' is empty or contains a comma"),
        ({"contacts": ["c1"]}, "contacts need another dynatype than 'File'"),
        ({"dynatype": "File", "contacts": ["c1"]}, "contacts need another dynatype than 'File'"),
    ],
)
def test_an_edit_that_cannot_be_sent_names_its_field(edit: dict[str, Any], message: str) -> None:
    now = structure(json.loads(vendor.FILE), File)

    with pytest.raises(ConfigurationError, match=re.escape(message)):
        merge_edit(now, EditFile(**edit))
