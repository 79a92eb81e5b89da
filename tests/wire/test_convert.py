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
KNOWN = tuple(attribute.name for attribute in fields(Project) if attribute.name != "extra")


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
    """Return the message of the ValueError, if there is one; any other exception fails the test."""
    try:
        structure(raw, Project)
    except ValueError as exc:
        return str(exc)
    return ""


@given(JSON)
def test_no_json_can_raise_anything_but_value_error(raw: object) -> None:
    assert complaint(raw) or isinstance(raw, dict)


@given(st.dictionaries(st.sampled_from([name for name in KNOWN if name != "id"]), JSON))
def test_every_value_of_a_known_field_is_read_or_kept_in_extra(raw: dict[str, object]) -> None:
    project = structure({**raw, "id": "a"}, Project)

    assert all(project.extra[name] is raw[name] for name in project.extra)
    unread = {name for name in raw if getattr(project, name) == getattr(Project(id="a"), name)}
    assert all(name in project.extra or not raw[name] or raw[name] == [] for name in unread)


@given(st.dictionaries(st.text(), JSON))
def test_unknown_fields_always_land_in_extra(raw: dict[str, object]) -> None:
    unknown = {name: value for name, value in raw.items() if name not in KNOWN}

    assert structure({**unknown, "id": "a"}, Project).extra == unknown


@given(st.builds(Project, id=st.text(min_size=1), title=st.text(), tags=st.lists(st.text()).map(tuple)))
def test_texts_arrive_as_they_were_sent(project: Project) -> None:
    raw = {"id": project.id, "title": project.title, "tags": list(project.tags)}

    assert structure(json.loads(json.dumps(raw)), Project) == project


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 1.5),
        ("count", 1e300),
        ("count", inf),
        ("count", True),
        ("count", "many"),
        ("count", "1" * 5000),
        ("count", [1]),
        ("done", 1),
        ("done", "yes"),
        ("when", "soon"),
        ("when", 5),
        ("when", [5]),
        ("when", "0000-00-00T00:00:00"),
        ("when", "-0001-11-30T00:00:00"),
        ("when", "2024-02-30T10:00:00"),
        ("when", "2024-01-01T24:00:00"),
        ("when", "2024-01-01T24:00:00Z"),
        ("when", "2016-12-31T23:59:60"),
        ("when", "10/25/2023"),
        ("when", "9999-12-31T23:59:59-14:00"),
        ("when", "0001-01-01T00:00:00+14:00"),
        ("day", "soon"),
        ("day", "2024-02-30"),
        ("names", "abc"),
        ("names", {"a": 1}),
        ("by", "padme"),
        ("by", [1]),
    ],
)
def test_a_value_that_cannot_be_read_leaves_the_default_and_is_kept_in_extra(
    name: str, value: object
) -> None:
    read = structure({"id": "n-1", "open": "x", name: value, "new": 1}, Note)

    assert read == Note(id="n-1", open="x", extra={"new": 1, name: value})


def test_of_a_list_all_that_can_be_read_stays() -> None:
    readers = [{"username": "a"}, 7, {"username": ["x"], "rank": 1}]

    read = structure({"id": "n-1", "names": ["a", None, 2], "readers": readers}, Note)

    odd = UserRef(extra={"username": ["x"], "rank": 1})
    assert read.names == ("a", "2")
    assert read.readers == (UserRef(username="a"), odd)
    assert read.extra == {"names": ["a", None, 2], "readers": readers}


def test_a_bad_value_of_an_object_inside_stays_there() -> None:
    assert structure({"id": "a", "by": {"username": ["x"]}}, Note).by == UserRef(extra={"username": ["x"]})


@pytest.mark.parametrize("key", [{"a": 1}, True, [1], inf])
def test_a_key_that_cannot_be_read_is_an_error(key: object) -> None:
    with pytest.raises(ValueError, match="Note: field id: expected text"):
        structure({"id": key, "count": 1}, Note)


def test_a_huge_broken_key_is_cut_in_the_message() -> None:
    with pytest.raises(ValueError, match="field id") as caught:
        structure({"id": [["x" * 10_000] * 10_000] * 1000}, Note)

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["id", "count", "open", "by", "new"])
def test_what_is_nested_too_deep_is_an_error_wherever_it_is(name: str) -> None:
    deep: object = 1
    for _ in range(3000):
        deep = [deep]

    with pytest.raises(ValueError, match=r"nested more than 100 levels|expected text"):
        structure({"id": "a", name: deep}, Note)


@pytest.mark.parametrize(("name", "value"), [("count", 0), ("done", False), ("open", 0), ("open", False)])
def test_nothing_and_false_are_values(name: str, value: object) -> None:
    note = structure({"id": "a", name: value}, Note)

    assert getattr(note, name) == value
    assert type(getattr(note, name)) is type(value)


def test_a_number_may_come_as_text_and_text_as_a_number() -> None:
    note = structure({"id": 1, "count": "27655", "names": [2016, 0.1]}, Note)
    assert structure({"id": 1, "count": 3.0}, Note).count == 3

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
    with pytest.raises(ValueError, match=r"File.* has no id"):
        structure(raw, File)


@pytest.mark.parametrize("raw", [None, 7, "x", [], [{"id": "a"}]])
def test_what_is_not_an_object_is_refused(raw: object) -> None:
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
@pytest.mark.parametrize(
    "raw",
    [
        '{"a": [1, 2.5, null, true], "þ": "\\u00fe"}'.encode(),
        b"36893488147419103233",
        b"[-80241446968629135069]",
        b'{"a":18446744073709551616,"b":\t-9223372036854775809}',
        b"[18446744073709551615, -9223372036854775808, -0, 1e20, 123456789012345678901234567890.5]",
        b'{"a": 1, "a": 2}',
        b"\xef\xbb\xbf1",
        "[1]".encode("utf-16"),
        b"[-Infinity, 1e400]",
    ],
)
def test_either_decoder_reads_what_json_reads(raw: bytes) -> None:
    read = from_json(raw)

    assert repr(read) == repr(json.loads(raw))


@given(JSON)
def test_either_decoder_reads_any_value_the_same(value: object) -> None:
    raw = json.dumps(value).encode()

    assert repr(from_json(raw)) == repr(json.loads(raw))


@pytest.mark.usefixtures("decoder")
def test_an_integer_longer_than_python_converts_stays_text_and_hides_nothing() -> None:
    assert from_json(b'{"id": "a", "size": %s}' % (b"1" * 5000)) == {"id": "a", "size": "1" * 5000}


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
def test_what_is_not_json_is_not_sent(value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"a {type(value).__name__} cannot be sent as JSON"):
        to_json(Note(id="a", open=value))
