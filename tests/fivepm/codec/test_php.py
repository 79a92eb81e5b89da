"""Tests of the encoding of arguments."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

import coredata_async
import coredata_async.fivepm
from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.codec.php import flatten
from coredata_async.fivepm.models.task import EditTask
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.unset import UNSET

SCALARS = st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC_", min_size=1, max_size=5)
PARAMS = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1),
        max_leaves=8,
    ),
    max_size=4,
)


class Level(IntEnum):
    """Enumeration of numbers."""

    CLIENT = 200


def test_an_object_goes_into_the_brackets_of_its_name() -> None:
    assert flatten({"task": {"name": "x", "projectId": "7"}}) == [
        ("task[name]", "x"),
        ("task[projectId]", "7"),
    ]


def test_a_list_is_counted_from_nought() -> None:
    assert flatten({"task": {"team": ["5", "6"]}}) == [("task[team][0]", "5"), ("task[team][1]", "6")]


def test_a_list_of_objects_is_counted_from_one_as_in_the_vendors_example() -> None:
    assert flatten({"files": [{"name": "a", "content": "b"}, {"name": "c"}]}) == [
        ("files[1][name]", "a"),
        ("files[1][content]", "b"),
        ("files[2][name]", "c"),
    ]


def test_an_empty_list_is_an_empty_text_so_that_it_can_clear() -> None:
    assert flatten({"task": {"team": []}}) == [("task[team]", "")]


def test_truths_are_digits_for_php_takes_the_text_false_as_true() -> None:
    assert flatten({"a": True, "b": False}) == [("a", "1"), ("b", "0")]


def test_nothing_and_unset_are_left_out() -> None:
    assert flatten({"a": None, "b": UNSET, "c": {"d": None}}) == []


def test_there_is_one_unset_for_both_services() -> None:
    assert coredata_async.UNSET is coredata_async.fivepm.UNSET is UNSET
    assert RequestStyle().encode(EditTask(name=coredata_async.UNSET)) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-07, "0.0000001"), (2.5, "2.5"), (1e22, "10000000000000000000000"), (Decimal("0.10"), "0.10")],
)
def test_numbers_have_no_exponent(value: object, text: str) -> None:
    assert flatten({"n": value}) == [("n", text)]


def test_an_enum_is_its_value() -> None:
    assert flatten({"level": Level.CLIENT}) == [("level", "200")]


def test_dates_are_written_with_a_space_or_with_a_t() -> None:
    when = {"d": datetime(2026, 11, 22, 10, 0, 1)}

    assert flatten(when) == [("d", "2026-11-22 10:00:01")]
    assert flatten(when, dates="t") == [("d", "2026-11-22T10:00:01")]


def test_a_day_is_its_midnight() -> None:
    assert flatten({"d": date(2026, 11, 22)}) == [("d", "2026-11-22 00:00:00")]


def test_a_time_zone_is_refused_for_5pm_knows_none() -> None:
    with pytest.raises(ConfigurationError, match=r"task\[endDate\].*time zone"):
        flatten({"task": {"endDate": datetime(2026, 1, 1, tzinfo=UTC)}})


@pytest.mark.parametrize("odd", [b"bytes", object(), {1, 2}, float("nan"), float("inf"), Decimal("inf")])
def test_what_has_no_spelling_is_refused_by_name(odd: object) -> None:
    with pytest.raises(ConfigurationError, match="odd"):
        flatten({"odd": odd})


@given(PARAMS)
def test_no_two_values_share_a_name_and_none_gets_lost(params: dict[str, object]) -> None:
    pairs = flatten(params)

    assert len({name for name, _ in pairs}) == len(pairs) == count(params)


@given(PARAMS)
def test_what_is_sent_is_what_was_meant_after_any_encoding(params: dict[str, object]) -> None:
    pairs = flatten(params)

    assert parse_qsl(urlencode(pairs), keep_blank_values=True) == pairs


def count(value: object) -> int:
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 1
