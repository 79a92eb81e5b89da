"""Tests of the place of secrets in a request."""

import pytest

from coredata_async.fivepm.bodies import Joined
from coredata_async.fivepm.credential import with_credentials
from coredata_async.message import Request
from tests.fivepm.fake import Blocks, bytes_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_get_has_them_in_its_query():
    assert with_credentials(Request("GET", "/a"), {"sessionId": "s&1"}).target == "/a?sessionId=s%261"
    assert with_credentials(Request("GET", "/a?b=1"), {"sessionId": "s"}).target == "/a?b=1&sessionId=s"


def test_a_post_has_them_in_its_body():
    request = with_credentials(Request("POST", "/a", FORM, b"id=7"), {"sessionId": "s 1"})

    assert (request.target, request.body) == ("/a", b"sessionId=s%201&id=7")


def test_an_empty_post_becomes_a_form():
    request = with_credentials(Request("POST", "/a"), {"login": "l", "password": "p"})

    assert (request.body, dict(request.headers)) == (b"login=l&password=p", FORM)


def test_a_post_has_them_in_its_query_if_asked():
    request = with_credentials(Request("POST", "/a?x=1", FORM, b"id=7"), {"sessionId": "s"}, in_query=True)

    assert (request.target, request.body) == ("/a?x=1&sessionId=s", b"id=7")


async def test_a_stream_gets_them_before_it():
    request = with_credentials(Request("POST", "/a", FORM, Blocks(b"id=", b"7")), {"sessionId": "s"})

    assert isinstance(request.body, Joined)
    assert await bytes_of(request.body) == b"sessionId=s&id=7"
    assert request.body.size == 16


async def test_a_multipart_body_gets_a_part():
    headers = {"content-type": "multipart/form-data; boundary=b"}
    request = with_credentials(Request("POST", "/a", headers, Blocks(b"--b--\r\n")), {"sessionId": "s"})

    assert await bytes_of(request.body) == (
        b'--b\r\nContent-Disposition: form-data; name="sessionId"\r\n\r\ns\r\n--b--\r\n'
    )


def test_a_multipart_body_without_boundary_is_a_mistake():
    with pytest.raises(ValueError, match="boundary"):
        with_credentials(
            Request("POST", "/a", {"Content-Type": "multipart/form-data"}, b""), {"sessionId": "s"}
        )
