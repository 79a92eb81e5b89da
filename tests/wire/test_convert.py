"""JSON to models and back."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from math import inf
from typing import Any

import orjson
import pytest
from attrs import field, fields, frozen
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.errors import ConfigurationError
from coredata_async.resources.document import UserRef
from coredata_async.resources.files import File
from coredata_async.resources.projects import Project
from coredata_async.wire import convert
from coredata_async.wire.convert import from_json, structure, to_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KNOWN = tuple(spot.name for spot in fields(Project) if spot.name != "extra")


@frozen(kw_only=True)
class Note:
    """One field of every type."""

    id: str
    count: int = -1
    done: bool = False
    when: datetime | None = None
    day: date | None = None
    names: tuple[str, ...] = ()
    by: UserRef | None = None
    readers: tuple[UserRef, ...] = ()
    open: Any = None
    extra: Mapping[str, Any] = field(factory=dict)


def complaint(raw: object) -> str:
    """What the ValueError says, if there is one; anything else fails the test."""
    try:
        structure(raw, Project)
    except ValueError as exc:
        return str(exc)
    return ""


@given(JSON)
def test_no_json_can_raise_anything_but_value_error(raw: object) -> None:
    assert complaint(raw) or isinstance(raw, dict)


@given(st.dictionaries(st.sampled_from(KNOWN), JSON))
def test_no_object_of_known_fields_can_raise_anything_but_value_error(raw: dict[str, object]) -> None:
    assert complaint(raw).startswith("Project") or structure(raw, Project).extra == {}


@given(st.dictionaries(st.text(), JSON))
def test_unknown_fields_always_land_in_extra(raw: dict[str, object]) -> None:
    unknown = {name: value for name, value in raw.items() if name not in KNOWN}

    assert structure({**unknown, "id": "a"}, Project).extra == unknown


@given(st.builds(Project, id=st.text(min_size=1), title=st.text(), tags=st.lists(st.text()).map(tuple)))
def test_texts_arrive_as_they_were_sent(project: Project) -> None:
    raw = {"id": project.id, "title": project.title, "tags": list(project.tags)}

    assert structure(json.loads(json.dumps(raw)), Project) == project


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("id", {"a": 1}, "expected text"),
        ("id", True, "expected text"),
        ("count", 1.5, "expected a whole number, not 1.5"),
        ("count", True, "expected a whole number, not True"),
        ("count", "many", "expected a whole number, not 'many'"),
        ("count", [1], r"expected a whole number, not \[1\]"),
        ("done", 1, "expected true or false, not 1"),
        ("done", "yes", "expected true or false, not 'yes'"),
        ("when", "soon", "soon"),
        ("when", 5, "5"),
        ("when", [5], "expected text"),
        ("day", "soon", "soon"),
        ("names", "abc", "expected a list, not 'abc'"),
        ("names", {"a": 1}, "expected a list"),
        ("names", ["a", None], "expected text, not None"),
        ("by", "padme", "expected an object, not 'padme'"),
        ("by", [1], "expected an object"),
        ("by", {"username": ["x"]}, r"UserRef \['x'\]: field username: expected text"),
        ("readers", [{"username": "a"}, 7], "expected an object, not 7"),
    ],
)
def test_a_broken_value_names_object_and_field(name: str, value: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=rf"Note .*field {name}: .*{complaint}"):
        structure({"id": "n-1", name: value}, Note)


def test_a_huge_broken_value_is_cut_in_the_message() -> None:
    with pytest.raises(ValueError, match="field count") as caught:
        structure({"id": "a", "count": "x" * 10_000}, Note)

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("name", "value"), [("count", 0), ("done", False), ("open", 0), ("open", False)])
def test_nothing_and_false_are_values(name: str, value: object) -> None:
    note = structure({"id": "a", name: value}, Note)

    assert getattr(note, name) == value
    assert type(getattr(note, name)) is type(value)


def test_a_number_may_come_as_text_and_text_as_a_number() -> None:
    note = structure({"id": 1, "count": "27655", "names": [2016, 0.1]}, Note)

    assert note == Note(id="1", count=27655, names=("2016", "0.1"))


def test_a_day_may_come_with_a_time() -> None:
    assert structure({"id": "a", "day": "2016-10-10T00:00:00"}, Note).day == date(2016, 10, 10)


def test_objects_within_lists_keep_their_unknown_fields() -> None:
    note = structure({"id": "a", "readers": [{"username": "padme", "rank": 1}]}, Note)

    assert note.readers == (UserRef(username="padme", extra={"rank": 1}),)


def test_an_open_field_is_left_as_it_came() -> None:
    assert structure({"id": "a", "open": [{"b": None}]}, Note).open == [{"b": None}]


@pytest.mark.parametrize("raw", [{}, {"id": None}, {"id": ""}, {"id": {}}, {"title": "x"}])
def test_an_object_without_its_key_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match=r"File.* comes without id"):
        structure(raw, File)


@pytest.mark.parametrize("raw", [None, 7, "x", [], [{"id": "a"}]])
def test_what_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="expected an object"):
        structure(raw, File)


@pytest.fixture(params=[json, orjson], ids=["json", "orjson"])
def decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert, "_json", request.param)


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"<html>", b'{"a": 1}}', b"[" * 99_999])
def test_either_decoder_raises_value_error_only(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(raw)


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize(("raw", "value"), [(b'"\\ud800"', "\ud800"), (b"[Infinity]", [inf])])
def test_what_orjson_refuses_is_read_all_the_same(raw: bytes, value: object) -> None:
    assert from_json(raw) == value


@pytest.mark.usefixtures("decoder")
def test_either_decoder_reads_the_same() -> None:
    raw = '{"a": [1, 2.5, null, true], "þ": "\\u00fe"}'.encode()

    assert from_json(raw) == {"a": [1, 2.5, None, True], "þ": "þ"}


def test_json_is_sent_as_utf_8_with_dates_in_utc() -> None:
    sent = to_json(Note(id="þ", when=datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))))

    assert "þ".encode() in sent
    assert json.loads(sent)["when"] == "2024-01-01T00:00:00Z"


def test_nested_objects_are_sent_as_objects() -> None:
    sent = json.loads(to_json(Note(id="a", by=UserRef(username="padme"))))

    assert sent["by"]["username"] == "padme"


def test_a_naive_datetime_is_not_sent() -> None:
    with pytest.raises(ConfigurationError, match="no time zone"):
        to_json(Note(id="a", when=datetime(2024, 1, 1)))


@pytest.mark.parametrize("value", [Decimal(1), b"x", {"a"}, object()])
def test_what_is_no_json_is_not_sent(value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"a {type(value).__name__} cannot be sent as JSON"):
        to_json(Note(id="a", open=value))
