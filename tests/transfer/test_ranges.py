"""What a ranged GET asks for, and what its answer says."""

import pytest

from coredata_async.message import Reply
from coredata_async.transfer.ranges import Arrival, Span, arrival


@pytest.mark.parametrize(
    ("span", "done", "header"),
    [
        (Span(), 0, None),
        (Span(), 7, "bytes=7-"),
        (Span(offset=5), 0, "bytes=5-"),
        (Span(offset=5), 7, "bytes=12-"),
        (Span(length=10), 0, "bytes=0-9"),
        (Span(length=10), 4, "bytes=4-9"),
        (Span(offset=5, length=10), 4, "bytes=9-14"),
        (Span(offset=5, length=1), 0, "bytes=5-5"),
    ],
)
def test_the_range_is_what_is_left(span, done, header):
    assert span.header(done) == ({"Range": header} if header else {})


@pytest.mark.parametrize(
    ("span", "whole"),
    [(Span(), True), (Span(offset=1), False), (Span(length=1), False)],
)
def test_only_from_beginning_to_end_is_whole(span, whole):
    assert span.whole is whole


@pytest.mark.parametrize(
    ("headers", "first", "total"),
    [
        ({}, 0, None),
        ({"Content-Length": "10"}, 0, 10),
        ({"Content-Length": "0"}, 0, 0),
        ({"Content-Length": "odd"}, 0, None),
        ({"Content-Range": "bytes 5-9/100", "Content-Length": "5"}, 5, 100),
        ({"Content-Range": "bytes 5-9/*", "Content-Length": "5"}, 5, None),
        ({"Content-Range": " bytes 0-0/1 "}, 0, 1),
        ({"Content-Range": "lines 1-2/3", "Content-Length": "9"}, 0, 9),
    ],
)
def test_an_answer_says_where_its_bytes_begin_and_how_many_there_are(headers, first, total):
    assert arrival(Reply(200, headers)) == Arrival(first=first, total=total, etag="")


def test_an_answer_says_which_content_it_is():
    assert arrival(Reply(200, {"ETag": '"e"'})).etag == '"e"'
