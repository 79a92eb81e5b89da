"""Dialects of object storages: signed URLs and error responses, one row per kind of signature.

CoreData's own storage speaks S3 with Signature V2. The others cost a row each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from coredata_async.message import Reply


@frozen
class Dialect:
    """One kind of signed URL: how to recognise it, and how to read its expiry."""

    name: str
    signature: str
    """The query parameter that only this kind has."""
    expires: Callable[[Mapping[str, str]], datetime]


def _epoch(parameter: str) -> Callable[[Mapping[str, str]], datetime]:
    return lambda query: datetime.fromtimestamp(int(query[parameter]), UTC)


def _lifetime(prefix: str) -> Callable[[Mapping[str, str]], datetime]:
    def expires(query: Mapping[str, str]) -> datetime:
        signed = datetime.strptime(query[f"{prefix}-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return signed + timedelta(seconds=int(query[f"{prefix}-Expires"]))

    return expires


def _azure(query: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(query["se"])


DIALECTS: Final = (
    Dialect("S3, Signature V4", "X-Amz-Signature", _lifetime("X-Amz")),
    Dialect("Google, V4", "X-Goog-Signature", _lifetime("X-Goog")),
    Dialect("S3 or Google, V2", "Signature", _epoch("Expires")),
    Dialect("Azure SAS", "sig", _azure),
)


def expiry(url: str) -> datetime | None:
    """Return when a signed URL expires, by the storage's clock; None if the URL does not say so readably."""
    try:
        query = dict(parse_qsl(urlsplit(url).query))
        expires = next((each.expires(query) for each in DIALECTS if each.signature in query), None)
        if expires is not None and expires.tzinfo is not None:
            expires = expires.astimezone(UTC)  # here, because the first and last days have no UTC
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return expires.replace(tzinfo=UTC) if expires and expires.tzinfo is None else expires


@frozen
class Refusal:
    """A storage's reason for refusing a request."""

    status: int
    code: str = ""
    """`SignatureDoesNotMatch`, `AccessDenied`, …; empty if the body has no error code."""
    message: str = ""

    @property
    def expired(self) -> bool:
        """Return whether the URL had expired, so that a new URL solves the problem."""
        if self.code in {"ExpiredToken", "ExpiredRequest", "RequestExpired"}:
            return True
        message = self.message.lower()
        if self.status == 403 and self.code in {"", "AccessDenied"} and not message:  # noqa: PLR2004
            return True  # radosgw, and proxies before a storage, give no reason
        # S3 and compatible storages / rclone, with 400 / Azure
        return any(
            word in message for word in ("expired", "difference between the request time", "time frame")
        ) and (self.code in {"AccessDenied", "AuthenticationFailed", ""})

    @property
    def summary(self) -> str:
        """Status, code and message in one line."""
        return f"{self.status} {self.code} {self.message}".rstrip()

    @property
    def advice(self) -> str:
        """Return advice for the caller; empty for most codes."""
        return _ADVICE.get(self.code, "")


_EXCERPT: Final = 8192
"""Number of characters of a refusal that are searched for code and message."""
_ADVICE: Final = {
    "RequestTimeTooSkewed": "the clocks of the storage and of the service disagree; ask their operator",
    "SignatureDoesNotMatch": "something between here and the storage changes URL or Content-Type; "
    "a proxy that rewrites requests does that",
    "EntityTooLarge": "the storage takes no object this large in one PUT",
}


def refusal(reply: Reply) -> Refusal:
    """Read a storage's response with status 300 or more.

    The bodies are XML that may be truncated, so no parser is used.
    """
    text = reply.redactor.excerpt(reply.body, _EXCERPT)
    # Azure's Message is the same for every refusal; the detail explains it.
    message = _tag("AuthenticationErrorDetail", text) or _tag("Message", text)
    return Refusal(reply.status, _tag("Code", text), message)


def _tag(name: str, text: str) -> str:
    match = re.search(rf"<{name}>([^<]{{0,300}})", text)
    return match[1].strip() if match else ""
