"""Requests and replies as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.message import Reply, Request

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
        ("Wed, 25 Oct 2023 12:00:30 -0000", None),
        ("", None),
        ("-5", None),
        ("soon", None),
        (".", None),
        ("²", None),
        ("1e3", None),
        ("Wed, 25 Oct 99999999999999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_against_the_servers_clock(wish: str, seconds: float | None) -> None:
    assert Reply(503, {"Retry-After": wish, "Date": NOON}).retry_after == seconds


def test_retry_after_as_a_date_says_nothing_without_the_servers_clock() -> None:
    assert Reply(503, {"Retry-After": NOON}).retry_after is None
    assert Reply(503, {"Retry-After": NOON, "Date": "half past nine"}).retry_after is None


def test_no_retry_after_is_no_wish() -> None:
    assert Reply(503).retry_after is None


@given(wish=st.text(), date=st.text())
def test_no_header_can_make_retry_after_fail(wish: str, date: str) -> None:
    seconds = Reply(503, {"Retry-After": wish, "Date": date}).retry_after

    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_gateways_error_leaves_a_write_undecided(status: int) -> None:
    assert Reply(status).undecided


@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 401, 404, 409, 429, 501])
def test_a_refusal_decides(status: int) -> None:
    assert not Reply(status).undecided


def test_503_with_retry_after_was_turned_away_at_the_door() -> None:
    assert not Reply(503, {"Retry-After": "3"}).undecided
