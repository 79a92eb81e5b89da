"""Ranges of a File: the Range header of a request, the range of a response, and comparison of responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from attrs import frozen

from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply

_CONTENT_RANGE: Final = re.compile(r"bytes[ \t]+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)
_SIZE_ONLY: Final = re.compile(r"bytes[ \t]+\*/([0-9]{1,18})", re.IGNORECASE)
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_SIZE_IN_BODY: Final = re.compile(rb"<ActualObjectSize>([0-9]{1,18})<")
_STRONG: Final = re.compile(r'"[^"]*"')
_NOT_CODED: Final = frozenset({"", "identity", "aws-chunked"})
"""`aws-chunked` concerns a PUT. Some storages keep it with the object and repeat it in every response."""


@frozen(kw_only=True)
class ByteRange:
    """A part of a file: `length` bytes from `offset` on, or all that follow."""

    offset: int = 0
    length: int | None = None

    @property
    def whole(self) -> bool:
        """Return whether it is the complete file."""
        return self.offset == 0 and self.length is None

    def header(self, done: int) -> Mapping[str, str]:
        """Return the Range header for the bytes after the first `done`."""
        first = self.offset + done
        if first == 0 and self.length is None:
            return {}
        last = "" if self.length is None else str(self.offset + self.length - 1)
        return {"Range": f"bytes={first}-{last}"}


def span_of(offset: int, length: int | None) -> ByteRange:
    """Return the range for an offset and a length.

    Raises:
        ConfigurationError: If the offset is negative, or the length is not positive.
    """
    if offset < 0 or (length is not None and length < 1):
        raise ConfigurationError("offset must be 0 or more, and length 1 or more")
    return ByteRange(offset=offset, length=length)


@frozen(kw_only=True)
class ContentRange:
    """Position of a response's bytes in the file, and validators of the content they belong to."""

    first: int = 0
    """Position of its first byte: 0 if the server ignored the range."""
    stop: int | None = None
    """Position after its last byte; None if the response does not announce it."""
    total: int | None = None
    """Length of the whole file; None if the response does not announce it."""
    etag: str = ""
    modified: str = ""

    @property
    def proof(self) -> str | None:
        """Validator that proves that two responses have the same content; None if it is missing.

        A strong ETag proves it. Without one, Last-Modified and the length together are used.
        """
        if _STRONG.fullmatch(self.etag):
            return self.etag
        if self.modified and self.total is not None:
            return f"{_opaque(self.etag)} {self.modified} {self.total}"
        return None

    def condition(self) -> Mapping[str, str]:
        """Return the If-Range header, which requests the whole file if the content has changed."""
        if _STRONG.fullmatch(self.etag):
            return {"If-Range": self.etag}
        return {"If-Range": self.modified} if self.modified and not self.etag else {}


def is_same_content(old: ContentRange, new: ContentRange, *, digest_decides: bool) -> bool:
    """Return whether two responses have the same content, so that their bytes may be joined.

    Args:
        old: Range of the received bytes.
        new: Range of the new response.
        digest_decides: True if the digest of the whole is compared at the end. Then ETags need only be weakly
            equal or missing, because proxies weaken and drop them. Otherwise, equality must be proved.
    """
    if None not in (old.total, new.total) and old.total != new.total:
        return False
    if digest_decides:
        return not (old.etag and new.etag) or _opaque(old.etag) == _opaque(new.etag)
    return old.proof is not None and old.proof == new.proof


def content_range_of(reply: Reply) -> ContentRange:
    """Read the headers of a response with status 200, 206 or 416.

    Some servers answer 200 with a Content-Range; it counts if the rest of the response agrees with it.

    Raises:
        ValueError: If a 206 does not state, readably and without contradiction, which bytes it contains.
    """
    headers = reply.headers
    etag, modified = headers.get("ETag", "").strip(), headers.get("Last-Modified", "").strip()
    if reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        size = read_unsatisfied_size(reply)
        return ContentRange(first=size or 0, stop=size, total=size, etag=etag, modified=modified)
    partial = reply.status == HTTPStatus.PARTIAL_CONTENT
    length = _read_content_length(headers, count_coded=partial)
    bounds = _content_range(headers)
    if partial:
        _check_partial(headers, bounds, length)
    elif bounds is not None and length not in {None, bounds[1] - bounds[0]}:
        bounds = None
    first, stop, total = bounds or (0, length, length)
    return ContentRange(first=first, stop=stop, total=total, etag=etag, modified=modified)


def read_unsatisfied_size(reply: Reply) -> int | None:
    """Return the length of the file from a 416: from `Content-Range: bytes */N`, or from S3's body."""
    match = _SIZE_ONLY.fullmatch(reply.headers.get("Content-Range", "").strip())
    in_body = None if match else _SIZE_IN_BODY.search(reply.body[:8192])
    return int(match[1]) if match else int(in_body[1]) if in_body else None


def content_coding(headers: Mapping[str, str]) -> str:
    """Return the Content-Encoding, in lower case; empty if the bytes are not encoded."""
    codings = (each.strip().lower() for each in headers.get("Content-Encoding", "").split(","))
    return ", ".join(each for each in codings if each not in _NOT_CODED)


def _content_range(headers: Mapping[str, str]) -> tuple[int, int, int | None] | None:
    """Return first byte, byte after the last, and length of the file; None if they are invalid."""
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if match is None:
        return None
    first, last, total = int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])
    return (first, last + 1, total) if first <= last and (total is None or last < total) else None


def _check_partial(
    headers: Mapping[str, str], bounds: tuple[int, int, int | None] | None, length: int | None
) -> None:
    if headers.get("Content-Type", "").strip().lower().startswith("multipart/byteranges"):
        raise ValueError("it came as multipart/byteranges, although one range was requested")
    if bounds is None:
        header = headers.get("Content-Range")
        raise ValueError(
            "its Content-Range is missing" if header is None else f"its Content-Range is {header[:80]!r}"
        )
    if length not in {None, bounds[1] - bounds[0]}:
        raise ValueError(f"its Content-Range has {bounds[1] - bounds[0]} bytes, its Content-Length {length}")


def _read_content_length(headers: Mapping[str, str], *, count_coded: bool) -> int | None:
    """Return Content-Length, unless it counts encoded bytes that are decoded before they are returned."""
    length = headers.get("Content-Length", "").strip()
    if not _LENGTH.fullmatch(length) or (content_coding(headers) and not count_coded):
        return None
    return int(length)


def _opaque(etag: str) -> str:
    """Return an ETag without its weakness prefix and its quotes, which some servers omit."""
    return etag.removeprefix("W/").strip('"')
