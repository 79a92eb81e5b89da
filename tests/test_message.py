"""Requests and replies as values."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.message import Dispatch, Reply, Request, date_of

SIGNED = "https://t.coredata.is/laika/b?AWSAccessKeyId=s3f%3Amyuser&Expires=1698929283&Signature=c2VjcmV0"
NOON = "Wed, 25 Oct 2023 12:00:00 GMT"


def test_path_ends_at_the_question_mark() -> None:
    assert Request("GET", "/api/v2/files/?title=Secret").path == "/api/v2/files/"
    assert Request("PUT", SIGNED).path == "https://t.coredata.is/laika/b"


@pytest.mark.parametrize("target", [SIGNED, "/api/v2/files/?title=Secret", "/api/v2/files/?a=1?Signature=2"])
def test_repr_shows_neither_query_nor_headers_nor_body(target: str) -> None:
    request = Request("PUT", target, {"Authorization": "apikey u:hidden"}, b"hidden")

    assert "?" not in repr(request)
    assert "Signature" not in repr(request)
    assert "hidden" not in repr(request)
    assert request.path in repr(request)


def test_target_keeps_every_byte_of_the_query() -> None:
    assert Request("PUT", SIGNED).target == SIGNED


def test_repr_of_a_reply_shows_neither_headers_nor_body() -> None:
    reply = Reply(302, {"Location": SIGNED}, b"hidden")

    assert "Signature" not in repr(reply)
    assert "hidden" not in repr(reply)


def test_replies_are_compared_by_what_came_not_by_how_long_it_took() -> None:
    assert Reply(204, elapsed=1.0) == Reply(204, elapsed=2.0)
    assert Reply(204) != Reply(204, attempts=2)


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("1.5", 1.5),
        ("Wed, 25 Oct 2023 12:00:30 GMT", 30.0),
        ("Wed, 25 Oct 2023 11:59:00 GMT", 0.0),
        ("Wed, 25 Oct 2023 14:01:00 +0200", 60.0),
        ("Wed, 25 Oct 2023 12:00:30 -0000", 30.0),
        ("", None),
        ("-5", None),
        ("soon", None),
        (".", None),
        ("²", None),
        ("9" * 400, 1e9),
        ("1e3", None),
        ("Wed, 25 Oct 99999999999999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_against_the_servers_clock(wish: str, seconds: float | None) -> None:
    assert Reply(503, {"Retry-After": wish, "Date": NOON}).retry_after == seconds


def test_retry_after_as_a_date_says_nothing_without_the_servers_clock() -> None:
    assert Reply(503, {"Retry-After": NOON}).retry_after is None
    assert Reply(503, {"Retry-After": NOON, "Date": "half past nine"}).retry_after is None


def test_no_retry_after_is_not_a_wish() -> None:
    assert Reply(503).retry_after is None


@given(wish=st.text(), date=st.text())
def test_no_header_can_make_retry_after_fail(wish: str, date: str) -> None:
    seconds = Reply(503, {"Retry-After": wish, "Date": date}).retry_after

    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Fri, 02 Jan 2026 12:00:00 GMT", datetime(2026, 1, 2, 12, tzinfo=UTC)),
        ("Fri, 02 Jan 2026 12:00:00", datetime(2026, 1, 2, 12, tzinfo=UTC)),
        ("Fri, 02 Jan 2026 12:00:00 +0130", datetime(2026, 1, 2, 10, 30, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Mon, 01 Jan 0101 00:00:00 +2359", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2020 00:00:00 +999999999999999999", None),
        ("half past nine", None),
        ("", None),
    ],
)
def test_a_date_is_read_or_ignored(text: str, date: datetime | None) -> None:
    assert date_of(text) == date


@given(st.text())
def test_no_text_can_make_a_date_fail(text: str) -> None:
    date = date_of(text)

    assert date is None or 1970 <= date.year < 9000


def test_a_request_that_is_copied_keeps_its_dispatch() -> None:
    dispatch = Dispatch()
    request = Request("POST", "/", repeatable=False, dispatch=dispatch)

    request.with_headers({"A": "b"}).dispatch.possible = False

    assert not dispatch.possible
