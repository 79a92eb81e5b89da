"""States of an upload, with literals: nothing is sent here."""

from datetime import UTC, datetime

import pytest

from coredata_async import (
    BadRequestError,
    ChecksumMismatchError,
    RateLimitError,
    StorageError,
    UnexpectedResponseError,
)
from coredata_async.message import Reply
from coredata_async.transfer.steps import Planned, Registered, Reserved, Stored, Unsettled
from coredata_async.wire.files import NewFile

URL = "https://t.coredata.is/laika/b?AWSAccessKeyId=k&Expires=1&Signature=a%2Fb"
FILE_ID = "2bb7fb5e-8ef6-11e6-89e1-87ce876944be"
MD5 = "900150983cd24fb0d6963f7d28e17f72"
OTHER = "d41d8cd98f00b204e9800998ecf8427e"

PLAN = Planned(size=3, content_type="text/plain")
RESERVED = Reserved(PLAN, "b", URL)
STORED = Stored(PLAN, "b", MD5)
NEW = NewFile(filename="a.txt", title="a", parent=FILE_ID)
PUT = RESERVED.request(b"abc")
REGISTER = STORED.request(NEW)


def refused(status: int, code: str = "", message: str = "", **headers: str) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>" if code else ""
    return Reply(status, headers, body.encode())


def test_planned_asks_for_a_place_of_the_right_size_and_type():
    request = PLAN.request()

    assert (request.method, request.target) == (
        "POST",
        "/api/v3/blob/presigned-upload-url/?content_length=3&content_type=text%2Fplain",
    )
    assert request.body is None


def test_planned_becomes_reserved():
    body = b'{"blobName": "b", "presignedUrl": "%s"}' % URL.encode()

    assert PLAN.next(PLAN.request(), Reply(200, {}, body)) == RESERVED


@pytest.mark.parametrize("zone", ["GMT", "-0000", ""])
def test_the_servers_clock_is_kept_whatever_zone_it_writes(zone):
    body = b'{"blobName": "b", "presignedUrl": "%s"}' % URL.encode()
    reply = Reply(200, {"Date": f"Fri, 02 Jan 2026 03:04:05 {zone}".strip()}, body)

    assert PLAN.next(PLAN.request(), reply).since == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_broken_date_is_not_a_date():
    body = b'{"blobName": "b", "presignedUrl": "%s"}' % URL.encode()

    assert PLAN.next(PLAN.request(), Reply(200, {"Date": "yesterday"}, body)).since is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"blobName": "b"}', b'{"blobName": "", "presignedUrl": ""}']
)
def test_an_answer_that_is_not_a_reservation_is_unexpected(body):
    with pytest.raises(UnexpectedResponseError):
        PLAN.next(PLAN.request(), Reply(200, {}, body))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_refused_reservation_is_an_error(status):
    with pytest.raises(Exception, match=str(status)) as caught:
        PLAN.next(PLAN.request(), Reply(status))

    assert caught.value.status == status


def test_the_signed_url_is_used_byte_for_byte_with_nothing_but_the_declared_type():
    assert PUT.target == URL
    assert PUT.headers == {"Content-Type": "text/plain"}
    assert PUT.body == b"abc"


def test_without_a_declared_type_none_is_sent():
    assert Reserved(Planned(size=3, content_type=None), "b", URL).request(b"abc").headers == {}


def test_the_signed_url_is_never_shown():
    assert "Signature" not in repr(RESERVED)
    assert "https" not in repr(RESERVED)
    assert "Signature" not in repr(PUT)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_success_of_the_storage_stores(status):
    assert RESERVED.next(PUT, Reply(status), md5=MD5) == STORED


def test_an_equal_etag_is_remembered():
    state = RESERVED.next(PUT, Reply(201, {"ETag": f'"{MD5.upper()}"'}), md5=MD5)

    assert state == Stored(PLAN, "b", MD5, etag=MD5)


@pytest.mark.parametrize("etag", ['"a-3"', f'W/"{OTHER}"', f'"{OTHER}-1"', "", "abc"])
def test_an_etag_that_is_not_an_md5_says_nothing(etag):
    assert RESERVED.next(PUT, Reply(201, {"ETag": etag}), md5=MD5) == STORED


