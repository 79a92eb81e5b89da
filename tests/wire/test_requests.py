"""Requests to paths without a row."""

import pytest

from coredata_async.errors import ConfigurationError, NotFoundError
from coredata_async.message import Reply
from coredata_async.wire.requests import free_request


def test_a_path_is_asked_as_it_is() -> None:
    call = free_request("get", "/api/v2/valuelists/")

    assert (call.request.method, call.request.target) == ("GET", "/api/v2/valuelists/")
    assert call.request.headers == {"Accept": "application/json"}
    assert call.request.body is None


def test_a_query_is_encoded_and_joins_the_one_in_the_path() -> None:
    request = free_request("GET", "/api/v2/docs/?a=1", query={"title": "Þing & co", "at": "1,2"}).request

    assert request.target == "/api/v2/docs/?a=1&title=%C3%9Eing%20%26%20co&at=1,2"


def test_json_is_sent_as_utf_8() -> None:
    request = free_request("POST", "/api/v2/comments/", json={"text": "þ"}, expect=201).request

    assert request.body == '{"text": "þ"}'.encode()
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "said", "repeatable"),
    [
        ("GET", None, True),
        ("put", None, True),
        ("DELETE", None, True),
        ("POST", None, False),
        ("PATCH", None, False),
        ("POST", True, True),
        ("GET", False, False),
    ],
)
def test_only_what_does_no_harm_twice_is_repeatable(method: str, said: bool | None, repeatable: bool) -> None:
    assert free_request(method, "/api/v2/docs/", repeatable=said).request.repeatable is repeatable


@pytest.mark.parametrize(
    "path", ["", "api/v2/docs/", "/api/v2/docs", "/api/v2/docs?x=/", "https://elsewhere.is/docs/"]
)
def test_a_path_that_would_be_redirected_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="must begin and end with a slash"):
        free_request("GET", path)


def test_the_reply_is_given_as_it_came_or_refused() -> None:
    call = free_request("POST", "/api/v2/comments/", expect=201)
    reply = Reply(201, {"Location": "/api/v2/comments/1/"})

    assert call.answer(reply) is reply
    with pytest.raises(NotFoundError):
        call.answer(Reply(404))


@pytest.mark.parametrize("body", [{"a": float("nan")}, [float("-inf")], {"a": "half \ud800"}])
def test_a_body_that_json_cannot_hold_is_refused_before_it_is_sent(body: object) -> None:
    with pytest.raises(ConfigurationError, match="cannot be sent"):
        free_request("POST", "/api/v2/projects/", json=body)
