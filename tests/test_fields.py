"""Tests of the fields of classes as documents and output show them."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone

from attrs import frozen, make_class

from coredata_async.fields import alternatives, docstrings, plain, plain_object
from coredata_async.resources.document import SpaceRef
from coredata_async.resources.projects import Project
from coredata_async.resources.values import Aspects, ListValue

MADE = Project(
    id="p1",
    title="Þing",
    created=datetime(2023, 10, 25, 21, 1, 18, tzinfo=timezone(timedelta(hours=2))),
    due_date=date(2024, 1, 2),
    status=ListValue("project_status:Pending:"),
    space=SpaceRef(id="s1", title="Board", extra={"colour": "red"}),
    tags=("a", "b"),
    aspects=Aspects({"url": {"url": "www.example.is"}}),
    extra={"new_field": [1, {"x": None}]},
)


def test_a_model_becomes_json_as_the_service_writes_it() -> None:
    found = json.loads(json.dumps(plain_object(MADE)))

    assert found["created"] == "2023-10-25T19:01:18Z"
    assert found["due_date"] == "2024-01-02"
    assert found["status"] == "project_status:Pending:"
    assert found["space"] == {"id": "s1", "title": "Board", "colour": "red"}
    assert found["aspects"] == {"url": {"url": "www.example.is"}}
    assert found["tags"] == ["a", "b"]


def test_unknown_fields_are_in_their_place_again() -> None:
    found = plain_object(MADE)

    assert found["new_field"] == [1, {"x": None}]
    assert "extra" not in found


@frozen
class Base:
    """A class with documented fields."""

    kept: int = 0
    """First paragraph
    on two lines.

    Second paragraph.
    """
    replaced: int = 0
    """Of the base class."""
    silent: int = 0


@frozen
class Derived(Base):
    """A class that replaces a docstring."""

    replaced: int = 1
    """Of the derived class."""


def test_docstrings_below_fields_are_inherited_and_replaced() -> None:
    assert docstrings(Derived) == {
        "kept": "First paragraph\non two lines.\n\nSecond paragraph.",
        "replaced": "Of the derived class.",
    }
    assert docstrings(Base)["replaced"] == "Of the base class."


def test_a_class_without_source_has_no_docstrings_of_fields() -> None:
    assert docstrings(make_class("Made", ["name"])) == {}


def test_alternatives_are_the_members_of_a_union() -> None:
    assert alternatives(int | str | None) == (int, str, type(None))
    assert alternatives(Sequence[str]) == (Sequence[str],)


def test_a_time_without_a_zone_stays_without_one() -> None:
    assert plain(datetime(2026, 1, 2, 3, 4)) == "2026-01-02T03:04:00"
    assert plain(datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == "2026-01-02T03:04:00Z"
