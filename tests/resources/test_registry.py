"""Rows of the registry: all of one shape, complete, and each with its evidence."""

from typing import Any

import attrs
import pytest

from coredata_async.resources.document import Document
from coredata_async.resources.registry import NESTED, ROWS, endpoints
from coredata_async.unset import Unset
from coredata_async.wire.convert import structure
from coredata_async.wire.resource import AppendableKind, EditableKind, Nested, Paging, Resource

KINDS = [pytest.param(kind, id=name) for name, kind in ROWS.items()]
APPENDABLE = [pytest.param(kind, id=name) for name, kind in ROWS.items() if isinstance(kind, AppendableKind)]
EDITABLE = [pytest.param(kind, id=name) for name, kind in ROWS.items() if isinstance(kind, EditableKind)]
INSIDE = [pytest.param(nested, id=f"{nested.owner}{nested.kind.name}") for nested in NESTED]


def names(kind: Any) -> set[str]:
    return {attribute.name for attribute in attrs.fields(kind)}


def test_the_rows_are_the_nouns_of_the_client() -> None:
    assert list(ROWS) == [
        "spaces",
        "projects",
        "files",
        "folders",
        "tasks",
        "contacts",
        "users",
        "comments",
        "value_lists",
        "dynatypes",
        "documents",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_has_both_slashes_and_is_of_version_2(kind: Resource[Any, ...]) -> None:
    for path in filter(None, (kind.path, kind.detail)):
        assert path.startswith("/api/v2/")
        assert path.endswith("/")


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_is_a_field_and_the_only_one_that_must_be_there(kind: Resource[Any, ...]) -> None:
    required = {
        attribute.name for attribute in attrs.fields(kind.model) if attribute.default is attrs.NOTHING
    }

    assert required == {kind.key}


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_the_key_alone_is_read(kind: Resource[Any, ...]) -> None:
    assert structure({kind.key: "a"}, kind.model) == kind.model(**{kind.key: "a"})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_every_empty_form_of_a_field_is_its_default(kind: Resource[Any, ...], empty: object) -> None:
    raw = dict.fromkeys(names(kind.model) - {"extra"}, empty)

    assert structure({**raw, kind.key: "a"}, kind.model) == kind.model(**{kind.key: "a"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_without_its_key_is_refused(kind: Resource[Any, ...]) -> None:
    with pytest.raises(ValueError, match=f"{kind.model.__name__} has no {kind.key}"):
        structure({"title": "x"}, kind.model)


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_fields_are_kept(kind: Resource[Any, ...]) -> None:
    found = structure({kind.key: "a", "colour": {"r": 255}}, kind.model)

    assert found.extra == {"colour": {"r": 255}}


@pytest.mark.parametrize("kind", KINDS)
def test_models_are_frozen(kind: Resource[Any, ...]) -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(kind.model(**{kind.key: "a"}), kind.key, "b")


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_class_pages_a_hundred_at_a_time_from_the_start(kind: Resource[Any, ...]) -> None:
    where = kind.where()

    assert isinstance(where, Paging)
    assert (where.page_size, where.offset) == (100, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_that_does_not_exist_is_refused(kind: Resource[Any, ...]) -> None:
    with pytest.raises(TypeError, match="titel"):
        kind.where(titel="x")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_documented_says_so_and_names_where_it_was_seen(kind: Resource[Any, ...]) -> None:
    for verb in ("list", "get", "create", "update", "delete"):
        proof = kind.proof(verb)
        assert proof.evidence in {"documented", "named", "legacy"}
        assert proof.source
        assert proof.evidence != "documented" or proof.source.startswith("https://docs.wise.is/cored/")
        assert proof.evidence != "legacy" or "(2014)" in proof.source


@pytest.mark.parametrize("name", ROWS)
def test_verbs_with_a_proof_of_their_own_are_verbs_it_has(name: str) -> None:
    verbs = {
        each.operation.partition(".")[2] for each in endpoints() if each.operation.startswith(f"{name}.")
    }

    assert ROWS[name].proofs.keys() <= verbs


@pytest.mark.parametrize("kind", APPENDABLE)
def test_whatever_may_be_left_out_of_a_new_object_is_none(kind: Any) -> None:
    assert {attribute.default for attribute in attrs.fields(kind.new)} <= {attrs.NOTHING, None}


@pytest.mark.parametrize("kind", EDITABLE)
def test_a_change_of_nothing_says_nothing(kind: Any) -> None:
    assert {attribute.default for attribute in attrs.fields(kind.edit)} == {Unset.UNSET}


@pytest.mark.parametrize("kind", EDITABLE)
def test_what_can_be_changed_can_be_given_at_first(kind: Any) -> None:
    assert names(kind.edit) <= names(kind.new)


@pytest.mark.parametrize("nested", INSIDE)
def test_a_listing_inside_is_of_a_collection_that_exists(nested: Nested[Any, ...]) -> None:
    owners = {kind.path for kind in ROWS.values()}

    assert nested.owner in owners
    assert nested.kind in ROWS.values()
    assert nested.path("a") == f"{nested.owner}a/{nested.kind.name}/"
    assert issubclass(nested.kind.model, Document)
    assert nested.proof.source
