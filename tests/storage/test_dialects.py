"""Signed URLs and responses of storages, from literals."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.message import Reply
from coredata_async.storage.dialects import expiry, refusal
from coredata_async.storage.put_result import etag_md5

HOST = "https://store.example/bucket/key"
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MD5 = "9466839db23434b227368ef661b92249"


@pytest.mark.parametrize(
    "query",
    [
        "AWSAccessKeyId=k&Signature=s%3D&Expires=1767355200",
        "GoogleAccessId=a%40b&Expires=1767355200&Signature=s",
        "X-Amz-Date=20260102T110000Z&X-Amz-Expires=3600&X-Amz-Signature=s&X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Goog-Date=20260102T110000Z&X-Goog-Expires=3600&X-Goog-Signature=s",
        "sv=2024-11-04&se=2026-01-02T12%3A00%3A00Z&sr=b&sp=w&sig=s",
        "se=2026-01-02T12:00Z&sig=s",
        "se=2026-01-02T13%3A00%3A00%2B01%3A00&sig=s",
    ],
)
def test_a_signed_url_says_when_it_expires(query: str) -> None:
    assert expiry(f"{HOST}?{query}") == NOON


def test_an_expiry_without_a_time_zone_is_utc() -> None:
    assert expiry(f"{HOST}?se=2026-01-02&sig=s") == datetime(2026, 1, 2, tzinfo=UTC)
    assert expiry(f"{HOST}?se=2026-01-02T12:00:00&sig=s") == NOON


@pytest.mark.parametrize(
    "url",
    [
        "",
        HOST,
        f"{HOST}?Expires=1767355200",
        f"{HOST}?Signature=s",
        f"{HOST}?Signature=s&Expires=soon",
        f"{HOST}?Signature=s&Expires=" + "9" * 30,
        f"{HOST}?Signature=s&Expires=" + "9" * 5000,
        f"{HOST}?Signature=s&Expires=-99999999999999",
        f"{HOST}?X-Amz-Signature=s&X-Amz-Date=yesterday&X-Amz-Expires=1",
        f"{HOST}?X-Amz-Signature=s&X-Amz-Date=20260102T110000Z",
        f"{HOST}?X-Amz-Signature=s&X-Amz-Date=20260102T110000Z&X-Amz-Expires=" + "9" * 20,
        f"{HOST}?sig=s&se=",
        f"{HOST}?sig=s&se=0001-01-01T00:00:00%2B14:00",
        f"{HOST}?sig=s&se=9999-12-31T23:59:59-14:00",
        "http://[broken?Signature=s&Expires=1767355200",
    ],
)
def test_an_unreadable_expiry_is_none(url: str) -> None:
    assert expiry(url) is None


@given(st.text())
def test_no_text_at_all_makes_expiry_fail(text: str) -> None:
    moment = expiry(f"https://h/?Signature=s&Expires={text}&se={text}")

    assert moment is None or moment.tzinfo is not None


@pytest.mark.parametrize(
    ("headers", "md5"),
    [
        ({"ETag": f'"{MD5}"'}, MD5),
        ({"ETag": MD5}, MD5),
        ({"ETag": f'"{MD5.upper()}"'}, MD5),
        ({"ETag": f'"{MD5}"', "x-amz-server-side-encryption": "AES256"}, MD5),
        ({}, None),
        ({"ETag": ""}, None),
        ({"ETag": f'"{MD5}-3"'}, None),
        ({"ETag": f'W/"{MD5}"'}, None),
        ({"ETag": '"0x8DC0FFEE"'}, None),
        ({"ETag": f'"{MD5}"\n'}, None),
        ({"ETag": f'"{MD5}"', "x-amz-server-side-encryption": "aws:kms"}, None),
        ({"ETag": f'"{MD5}"', "x-amz-server-side-encryption": "aws:kms:dsse"}, None),
        ({"ETag": f'"{MD5}"', "x-amz-server-side-encryption-customer-algorithm": "AES256"}, None),
    ],
)
def test_only_an_etag_that_is_an_md5_is_one(headers: dict[str, str], md5: str | None) -> None:
    assert etag_md5(headers) == md5


def said(status: int, code: str, message: str | None, more: str = "") -> Reply:
    words = "" if message is None else f"<Message>{message}</Message>"
    xml = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>{words}{more}</Error>'
    return Reply(status, body=xml.encode())


AZURE = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
    "correctly including the signature.\nRequestId:5f7a\nTime:2026-01-02T12:00:01.0000000Z"
)
AZURE_LATE = (
    "<AuthenticationErrorDetail>Signature not valid in the specified time frame: Start [Thu, 01 Jan 2026 "
    "00:00:00 GMT] - Expiry [Fri, 02 Jan 2026 12:00:00 GMT] - Current [Fri, 02 Jan 2026 12:00:01 GMT]"
    "</AuthenticationErrorDetail>"
)
AZURE_WRONG = (
    "<AuthenticationErrorDetail>Signature did not match. String to sign was …</AuthenticationErrorDetail>"
)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(
            said(403, "AccessDenied", "Request has expired", "<Expires>x</Expires>"), id="AWS, Swift"
        ),
        pytest.param(said(403, "AccessDenied", "Request has expired."), id="OSS"),
        pytest.param(
            said(
                400, "AccessDenied", "The difference between the request time and the server's is too large."
            ),
            id="rclone",
        ),
        pytest.param(said(403, "AccessDenied", None), id="radosgw"),
        pytest.param(said(403, "AccessDenied", ""), id="radosgw, empty"),
        pytest.param(said(403, "ExpiredRequest", "Request has expired"), id="R2"),
        pytest.param(said(400, "ExpiredToken", "The provided token has expired."), id="AWS, session"),
        pytest.param(
            said(400, "ExpiredToken", "Invalid argument.", "<Details>Signature expired</Details>"), id="GCS"
        ),
        pytest.param(said(403, "AuthenticationFailed", AZURE, AZURE_LATE), id="Azure"),
        pytest.param(Reply(403), id="a proxy without a word"),
    ],
)
def test_a_url_that_came_too_late_is_expired(reply: Reply) -> None:
    assert refusal(reply).expired


@pytest.mark.parametrize(
    "reply",
    [
        said(403, "SignatureDoesNotMatch", "The request signature we calculated does not match."),
        said(403, "SignatureDoesNotMatch", ""),
        said(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
        said(403, "InvalidAccessKeyId", None),
        said(403, "AccessDenied", "Access Denied"),
        said(403, "AccessDenied", "User: arn:aws:iam::1:user/" + "x" * 400 + " is not authorized"),
        said(403, "RequestTimeTooSkewed", "The difference between the request time and the current time …"),
        said(403, "AuthenticationFailed", AZURE, AZURE_WRONG),
        said(400, "BadDigest", "The Content-MD5 you specified did not match"),
        said(404, "NoSuchBucket", "The specified bucket has expired"),
        said(500, "InternalError", ""),
        Reply(411),
        Reply(500),
        Reply(302),
    ],
)
def test_any_other_refusal_is_not_an_expiry(reply: Reply) -> None:
    assert not refusal(reply).expired


def test_a_refusal_names_code_and_words() -> None:
    why = refusal(said(403, "SignatureDoesNotMatch", " does not match "))

    assert (why.status, why.code, why.message) == (403, "SignatureDoesNotMatch", "does not match")
    assert "proxy" in why.advice


def test_a_body_that_is_cut_short_still_gives_what_it_holds() -> None:
    whole = said(403, "SignatureDoesNotMatch", "The request signature we calculated").body

    why = refusal(Reply(403, body=whole[: whole.index(b"we calc")]))

    assert (why.code, why.message) == ("SignatureDoesNotMatch", "The request signature")
    assert not why.expired


def test_a_code_that_is_cut_short_is_not_an_expiry() -> None:
    assert not refusal(Reply(403, body=b"<Error><Code>SignatureDoesNotM")).expired


@given(st.binary(max_size=500), st.integers(300, 599))
def test_no_body_at_all_makes_a_refusal_fail(body: bytes, status: int) -> None:
    why = refusal(Reply(status, body=body))

    assert isinstance(why.expired, bool)


def test_a_long_message_is_cut() -> None:
    assert len(refusal(said(400, "X", "y" * 5000)).message) == 300
