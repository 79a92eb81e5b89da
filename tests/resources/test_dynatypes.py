"""Dynatypes of 2014, and the short form documents carry."""

import pytest

from coredata_async.resources.document import DynatypeRef
from coredata_async.resources.dynatypes import Dynatype
from coredata_async.resources.files import File
from coredata_async.wire.convert import structure


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
