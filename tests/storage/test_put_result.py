"""Classification of responses to a PUT, with literals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.message import Reply
from coredata_async.storage.put_result import PutResult, classify_put, redirect_target

MD5 = "900150983cd24fb0d6963f7d28e17f72"
OTHER = "d41d8cd98f00b204e9800998ecf8427e"
PAGE = b"<!DOCTYPE html><html><body><form>Sign in</form></body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
SSE = "x-amz-server-side-encryption"
URL = "https://t.coredata.is/laika/b?AWSAccessKeyId=k&Expires=1&Signature=a%2Fb"


def error(code: str, message: str = "") -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200),
        Reply(201, {"Content-Type": "text/plain"}),
        Reply(204),
        Reply(200, {"ETag": f'"{MD5}"'}),
        Reply(200, {"ETag": MD5.upper()}),
        Reply(200, {"ETag": f'W/"{MD5}"'}),
        Reply(203, {"ETag": f'"{MD5}"'}),
        Reply(200, {"ETag": f'"{MD5}"', **HTML}, PAGE),
        Reply(200, {"ETag": f'W/"{OTHER}"'}),
        Reply(200, {"ETag": f'"{OTHER}-3"'}),
        Reply(200, {"ETag": '"0x8DBF1"'}),
        Reply(200, {"ETag": f'"{OTHER}"', SSE: "AES256"}),
        Reply(200, {"ETag": f'"{OTHER}"', SSE: "aws:kms"}),
        Reply(200, {"ETag": f'"{OTHER}"', SSE.title(): "AES256"}),
        Reply(200, {"ETag": f'"{OTHER}"', f"{SSE}-customer-algorithm": "AES256"}),
        Reply(200, {"x-amz-request-id": "1"}, b"<PutObjectResult/>"),
        Reply(200, {"x-goog-generation": "1", "Content-Type": "application/json"}, b"{}"),
        Reply(200, {"ETag": '"etag-of-a-gateway"', "Content-Type": "application/json"}, b'{"key": "b"}'),
    ],
)
def test_an_answer_of_a_storage_is_stored(reply: Reply) -> None:
    assert classify_put(reply, MD5) is PutResult.STORED


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, HTML, PAGE),
        Reply(200, {**HTML, "ETag": '"5f1-60a"'}, PAGE),
        Reply(200, {"Content-Type": "text/plain"}, b"\n <html><head>"),
        Reply(200, {}, b"<HTML>"),
        Reply(201, {"Content-Type": "application/json"}, b'{"login": "required"}'),
        Reply(200, {"Content-Type": "text/plain"}, b"blocked by policy"),
        Reply(202),
        Reply(203),
        Reply(206, {"ETag": '"x"'}),
        Reply(207, {"Content-Type": "application/xml"}, b"<multistatus/>"),
        Reply(302, {"Location": "http://portal.example/login"}),
        Reply(303, {"Location": "/login"}),
        Reply(307),
        Reply(304),
    ],
)
def test_an_answer_of_anything_else_is_not(reply: Reply) -> None:
    assert classify_put(reply, MD5) is PutResult.NOT_STORAGE


@pytest.mark.parametrize("status", [200, 201])
def test_an_etag_that_is_another_md5_is_a_mismatch(status: int) -> None:
    assert classify_put(Reply(status, {"ETag": f'"{OTHER}"'}), MD5) is PutResult.MISMATCH
    assert classify_put(Reply(status, {"ETag": f'"{OTHER}"'}), "") is PutResult.STORED


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (400, "RequestTimeout", PutResult.TRANSIENT),
        (503, "SlowDown", PutResult.TRANSIENT),
        (500, "InternalError", PutResult.TRANSIENT),
        (200, "InternalError", PutResult.TRANSIENT),
        (200, "SlowDown", PutResult.TRANSIENT),
        (503, "ServiceUnavailable", PutResult.TRANSIENT),
        (409, "OperationAborted", PutResult.TRANSIENT),
        (400, "IncompleteBody", PutResult.TRANSIENT),
        (503, "ServerBusy", PutResult.TRANSIENT),
        (524, "", PutResult.TRANSIENT),
        (400, "BadDigest", PutResult.MISMATCH),
        (400, "Md5Mismatch", PutResult.MISMATCH),
        (403, "RequestTimeTooSkewed", PutResult.SKEWED),
        (403, "SignatureDoesNotMatch", PutResult.UNSIGNED),
        (403, "AccessDenied", PutResult.EXPIRED),
        (400, "ExpiredToken", PutResult.EXPIRED),
        (403, "InvalidAccessKeyId", PutResult.REFUSED),
        (400, "EntityTooLarge", PutResult.REFUSED),
        (200, "AccessDenied", PutResult.REFUSED),
        (301, "PermanentRedirect", PutResult.REFUSED),
        (404, "NoSuchBucket", PutResult.REFUSED),
        (501, "NotImplemented", PutResult.REFUSED),
        (413, "", PutResult.REFUSED),
    ],
)
def test_codes_decide_before_statuses(status: int, code: str, result: PutResult) -> None:
    assert classify_put(Reply(status, {}, error(code) if code else b""), MD5) is result


def test_azures_refused_signature_is_recognised_by_its_detail() -> None:
    body = (
        b"<Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate.</Message>"
        b"<AuthenticationErrorDetail>Signature did not match. String to sign was</AuthenticationErrorDetail>"
        b"</Error>"
    )

    assert classify_put(Reply(403, {}, body), MD5) is PutResult.UNSIGNED


@given(st.integers(100, 999), st.binary(max_size=200), st.text(max_size=40))
def test_every_answer_has_a_class(status: int, body: bytes, etag: str) -> None:
    assert classify_put(Reply(status, {"ETag": etag}, body), MD5) in PutResult


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (URL.replace("/laika/", "/eu/"), URL.replace("/laika/", "/eu/")),
        (URL.replace("is/", "is:443/"), URL.replace("is/", "is:443/")),
        (URL.replace("t.core", "eu.core"), None),
        (URL.replace("t.coredata.is", "t.coredata.is:8443"), None),
        (URL.replace("t.coredata.is", "t.coredata.is:99999"), None),
        ("/regional/b?AWSAccessKeyId=k&Expires=1&Signature=a%2Fb",
         "https://t.coredata.is/regional/b?AWSAccessKeyId=k&Expires=1&Signature=a%2Fb"),
        (URL, None),
        (URL.replace("https", "http"), None),
        ("https://portal.example/login", None),
        (f"https://portal.example/login?to={URL}", None),
        ("http://[", None),
        ("", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [307, 308])
def test_only_a_redirect_that_keeps_signed_query_and_origin_is_followed(status, location, target) -> None:
    assert redirect_target(URL, Reply(status, {"Location": location})) == target


@pytest.mark.parametrize("status", [200, 301, 302, 303, 304])
def test_redirects_that_may_change_the_method_are_not_followed(status: int) -> None:
    assert redirect_target(URL, Reply(status, {"Location": URL.replace("/laika/", "/eu/")})) is None
