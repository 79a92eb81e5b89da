"""Conditions of a web request: pure decisions, stated with literals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.message import Reply
from coredata_async.transfer.conditions import Conditions, WebRange, etag_of
from coredata_async.transfer.ranges import ByteRange

DATE = "Sat, 28 Nov 2026 10:00:00 GMT"
LATER = "Sat, 28 Nov 2026 10:00:01 GMT"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", (0, 499)),
        ("bytes=500-", (500, None)),
        ("bytes=-500", (None, 500)),
        ("Bytes=7-7", (7, 7)),
        (" bytes= 7-9 ,", (7, 9)),
        ("bytes=-0", (None, 0)),
        ("bytes=0-" + "9" * 100, (0, 10**18 - 1)),
    ],
)
def test_one_range_is_understood(header, expected):
    found = WebRange.parse(header)

    assert found is not None
    assert (found.first, found.last) == expected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5",
        "bytes=a-b",
        "bytes=9-7",
        "bytes=0-1,3-4",
        "bytes 0-1",
        "items=0-1",
        "bytes=٣-٤",
        "bytes=--5",
        "bytes=0x1-0x2",
        "bytes=0-" + "9" * 5000,
    ],
)
def test_several_ranges_and_what_is_not_one_are_ignored(header):
    assert WebRange.parse(header) is None


@pytest.mark.parametrize(
    ("header", "offset", "length"),
    [
        ("bytes=0-3", 0, 4),
        ("bytes=8-99", 8, 2),
        ("bytes=3-", 3, 7),
        ("bytes=-4", 6, 4),
        ("bytes=-99", 0, 10),
    ],
)
def test_a_range_is_placed_in_the_file(header, offset, length):
    assert WebRange.parse(header).place(10) == ByteRange(offset=offset, length=length)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_that_holds_nothing_of_the_file_has_no_place(header):
    assert WebRange.parse(header).place(10) is None


@given(st.binary(min_size=1, max_size=30), st.integers(0, 40), st.integers(0, 40))
def test_the_place_is_what_a_slice_gives(data, first, last):
    found = WebRange.parse(f"bytes={first}-{last}")
    placed = found.place(len(data)) if found else ByteRange(offset=0, length=len(data))

    expected = data[first : last + 1] if last >= first else data
    assert (data[placed.offset : placed.offset + placed.length] if placed else b"") == expected


@given(st.text())
def test_no_header_is_an_error(text):
    Conditions.parse(text, text, text)


@pytest.mark.parametrize(
    ("listed", "tag", "known"),
    [
        ('"a"', '"a"', True),
        ('W/"a"', '"a"', True),
        ('"a"', 'W/"a"', True),
        ('"x", W/"a" , "b"', '"a"', True),
        ('"x,y", "a"', '"x,y"', True),
        ("*", '"a"', True),
        ("*", "", True),
        ('"A"', '"a"', False),
        ('"b"', '"a"', False),
        ("a", '"a"', False),
        ("", '"a"', False),
        ('"a"', "", False),
        ('"a"', "a", True),
    ],
)
def test_if_none_match_compares_weakly(listed, tag, known):
    reply = Reply(200, {"ETag": tag})

    assert Conditions.parse(None, None, listed).is_known(reply) is known


@pytest.mark.parametrize(
    ("condition", "headers", "due"),
    [
        (None, {}, True),
        ('"a"', {"ETag": '"a"'}, True),
        ('"a"', {"ETag": '"b"'}, False),
        ('"a"', {"ETag": 'W/"a"'}, False),
        ('W/"a"', {"ETag": 'W/"a"'}, False),
        ('"a"', {}, False),
        (DATE, {"Last-Modified": DATE}, True),
        (DATE, {"Last-Modified": DATE, "Date": LATER}, True),
        (DATE, {"Last-Modified": DATE, "Date": DATE}, False),
        (LATER, {"Last-Modified": DATE}, False),
        (DATE, {}, False),
        ("nonsense", {"ETag": '"a"'}, False),
        ("", {"ETag": '"a"'}, False),
    ],
)
def test_if_range_compares_strongly(condition, headers, due):
    conditions = Conditions.parse("bytes=0-1", condition, None)

    assert conditions.is_range_due(Reply(206, headers)) is due


def test_an_if_range_that_cannot_hold_is_not_sent():
    assert Conditions.parse("bytes=0-1", 'W/"a"', None).headers() == {}


def test_the_storage_is_asked_with_clean_headers():
    conditions = Conditions.parse("BYTES= 1-2,", '"a"', 'x, "a",W/"b"')

    assert conditions.headers() == {
        "Range": "bytes=1-2",
        "If-Range": '"a"',
        "If-None-Match": '"a", W/"b"',
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ETag": '"a"'}, '"a"'),
        ({"ETag": 'W/"a"'}, 'W/"a"'),
        ({"ETag": "0cc175b9c0f1b6a831c399e269772661"}, '"0cc175b9c0f1b6a831c399e269772661"'),
        ({"ETag": '"a", "b"'}, None),
        ({"ETag": '"é"'}, None),
        ({}, None),
        ({"ETag": '"a"', "Content-Encoding": "gzip"}, 'W/"a"'),
    ],
)
def test_the_etag_is_that_of_the_bytes_given_away(headers, expected):
    assert etag_of(Reply(200, headers)) == expected
