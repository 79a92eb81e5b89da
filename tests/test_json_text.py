"""Decoding of JSON: the same for any content, errors of one kind, and a limit on the depth."""

import json
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.json_text import LEVELS, TooDeepError, check_depth, decode_json
from coredata_async.message import Reply

LONG = "1" * 5000


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": [1, %s, -%s]}' % (LONG.encode(), LONG.encode()), {"a": [1, LONG, f"-{LONG}"]}),
        (b"36893488147419103233", 36893488147419103233),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[1e400]", [inf]),
        (b'"\\ud800"', "\ud800"),
        ('"þ"', "þ"),
    ],
)
def test_odd_values_are_read(raw: bytes | str, value: object) -> None:
    assert decode_json(raw) == value


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 99_999, b"1" * 5000 + b"x"])
def test_what_cannot_be_decoded_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_json(raw)


@given(st.text() | st.integers() | st.floats(allow_nan=False) | st.lists(st.integers()))
def test_all_else_is_as_python_decodes_it(value: object) -> None:
    assert repr(decode_json(json.dumps(value))) == repr(value)


def nested(levels: int, *, objects: bool = False) -> object:
    value: object = "x"
    for _ in range(levels):
        value = {"a": value} if objects else [1, value]
    return value


@pytest.mark.parametrize("objects", [False, True])
def test_as_many_levels_as_allowed_are_returned_as_they_are(objects: bool) -> None:
    value = nested(LEVELS, objects=objects)

    assert check_depth(value) is value


@pytest.mark.parametrize("objects", [False, True])
@pytest.mark.parametrize("levels", [LEVELS + 1, 50_000])
def test_more_are_refused(levels: int, objects: bool) -> None:
    with pytest.raises(TooDeepError, match="more than 100 levels"):
        check_depth(nested(levels, objects=objects))


@pytest.mark.parametrize("value", [None, 1, "x", [], {}])
def test_what_is_not_nested_is_returned(value: object) -> None:
    assert check_depth(value) == value


@pytest.mark.parametrize("levels", [LEVELS + 1, 99_999])
def test_the_json_of_a_reply_is_limited_too(levels: int) -> None:
    with pytest.raises(ValueError, match="nested more than 100"):
        Reply(200, body=b"[" * levels + b"]" * levels).json()
