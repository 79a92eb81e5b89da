"""Formatting of paths, amounts and durations for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.formatting import escape_unprintable, files, format_bytes, format_duration, path_text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"/a/b.txt", "/a/b.txt"),
        ("/Þing/völlur".encode(), "/Þing/völlur"),
        (b"/latin-\xe9.txt", "/latin-\\xe9.txt"),
        (b"", ""),
    ],
)
def test_bytes_that_are_not_utf8_are_escaped(path: bytes, text: str) -> None:
    assert path_text(path) == text


@given(st.binary())
def test_any_path_becomes_text_that_can_be_written(path: bytes) -> None:
    path_text(path).encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain þorn", "plain þorn"),
        ("new\nline", "new\\nline"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("\udc80", "\\udc80"),
    ],
)
def test_unprintable_characters_are_escaped(text: str, shown: str) -> None:
    assert escape_unprintable(text) == shown


@given(st.text(st.characters()))
def test_escaped_text_is_on_one_line(text: str) -> None:
    assert escape_unprintable(text).isprintable()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (999.7, "1.0 kB"),
        (1_234_567_890, "1.2 GB"),
        (10**24, "1,000,000.0 EB"),
    ],
)
def test_amounts(count: float, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (10, "10 s"),
        (59.6, "1 min 0 s"),
        (61, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (90_061, "1 d 1 h"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_one_file_is_one_file() -> None:
    assert (files(0), files(1), files(2000)) == ("0 files", "1 file", "2,000 files")
