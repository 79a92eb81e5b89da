"""Tests of the Range header."""

import pytest

from coredata_async.sandbox.ranges import parse_range


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", None),
        ("bytes=0-3", range(4)),
        ("bytes=4-", range(4, 10)),
        ("bytes=4-99", range(4, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("bytes=10-", range(10, 10)),
        ("bytes=99-", range(99, 10)),
        ("bytes=-0", range(10, 10)),
        ("bytes=-", None),
        ("bytes=5-3", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
    ],
)
def test_ranges(header, span):
    got = parse_range(header, 10)

    assert (got is None) == (span is None)
    assert list(got or ()) == list(span or ())
