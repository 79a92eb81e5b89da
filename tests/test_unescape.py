"""Escapes of any kind and depth are decoded, and each character keeps its original position."""

import json
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.unescape import decodings


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
