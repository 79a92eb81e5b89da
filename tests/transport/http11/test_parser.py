"""Response parser: the same responses from bytes in any pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.transport.http11.errors import BrokenError
from coredata_async.transport.http11.parser import HEAD_LIMIT, ResponseParser

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: x\r\n\r\n"
CHUNKED = CHUNKS + b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nDigest: y\r\n\r\n"
SIZED = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nLocation: /a\r\n\r\nabcde"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
OPEN = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nabcde"
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabcde"

Read = tuple[bool, bool, int, list[tuple[str, str]], bytes, bool]


def read(raw: bytes, cuts: list[int], *, ends: bool = False, bodiless: bool = False) -> Read:
    parser = ResponseParser()
    parser.expect(bodiless=bodiless)
    for start, stop in pairwise([0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]):
        parser.feed(raw[start:stop])
    if ends:
        parser.ends_at_eof()
    headers = list(parser.headers.items())
    return parser.complete, parser.keep, parser.status, headers, parser.take(), parser.unexpected_data


ANSWERS: dict[str, tuple[bytes, Read]] = {
    "sized": (SIZED, (True, True, 201, [("Content-Length", "5"), ("Location", "/a")], b"abcde", False)),
    "chunked, with a trailer": (
        CHUNKED,
        (
            True,
            True,
            200,
            [("Transfer-Encoding", "chunked"), ("ETag", "x")],
            b"abcde",
            False,
        ),
    ),
    "after interim ones": (
        CONTINUE + HINTS + SIZED,
        (True, True, 201, [("Content-Length", "5"), ("Location", "/a")], b"abcde", False),
    ),
    "204": (EMPTY, (True, True, 204, [], b"", False)),
    "304": (UNCHANGED, (True, True, 304, [("Content-Length", "5")], b"", False)),
    "of HTTP/1.0": (OLD, (True, False, 200, [("Content-Length", "5")], b"abcde", False)),
    "the last one": (
        LAST,
        (True, False, 200, [("Connection", "close"), ("Content-Length", "5")], b"abcde", False),
    ),
    "without an end": (OPEN, (False, False, 200, [("X", "y")], b"abcde", False)),
    "with another behind it": (
        SIZED + EMPTY,
        (True, True, 201, [("Content-Length", "5"), ("Location", "/a")], b"abcde", True),
    ),
    "with the first byte of another": (
        SIZED + b"H",
        (True, True, 201, [("Content-Length", "5"), ("Location", "/a")], b"abcde", True),
    ),
}


@pytest.mark.parametrize(
    ("headers", "whole"),
    [
        (b"", True),
        (b"Transfer-Encoding: identity\r\n", True),
        (b"Content-Length: 9\r\n", False),
    ],
)
def test_without_a_length_and_chunks_a_body_ends_with_the_connection(headers: bytes, whole: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"

    assert read(head + headers + b"\r\nabcde", [], ends=True)[0] is whole


@pytest.mark.parametrize(("raw", "due"), ANSWERS.values(), ids=ANSWERS.keys())
@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_any_cuts_read_equally(raw: bytes, due: Read, cuts: list[int]) -> None:
    assert read(raw, cuts) == due
    assert read(raw, list(range(len(raw)))) == due


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (OPEN, True),
        (OPEN[:-5], True),
        (SIZED[:-1], False),
        (CHUNKED[:-1], False),
        (SIZED[:20], False),
        (b"", False),
    ],
)
def test_the_end_of_the_connection_ends_only_what_has_no_length(raw: bytes, *, whole: bool) -> None:
    found = read(raw, [], ends=True)

    assert found[0] == whole
    if whole:
        assert not found[1]


@pytest.mark.parametrize("raw", [UNCHANGED, SIZED[:-5], CHUNKS, EMPTY])
def test_head_is_answered_by_a_head(raw: bytes) -> None:
    parser = ResponseParser()
    for _ in range(2):
        parser.expect(bodiless=True)
        parser.feed(raw)
        assert (parser.complete, parser.take(), parser.unexpected_data) == (True, b"", False)
    parser.expect(bodiless=False)
    parser.feed(SIZED)
    assert (parser.complete, parser.take()) == (True, b"abcde")


def test_a_body_that_head_should_not_have_is_noticed() -> None:
    assert read(SIZED, [], bodiless=True)[4:] == (b"", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\0: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_broken(raw: bytes) -> None:
    for cuts in ([], list(range(len(raw)))):
        with pytest.raises(BrokenError, match="not valid HTTP"):
            read(raw, cuts)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 3 * HEAD_LIMIT,
        b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * (HEAD_LIMIT // 8),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300,
        HINTS * (3 * HEAD_LIMIT // len(HINTS)),
        CHUNKED[:-2] + b"X: " + b"y" * 3 * HEAD_LIMIT,
    ],
    ids=["one line", "many lines", "very many short ones", "interim ones", "a trailer"],
)
def test_a_head_without_an_end_is_not_listened_to(raw: bytes) -> None:
    with pytest.raises(BrokenError):
        read(raw, list(range(0, len(raw), 1000)))


def test_many_small_chunks_are_not_such_a_head() -> None:
    count = 2 * HEAD_LIMIT
    raw = CHUNKS + b"1\r\na\r\n" * count + b"0\r\n\r\n"

    assert read(raw, list(range(0, len(raw), 1000)))[4] == b"a" * count
