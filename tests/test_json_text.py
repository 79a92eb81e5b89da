"""Decoding of JSON: the same for any content, and errors of one kind."""

import json
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.json_text import decode_json

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
