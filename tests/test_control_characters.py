"""No character of a server's text moves a cursor, begins a line, or reverses the reading direction."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.control_characters import escape_controls, json_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Skýrsla 2024, ½ 😀", "Skýrsla 2024, ½ 😀"),
        ("a\r\nb\tc\0", r"a\r\nb\tc\x00"),
        ("\x1b[31mred\x7f", r"\x1b[31mred\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("\u202efdp.exe\u2066\u2069\u200f", r"\u202efdp.exe\u2066\u2069\u200f"),
        ("half \ud800", r"half \ud800"),
        ("👨\u200d👩 \u06cc\u200c\u062e", "👨\u200d👩 \u06cc\u200c\u062e"),
    ],
)
def test_only_what_is_obeyed_is_escaped(text: str, shown: str) -> None:
    assert escape_controls(text) == shown


@given(st.text())
def test_an_escaped_text_is_one_line_that_can_be_written(text: str) -> None:
    shown = escape_controls(text)

    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert escape_controls(shown) == shown


@pytest.mark.slow
@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.dictionaries(st.text(), inner)))
def test_json_holds_the_same_value_and_no_control_character(value: object) -> None:
    line = json_line(value)

    assert json.loads(line) == value
    assert escape_controls(line) == line


def test_letters_stay_readable_in_json() -> None:
    assert json_line({"þ": "\x9b\u202e\u2028😀"}) == r'{"þ": "\u009b\u202e\u2028😀"}'


def test_what_json_does_not_have_becomes_null() -> None:
    value = {"a": [math.nan, 1.5, (math.inf,)], "b": {"c": -math.inf}, math.nan: 1}

    assert json_line(value) == '{"a": [null, 1.5, [null]], "b": {"c": null}, "nan": 1}'


def test_letters_are_escaped_where_only_ascii_is_wanted() -> None:
    assert json_line({"þ": "😀\x9b"}, ascii_only=True) == r'{"\u00fe": "\ud83d\ude00\u009b"}'
