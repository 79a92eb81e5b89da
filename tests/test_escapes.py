"""No character of a server's text moves a cursor or begins a line, and escapes are decoded in place."""

import json
import math
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.escapes import decodings, escape_controls, json_line


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


@pytest.mark.parametrize(
    "text",
    [
        r"\u003d", r"\u{3d}", r"\U0000003d", r"\x3d", r"\075", r"\=", "%3d", "%3D", "&#61;", "&#x3D;",
        r"\\u003d", r"\\\\u003d", "%253D", "%25253D", "&amp;#61;", "&amp;amp;#61;", r"%5Cu003d", "&equals;",
    ],
)  # fmt: skip
def test_every_way_to_write_a_character_is_read(text: str) -> None:
    decoded = list(decodings(f"a{text}b"))[-1]

    assert decoded.text == "a=b"
    assert [decoded.origin(position) for position in range(4)] == [0, 1, 1 + len(text), 2 + len(text)]


def test_a_text_without_escapes_is_searched_once() -> None:
    assert [decoded.text for decoded in decodings("100 % sure, R&D \\ a")] == ["100 % sure, R&D \\ a"]


WRITERS = (lambda text: json.dumps(text)[1:-1], lambda text: quote(text, safe=""), escape)


@given(st.text(st.characters(max_codepoint=126), min_size=1), st.lists(st.sampled_from(WRITERS), max_size=3))
def test_a_part_of_a_text_that_was_escaped_again_and_again_is_found_at_its_place(part: str, writers) -> None:
    for write in writers:
        part = write(part)
    text = f"[ {part} ]"

    for decoded in decodings(text):
        assert text[decoded.origin(0) : decoded.origin(1)] == "["
        assert text[decoded.origin(len(decoded.text) - 1) : decoded.origin(len(decoded.text))] == "]"


@given(st.text())
def test_positions_never_go_back(text: str) -> None:
    for decoded in decodings(text):
        places = [decoded.origin(position) for position in range(len(decoded.text) + 1)]
        assert places == sorted(places)
        assert places[-1] == len(text)