def test_an_etag_of_an_encrypted_object_says_nothing():
    headers = {"ETag": f'"{OTHER}"', "x-amz-server-side-encryption": "aws:kms"}

    assert RESERVED.next(PUT, Reply(200, headers), md5=MD5) == STORED


def test_another_etag_is_a_mismatch():
    with pytest.raises(ChecksumMismatchError) as caught:
        RESERVED.next(PUT, Reply(201, {"ETag": f'"{OTHER}"'}), md5=MD5)

    assert (caught.value.expected, caught.value.actual, caught.value.stage) == (MD5, OTHER, "put")


def test_expired_reservation_is_planned_again():
    reserved = Reserved(PLAN, blob="b", put_url="https://t.coredata.is/laika/b?AWSAccessKeyId=k")

    assert reserved.next(PUT, Reply(status=403)) == PLAN


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "AccessDenied", "Request has expired"),
        (400, "ExpiredToken", "The provided token has expired."),
        (403, "ExpiredRequest", "too late"),
        (403, "AccessDenied", ""),
        (403, "AuthenticationFailed", "Signature not valid in the specified time frame"),
    ],
)
def test_every_way_to_say_expired_plans_again(status, code, message):
    assert RESERVED.next(PUT, refused(status, code, message)) == PLAN


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId"),
        (403, "RequestTimeTooSkewed"),
        (400, "EntityTooLarge"),
        (404, "NoSuchBucket"),
        (500, "InternalError"),
        (503, "SlowDown"),
    ],
)
def test_any_other_refusal_of_the_storage_is_an_error(status, code):
    with pytest.raises(StorageError, match=code) as caught:
        RESERVED.next(PUT, refused(status, code, "no"))

    assert (caught.value.status, caught.value.storage_code, caught.value.stage) == (status, code, "put")


@pytest.mark.parametrize("status", [301, 302, 307, 500, 502])
def test_a_redirect_or_a_bare_failure_of_the_storage_is_an_error(status):
    with pytest.raises(StorageError, match=str(status)):
        RESERVED.next(PUT, Reply(status, {"Location": URL}))


def test_register_names_the_blob_in_a_form_and_is_never_repeated_blindly():
    assert (REGISTER.method, REGISTER.target, REGISTER.repeatable) == ("POST", "/api/v2/files/", False)
    assert REGISTER.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="blob_name"\r\n\r\nb\r\n' in REGISTER.body


@pytest.mark.parametrize(
    "location", [f"/api/v2/files/{FILE_ID}/", f"http://host/doc/{FILE_ID}", f"/api/v2/files/{FILE_ID}/?x=1"]
)
def test_stored_becomes_registered(location):
    assert STORED.next(REGISTER, Reply(201, {"Location": location})) == Registered(STORED, FILE_ID)


@pytest.mark.parametrize("headers", [{}, {"Location": ""}, {"Location": "/api/v2/files/"}])
def test_registered_without_saying_as_what_is_unsettled(headers):
    state = STORED.next(REGISTER, Reply(201, headers))

    assert isinstance(state, Unsettled)
    assert state.stored == STORED


@pytest.mark.parametrize("status", [301, 302, 307, 405, 408, 409, 425, 500, 501, 502, 503, 504, 524, 599])
def test_a_failure_that_may_have_registered_is_unsettled(status):
    assert isinstance(STORED.next(REGISTER, Reply(status)), Unsettled)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_another_success_than_the_one_due_is_unsettled(status):
    assert isinstance(STORED.next(REGISTER, Reply(status)), Unsettled)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429])
def test_a_refusal_to_register_is_an_error(status):
    with pytest.raises(Exception, match=str(status)) as caught:
        STORED.next(REGISTER, Reply(status))

    assert caught.value.status == status


def test_a_wish_to_come_back_later_proves_nothing():
    """Varnish's own 503 has one, even if the service carries the request out."""
    assert isinstance(STORED.next(REGISTER, Reply(503, {"Retry-After": "1"})), Unsettled)


def test_the_errors_have_the_class_of_their_status():
    with pytest.raises(BadRequestError):
        STORED.next(REGISTER, Reply(400))
    with pytest.raises(RateLimitError):
        STORED.next(REGISTER, Reply(429))
