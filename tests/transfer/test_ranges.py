"""Ranges: the request header, the response header, and the comparison of two responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.message import Reply
from coredata_async.transfer.ranges import (
    ByteRange,
    ContentRange,
    content_coding,
    content_range_of,
    is_same_content,
    read_unsatisfied_size,
)


@pytest.mark.parametrize(
    ("span", "done", "header"),
    [
        (ByteRange(), 0, None),
        (ByteRange(), 7, "bytes=7-"),
        (ByteRange(offset=5), 0, "bytes=5-"),
        (ByteRange(offset=5), 7, "bytes=12-"),
        (ByteRange(length=10), 0, "bytes=0-9"),
        (ByteRange(length=10), 4, "bytes=4-9"),
        (ByteRange(offset=5, length=10), 4, "bytes=9-14"),
        (ByteRange(offset=5, length=1), 0, "bytes=5-5"),
    ],
)
def test_the_range_is_what_is_left(span, done, header):
    assert span.header(done) == ({"Range": header} if header else {})


@pytest.mark.parametrize(
    ("span", "whole"),
    [(ByteRange(), True), (ByteRange(offset=1), False), (ByteRange(length=1), False)],
)
def test_only_from_beginning_to_end_is_whole(span, whole):
    assert span.whole is whole


@pytest.mark.parametrize(
    ("headers", "held"),
    [
        ({}, (0, None, None)),
        ({"Content-Length": "10"}, (0, 10, 10)),
        ({"Content-Length": "0"}, (0, 0, 0)),
        ({"Content-Length": "odd"}, (0, None, None)),
        ({"Content-Length": "٣"}, (0, None, None)),
        ({"Content-Length": "9" * 5000}, (0, None, None)),
        ({"Content-Length": "10", "Content-Encoding": "gzip"}, (0, None, None)),
        ({"Content-Length": "10", "Content-Encoding": "identity"}, (0, 10, 10)),
        ({"Content-Length": "10", "Content-Encoding": "aws-chunked"}, (0, 10, 10)),
        # Some servers answer 200 with a Content-Range.
        ({"Content-Range": "bytes 5-9/100", "Content-Length": "5"}, (5, 10, 100)),
        ({"Content-Range": "bytes 5-9/*", "Content-Length": "5"}, (5, 10, None)),
        ({"Content-Range": " bytes 0-0/1 "}, (0, 1, 1)),
        ({"Content-Range": "bytes 5-9/100", "Content-Length": "100"}, (0, 100, 100)),
        ({"Content-Range": "lines 1-2/3", "Content-Length": "9"}, (0, 9, 9)),
    ],
)
def test_a_whole_response_says_where_its_bytes_belong(headers, held):
    found = content_range_of(Reply(200, headers))

    assert (found.first, found.stop, found.total) == held


@pytest.mark.parametrize(
    ("headers", "held"),
    [
        ({"Content-Range": "bytes 5-9/100"}, (5, 10, 100)),
        ({"Content-Range": "BYTES  5-9/*", "Content-Length": "5"}, (5, 10, None)),
        ({"Content-Range": "bytes 0-0/1", "Content-Type": "multipart/mixed"}, (0, 1, 1)),
    ],
)
def test_a_partial_response_says_where_its_bytes_belong(headers, held):
    found = content_range_of(Reply(206, headers))

    assert (found.first, found.stop, found.total) == held


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "is missing"),
        ({"Content-Length": "5"}, "is missing"),
        ({"Content-Range": ""}, "is ''"),
        ({"Content-Range": "items 5-9/100"}, "items"),
        ({"Content-Range": "bytes */100"}, r"\*/100"),
        ({"Content-Range": "bytes 9-5/100"}, "9-5"),
        ({"Content-Range": "bytes 5-9/9"}, "5-9/9"),
        ({"Content-Range": "bytes 5-9/0"}, "5-9/0"),
        ({"Content-Range": "bytes 5-9/" + "9" * 5000}, "is 'bytes 5-9/999"),
        ({"Content-Range": "bytes -5-9/100"}, "-5-9"),
        ({"Content-Range": "bytes 5-9"}, "5-9"),
        ({"Content-Range": "bytes \u0665-\u0669/100"}, "is 'bytes"),
        ({"Content-Range": "bytes 5-9/100", "Content-Length": "6"}, "5 bytes, its Content-Length 6"),
        ({"Content-Range": "bytes 5-9/100", "Content-Type": "Multipart/ByteRanges; boundary=B"}, "multipart"),
    ],
)
def test_a_partial_response_that_does_not_say_it_readably_is_refused(headers, reason):
    with pytest.raises(ValueError, match=reason):
        content_range_of(Reply(206, headers))


@given(
    st.integers(0, 10**17),
    st.integers(1, 10**17),
    st.integers(0, 10**17),
    st.sampled_from(["bytes", "Bytes"]),
)
def test_every_valid_content_range_is_read(first, count, more, unit):
    total = first + count + more
    header = {"Content-Range": f"{unit} {first}-{first + count - 1}/{total}"}

    assert content_range_of(Reply(206, header)) == ContentRange(first=first, stop=first + count, total=total)


@given(
    st.text(max_size=40) | st.text("bytes 0123456789-/*", max_size=40), st.text("0123456789 -x", max_size=8)
)
def test_a_content_range_is_read_without_contradiction_or_refused(content_range, length):
    try:
        found = content_range_of(Reply(206, {"Content-Range": content_range, "Content-Length": length}))
    except ValueError:
        return

    assert found.stop is not None
    assert 0 <= found.first < found.stop
    assert found.total is None or found.stop <= found.total


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        (Reply(416), None),
        (Reply(416, {"Content-Range": "bytes */10"}), 10),
        (Reply(416, {"Content-Range": "bytes */0"}), 0),
        (Reply(416, {"Content-Range": "bytes 0-1/10"}), None),
        (Reply(416, {}, b"<Error><ActualObjectSize>7</ActualObjectSize></Error>"), 7),
    ],
)
def test_a_416_says_how_long_the_file_is(reply, size):
    assert read_unsatisfied_size(reply) == size
    assert content_range_of(reply).total == size


@pytest.mark.parametrize(
    ("header", "coding"),
    [("", ""), ("identity", ""), ("GZIP", "gzip"), ("aws-chunked, gzip", "gzip"), ("gzip,br", "gzip, br")],
)
def test_codings_that_change_nothing_do_not_count(header, coding):
    assert content_coding({"Content-Encoding": header}) == coding


def seen(etag: str = "", modified: str = "", total: int | None = 9) -> ContentRange:
    return ContentRange(etag=etag, modified=modified, total=total)


@pytest.mark.parametrize(
    ("old", "new", "decided", "undecided"),
    [
        (seen('"a"'), seen('"a"'), True, True),
        (seen('"a"'), seen('"a"', total=None), True, True),
        (seen('"a"'), seen('"b"'), False, False),
        (seen('"a"', total=9), seen('"a"', total=8), False, False),
        (seen('"a"'), seen('W/"a"'), True, False),
        (seen("a"), seen('"a"'), True, False),
        (seen('"a"'), seen(), True, False),
        (seen(), seen(), True, False),
        (seen('W/"a"'), seen('W/"a"'), True, False),
        (seen(modified="Mon"), seen(modified="Mon"), True, True),
        (seen(modified="Mon"), seen(modified="Tue"), True, False),
        (seen(modified="Mon", total=None), seen(modified="Mon", total=None), True, False),
        (seen('W/"a"', modified="Mon"), seen('W/"a"', modified="Mon"), True, True),
        (seen('W/"a"', modified="Mon"), seen('W/"b"', modified="Mon"), False, False),
        (seen('"a"', modified="Mon"), seen('"b"', modified="Mon"), False, False),
    ],
)
def test_bytes_are_joined_only_if_they_are_of_one_content(old, new, decided, undecided):
    assert is_same_content(old, new, digest_decides=True) is decided
    assert is_same_content(old, new, digest_decides=False) is undecided


@pytest.mark.parametrize(
    ("known", "header"),
    [
        (seen('"a"', modified="Mon"), '"a"'),
        (seen(modified="Mon"), "Mon"),
        (seen('W/"a"', modified="Mon"), None),
        (seen("a"), None),
        (seen(), None),
    ],
)
def test_only_what_is_strong_makes_a_condition(known, header):
    assert known.condition() == ({"If-Range": header} if header else {})
