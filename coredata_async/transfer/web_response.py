"""Web responses that pass a download on: status and headers."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

from attrs import frozen

from coredata_async.errors import CoreDataError
from coredata_async.message import Reply, date_of
from coredata_async.storage.disposition import Disposition, format_disposition
from coredata_async.transfer.conditions import etag_of
from coredata_async.transfer.gunzip import is_compressed_on_the_way
from coredata_async.transfer.ranges import ByteRange, content_range_of

_MEDIA_TYPE: Final = re.compile(r"[!-~]+/[!-~]+(?: *;[ -~]*)?")


@frozen(kw_only=True)
class WebResponse:
    """One response: its range of a File, and the reply of the storage."""

    status: int
    reply: Reply
    span: ByteRange
    total: int | None
    """Length of the whole file, if it is known."""
    decided: bool = True
    """True if the conditions of a web request decided it."""

    @property
    def length(self) -> int | None:
        """Bytes of the body; None if they are unknown before they have arrived."""
        if self.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            return 0
        if self.total is None:
            return self.span.length
        left = max(0, self.total - self.span.offset)
        return left if self.span.length is None else min(left, self.span.length)

    def check_savable(self) -> None:
        """Refuse to save a response without content, because an empty file would look like the content."""
        if self.decided and self.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise CoreDataError(
                f"the response has no content to save: its conditions led to status {self.status}"
            )

    def headers(self, disposition: Disposition, filename: str | None) -> dict[str, str]:
        """Return the headers, all of them printable ASCII."""
        if self.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            size = "*" if self.total is None else str(self.total)
            return {"Content-Range": f"bytes */{size}", "Content-Length": "0", "Accept-Ranges": "bytes"}
        headers = self._validators()
        if self.status == HTTPStatus.NOT_MODIFIED:
            return headers
        kind = self.reply.headers.get("Content-Type", "").strip()
        headers["Content-Type"] = kind if _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream"
        headers["Content-Disposition"] = format_disposition(disposition, filename)
        ranged = self.total is not None or self.status == HTTPStatus.PARTIAL_CONTENT
        headers["Accept-Ranges"] = "bytes" if ranged else "none"
        if self.length is not None:
            headers["Content-Length"] = str(self.length)
        if self.status == HTTPStatus.PARTIAL_CONTENT:
            headers["Content-Range"] = self._content_range()
        return headers

    def _validators(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        if tag := etag_of(self.reply):
            headers["ETag"] = tag
        if modified := date_of(self.reply.headers.get("Last-Modified", "")):
            headers["Last-Modified"] = format_datetime(modified, usegmt=True)
        return headers

    def _content_range(self) -> str:
        first, length = self.span.offset, self.length
        last = "" if length is None else str(first + length - 1)
        return f"bytes {first}-{last}/{'*' if self.total is None else self.total}"


def describe_response(
    reply: Reply, span: ByteRange, status: int | None = None, *, decided: bool = True
) -> WebResponse:
    """Return the response for a reply of the storage and the requested range.

    Args:
        reply: Reply of the storage.
        span: Range of the file that is returned.
        status: Status if a condition decided it; otherwise it follows from reply and range.
        decided: True if it is the response to conditions.
    """
    total = None if reply.status == HTTPStatus.NOT_MODIFIED else _total(reply)
    if status is None:
        ended = reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        part = HTTPStatus.OK if span.whole else HTTPStatus.PARTIAL_CONTENT
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE if ended else part
    return WebResponse(status=status, reply=reply, span=span, total=total, decided=decided)


def _total(reply: Reply) -> int | None:
    return None if is_compressed_on_the_way(reply) else content_range_of(reply).total


async def hold_back_last(blocks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the same blocks, each when the next one has arrived, and the last one after the end."""
    held: bytes | None = None
    async with aclosing(blocks):
        async for block in blocks:
            if held is not None:
                yield held
            held = block
    if held is not None:
        yield held
