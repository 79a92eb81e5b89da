"""Tests of dynatypes and value lists of 2014, and of the short form of dynatypes in documents."""

import pytest

from coredata_async.resources.document import DynatypeRef
from coredata_async.resources.files import File
from coredata_async.resources.vocabulary import VALUE_LISTS, Dynatype, Entry, ValueList
from coredata_async.wire.calls import get
from coredata_async.wire.convert import structure

STATUS = {
    "default": None,
    "entries": [
        {
            "name": "project_status:Pending:",
            "ordering": 0,
            "parent": None,
            "translations": {"en": "Pending", "is": "Í bið"},
        },
        {"name": "project_status:Closed:", "ordering": 1, "parent": None, "translations": {}},
    ],
    "name": "project_status",
    "parent": None,
    "resource_uri": "/api/v2/valuelists/project_status/",
    "type": "status",
}


def test_a_dynatype_of_2014() -> None:
    raw = {
        "caption_plural": "dynatypes_labels:Memo_plural:",
        "caption_singular": "dynatypes_labels:Memo_singular:",
        "description": None,
        "id": "d",
        "optional_aspects": ["url"],
        "required_aspects": [],
        "resource_uri": "/api/v2/dynatypes/d/",
        "status_list": None,
        "systype": "File",
        "title": "Memo",
        "type": "Dynatype",
        "version": "0.1",
    }

    assert structure(raw, Dynatype) == Dynatype(
        id="d",
        title="Memo",
        type="Dynatype",
        systype="File",
        optional_aspects=("url",),
        caption_singular="dynatypes_labels:Memo_singular:",
        caption_plural="dynatypes_labels:Memo_plural:",
        version="0.1",
        resource_uri="/api/v2/dynatypes/d/",
    )


@pytest.mark.parametrize("empty", [{}, None, ""])
def test_a_document_without_a_dynatype(empty: object) -> None:
    assert structure({"id": "a", "dynatype": empty}, File).dynatype is None


def test_a_documents_dynatype_of_2014_has_no_title() -> None:
    file = structure({"id": "a", "dynatype": {"id": "d", "caption_singular": "x"}}, File)

    assert file.dynatype == DynatypeRef(id="d", caption_singular="x")


def test_a_value_list_of_2014() -> None:
    assert structure(STATUS, ValueList) == ValueList(
        name="project_status",
        type="status",
        entries=(
            Entry(name="project_status:Pending:", translations={"en": "Pending", "is": "Í bið"}),
            Entry(name="project_status:Closed:", ordering=1),
        ),
        resource_uri="/api/v2/valuelists/project_status/",
    )


def test_a_listed_value_list_has_no_entries() -> None:
    assert structure({"name": "country", "parent": "continent"}, ValueList) == ValueList(
        name="country", parent="continent"
    )


def test_a_value_list_is_asked_for_by_its_name() -> None:
    assert get(VALUE_LISTS, "project_status").request.target == "/api/v2/valuelists/project_status/"


def test_an_order_that_is_a_numeral_is_a_number() -> None:
    assert structure({"name": "x", "entries": [{"ordering": "12"}]}, ValueList).entries[0].ordering == 12
