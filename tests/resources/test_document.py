"""Fields of every document, with any of them missing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from coredata_async.resources.containers import SPACES, Space, SpaceWhere
from coredata_async.resources.document import Document
from coredata_async.resources.files import FILES, File, FileWhere
from coredata_async.resources.projects import PROJECTS, Project, ProjectWhere
from coredata_async.wire.convert import structure
from coredata_async.wire.resource import Resource
from tests import vendor

ROWS: list[Resource[Any, ...]] = [FILES, PROJECTS, SPACES]
SAMPLES = [
    (File, vendor.FILE),
    (File, vendor.LISTED_FILE),
    (Project, vendor.PROJECT),
    (Project, vendor.LISTED_PROJECT),
    (Space, json.dumps(json.loads(vendor.SPACES)["objects"][0])),
]


@pytest.mark.parametrize("model", [File, Project, Space])
def test_every_field_but_the_id_may_be_absent(model: type[Document]) -> None:
    assert structure({"id": "a"}, model) == model(id="a")


@pytest.mark.parametrize("empty", [None, "", {}, []])
@pytest.mark.parametrize("model", [File, Project, Space])
def test_every_empty_form_of_a_field_is_its_default(model: type[Document], empty: object) -> None:
    raw = {name: empty for name in (attribute.name for attribute in model.__attrs_attrs__) if name != "extra"}

    assert structure({**raw, "id": "a"}, model) == model(id="a")


@pytest.mark.parametrize(("model", "sample"), SAMPLES)
def test_the_models_know_every_field_of_the_vendors_samples(model: type[Document], sample: str) -> None:
    found = structure(json.loads(sample), model)

    assert found.extra == {}
    assert found.dynatype is None or found.dynatype.extra == {}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_a_path_has_both_slashes(row: Resource[Any, ...]) -> None:
    assert row.path.startswith("/api/v2/")
    assert row.path.endswith("/")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_a_row_names_its_source_and_a_field_that_exists(row: Resource[Any, ...]) -> None:
    assert row.source.startswith("https://docs.wise.is/")
    assert row.key in {attribute.name for attribute in row.model.__attrs_attrs__}


@pytest.mark.parametrize("where", [FileWhere, ProjectWhere, SpaceWhere])
def test_the_vendors_page_size_is_not_ours(where: Callable[[], Any]) -> None:
    assert (where().page_size, where().offset) == (100, 0)


@pytest.mark.parametrize("where", [FileWhere, ProjectWhere, SpaceWhere])
def test_a_filter_that_does_not_exist_is_refused(where: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="titel"):
        where(titel="x")
