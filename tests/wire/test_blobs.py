"""Reservations of blobs."""

import pytest

from coredata_async.errors import AuthenticationError, ConfigurationError, UnexpectedResponseError
from coredata_async.message import Reply
from coredata_async.wire.blobs import Reservation, reserve

URL = "https://home.coredata.is/laika/98c59d020fe547b08cd0df36b1c01b37?AWSAccessKeyId=s3f%3Amyuser&Expires=1698929283&Signature=vjbmLRn1MjwLVAuYRP8pY9TvNtc%3D"
VENDOR = f'{{\n    "blobName": "98c59d020fe547b08cd0df36b1c01b37",\n    "presignedUrl": "{URL}"\n}}'


@pytest.mark.parametrize(
    ("length", "content_type", "query"),
    [
        (3028, "application/pdf", "content_length=3028&content_type=application%2Fpdf"),
        (0, None, "content_length=0"),
        (
            1,
            "text/plain; charset=utf-8",
            "content_length=1&content_type=text%2Fplain%3B%20charset%3Dutf-8",
        ),
        (1, "image/svg+xml", "content_length=1&content_type=image%2Fsvg%2Bxml"),
    ],
)
def test_size_and_type_travel_in_the_query(length: int, content_type: str | None, query: str) -> None:
    request = reserve(length, content_type).request

    assert (request.method, request.target) == ("POST", f"/api/v3/blob/presigned-upload-url/?{query}")
    assert request.body is None
    assert request.repeatable


def test_the_vendors_answer_is_a_reservation_for_the_type_declared() -> None:
    found = reserve(3028, "application/pdf").answer(Reply(200, body=VENDOR.encode()))

    assert found == Reservation("98c59d020fe547b08cd0df36b1c01b37", URL, "application/pdf")


def test_a_signed_url_is_not_in_the_repr() -> None:
    assert "laika" not in repr(Reservation("98c5", URL))


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b'"x"',
        b'{"blobName": "b"}',
        b'{"presignedUrl": "u"}',
        b'{"blobName": "", "presignedUrl": "u"}',
        b'{"blobName": "b", "presignedUrl": null}',
        b'{"blobName": 7, "presignedUrl": "u"}',
        b'{"blob_name": "b", "presigned_url": "u"}',
    ],
)
def test_what_is_not_a_reservation_is_reported(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError, match="the answer is not a reservation"):
        reserve(1, None).answer(Reply(200, body=body))


@pytest.mark.parametrize("reply", [Reply(201, body=VENDOR.encode()), Reply(200, body=VENDOR[:-3].encode())])
def test_a_reservation_that_fails_leaves_no_signature_in_the_error(reply: Reply) -> None:
    with pytest.raises(UnexpectedResponseError) as caught:
        reserve(1, None).answer(reply)

    assert "Signature" not in f"{caught.value} {vars(caught.value)}"


def test_a_refused_key_is_reported_by_name() -> None:
    with pytest.raises(AuthenticationError, match="api_key_v3"):
        reserve(1, None).answer(Reply(401))


def test_less_than_nothing_cannot_be_reserved() -> None:
    with pytest.raises(ConfigurationError, match="content_length must be 0 or more, not -1"):
        reserve(-1, None)


@pytest.mark.parametrize("content_type", ["text/plain\r\nX: y", "text/\udcff", "text/pl\u00e4in", "a\0b"])
def test_a_type_that_cannot_be_a_header_is_refused_before_anything_is_reserved(content_type: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a content type"):
        reserve(1, content_type)
