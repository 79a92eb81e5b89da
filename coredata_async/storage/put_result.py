"""Classification of the response to a PUT, and the digest in its ETag: stored, or the reason why not.

A success status alone proves nothing: sign-in pages of captive portals and proxies answer 200 as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from coredata_async.message import Reply
from coredata_async.response_table import is_transient
from coredata_async.storage.dialects import Refusal, refusal


class PutResult(Enum):
    """Meaning of one response, and thereby the remedy."""

    STORED = auto()
    """The storage has the bytes, as far as the response shows."""
    EXPIRED = auto()
    """The signed URL had expired: reserve a new one."""
    SKEWED = auto()
    """The storage finds the time in the URL too far from its own: it may accept one new URL."""
    UNSIGNED = auto()
    """The signature does not match: the Content-Type header may be the reason."""
    MISMATCH = auto()
    """The storage received other bytes than were sent."""
    MOVED = auto()
    """The same request must be sent to the URL in Location."""
    TRANSIENT = auto()
    """The storage failed transiently."""
    NOT_STORAGE = auto()
    """Something between this host and the storage answered, such as a sign-in page."""
    REFUSED = auto()
    """The storage refused, and will refuse the same request again."""


_STORED: Final = frozenset({200, 201, 204})
"""S3 answers 200, CoreData's storage and Azure 201, some gateways 204."""
MOVED: Final = frozenset({307, 308})
"""The redirects that keep method and body (RFC 9110, 15.4.8 and 15.4.9)."""
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
_VENDOR: Final = ("x-amz-", "x-goog-", "x-ms-", "x-rgw-", "x-minio-", "x-oss-")
"""Prefixes of headers that only storages send."""
_MD5: Final = re.compile(r'"?([0-9a-fA-F]{32})"?')
_SSE: Final = "x-amz-server-side-encryption"
_CODES: Final[Mapping[str, PutResult]] = {
    "RequestTimeTooSkewed": PutResult.SKEWED,
    "SignatureDoesNotMatch": PutResult.UNSIGNED,
    **dict.fromkeys(
        ("BadDigest", "Md5Mismatch", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"),
        PutResult.MISMATCH,
    ),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; the last four are Azure's and OSS'
    **dict.fromkeys(
        (
            "RequestTimeout",
            "SlowDown",
            "InternalError",
            "ServiceUnavailable",
            "OperationAborted",
            "ConditionalRequestConflict",
            "IncompleteBody",
            "Busy",
            "TooManyRequests",
            "Throttling",
            "ThrottlingException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "ServerBusy",
            "OperationTimedOut",
            "ServerTimeout",
            "DownloadTrafficRateLimitExceeded",
        ),
        PutResult.TRANSIENT,
    ),
}


def classify_put(reply: Reply, md5: str) -> PutResult:
    """Classify the response to a PUT.

    Args:
        reply: The response.
        md5: The MD5 of the bytes that were sent; empty if it is not known.
    """
    if 200 <= reply.status < 300:  # noqa: PLR2004
        digest = etag_digest(reply.headers)
        if digest is not None and digest == md5:
            return PutResult.STORED  # nothing between this host and the storage could know it
        return _classify_success(reply, md5, digest)
    if 300 <= reply.status < 400:  # noqa: PLR2004
        moved = reply.status in MOVED and "Location" in reply.headers
        return PutResult.MOVED if moved else _classify_redirect(refusal(reply))
    return _classify_refusal(refusal(reply))


def redirect_target(url: str, reply: Reply) -> str | None:
    """Return the URL to which a storage moved a PUT, or None if the redirect must not be followed.

    It must keep the signed query and the origin. Otherwise, a portal or a broken gateway could have the bytes
    and the signature sent to a host of its choice.
    """
    if reply.status not in MOVED:
        return None
    try:
        target = urljoin(url, reply.headers.get("Location", ""))
        before, after = urlsplit(url), urlsplit(target)
        same_origin = _origin(before) == _origin(after)
    except ValueError:
        return None
    same_query = bool(before.query) and after.query == before.query
    return target if same_query and same_origin and target != url else None


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def _classify_success(reply: Reply, md5: str, digest: str | None) -> PutResult:
    why = refusal(reply)
    if why.code:  # an <Error> with status 200: the storage had begun to answer before it failed
        return _classify_refusal(why)
    if reply.status not in _STORED or _is_page(reply):
        return PutResult.NOT_STORAGE
    return PutResult.MISMATCH if digest and md5 and is_strong(reply.headers) else PutResult.STORED


def _is_page(reply: Reply) -> bool:
    """Check for a body that storages do not send: a web page, or any text without a sign of a storage."""
    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    vendor = any(name.lower().startswith(_VENDOR) for name in reply.headers)
    start = reply.body.lstrip()[:15].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return True
    is_signed = vendor or ("ETag" in reply.headers and kind not in {"text/html", "application/xhtml+xml"})
    return bool(start) and not is_signed


def _classify_redirect(why: Refusal) -> PutResult:
    return PutResult.REFUSED if why.code else PutResult.NOT_STORAGE


def _classify_refusal(why: Refusal) -> PutResult:
    if why.expired:
        return PutResult.EXPIRED
    if why.code in _CODES:
        return _CODES[why.code]
    if why.code == "AuthenticationFailed" and "signature did not match" in why.message.lower():  # Azure
        return PutResult.UNSIGNED
    return PutResult.TRANSIENT if is_transient(why.status) else PutResult.REFUSED


def etag_md5(headers: Mapping[str, str]) -> str | None:
    """Return the MD5 of the stored bytes if the ETag is one, else None.

    The ETag is not an MD5 for objects made of parts (`…-3`), weak ETags (`W/…`), and objects that the storage
    encrypts with its own key: their ETag only looks like an MD5.
    """
    if headers.get(_SSE, "").startswith("aws:kms") or f"{_SSE}-customer-algorithm" in headers:
        return None
    match = _MD5.fullmatch(headers.get("ETag", ""))
    return match[1].lower() if match else None


def etag_digest(headers: Mapping[str, str]) -> str | None:
    """Return the 32 hexadecimal digits of an ETag, including weak ETags and those of encrypted objects.

    If they equal the MD5 of the bytes sent, they prove that the bytes are stored. If they do not, see
    `is_encrypted`.
    """
    match = _MD5.fullmatch(headers.get("ETag", "").strip().removeprefix("W/"))
    return match[1].lower() if match else None


def is_encrypted(headers: Mapping[str, str]) -> bool:
    """Check if the storage says that it encrypted the object.

    AWS keeps the MD5 as ETag for `AES256`; MinIO does not. A different ETag then proves nothing.
    """
    return any(name.lower().startswith(_SSE) for name in headers)


def is_strong(headers: Mapping[str, str]) -> bool:
    """Check if an ETag that looks like an MD5 must be the MD5 of the stored bytes."""
    return not headers.get("ETag", "").startswith("W/") and not is_encrypted(headers)
