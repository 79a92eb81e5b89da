"""Responses to web requests: their conditions, answered with a download from the storage."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

from attrs import evolve, frozen

from coredata_async.errors import CoreDataError
from coredata_async.message import Reply, date_of
from coredata_async.storage.disposition import Disposition, format_disposition
from coredata_async.storage.put_result import etag_md5
from coredata_async.transfer.conditions import Conditions, WebRange, etag_of
from coredata_async.transfer.fetch import DownloadRequest, Fetcher, close_reply
from coredata_async.transfer.gunzip import is_compressed_on_the_way
from coredata_async.transfer.ranges import ByteRange, content_coding, content_range_of, read_unsatisfied_size

_MEDIA_TYPE: Final = re.compile(r"[!-.0-:<-~]+/[!-:<-~]+(?: *;[ -~]*)?")
"""Only the parameters may contain a semicolon: otherwise, a long invalid header would take cubic time."""


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
    total = None if HTTPStatus.NOT_MODIFIED in {status, reply.status} else _total(reply)
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


_NO_RANGE = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


async def open_conditionally(
    fetcher: Fetcher, wanted: DownloadRequest, conditions: Conditions
) -> WebResponse:
    """Request a file with the conditions of a web request, and evaluate the response.

    The storage need not support them: it may ignore a Range, send another one, or compress. A response that
    cannot be used is dropped, and the whole file is requested and cut here.

    Raises:
        StorageError: If the storage refuses.
    """
    reply = await fetcher.fetch(wanted, conditions.headers())
    if reply.status == HTTPStatus.NOT_MODIFIED:
        return describe_response(reply, ByteRange(), HTTPStatus.NOT_MODIFIED)
    response = await _decide(fetcher, wanted, conditions, reply)
    if response is None:
        await close_reply(reply)
        reply = await fetcher.open(evolve(wanted, span=ByteRange()))
        response = _decide_whole(conditions, reply)
    if response.status in {HTTPStatus.NOT_MODIFIED, _NO_RANGE}:
        await close_reply(reply)
    return response


async def _decide(
    fetcher: Fetcher, wanted: DownloadRequest, conditions: Conditions, reply: Reply
) -> WebResponse | None:
    """Evaluate the first response; return None if the whole file must be requested."""
    if reply.status == HTTPStatus.OK:
        return _decide_whole(conditions, reply)
    if conditions.is_known(reply):
        return describe_response(reply, ByteRange(), HTTPStatus.NOT_MODIFIED)
    if conditions.range is None:  # a range was not requested
        return None
    if reply.status == HTTPStatus.PARTIAL_CONTENT:
        return _decide_part(conditions, conditions.range, reply)
    if conditions.if_none_match and etag_of(reply) is None:  # it takes precedence over the range
        return None
    return await _decide_end(fetcher, wanted, conditions.range, reply)


async def _decide_end(
    fetcher: Fetcher, wanted: DownloadRequest, asked: WebRange, reply: Reply
) -> WebResponse | None:
    """Evaluate a response of 416; return None if the file does contain the requested range."""
    size = read_unsatisfied_size(reply)
    if size is None:
        size = (await fetcher.describe(wanted)).size
    if size is None:
        return describe_response(reply, ByteRange(), _NO_RANGE)
    if asked.place(size) is not None:
        return None
    return describe_response(
        Reply(reply.status, {"Content-Range": f"bytes */{size}"}), ByteRange(), _NO_RANGE
    )


def _decide_whole(conditions: Conditions, reply: Reply) -> WebResponse:
    """Evaluate a response that contains the whole file."""
    if reply.status == _NO_RANGE:  # an empty file, see Fetcher.open
        return describe_response(reply, ByteRange(), HTTPStatus.OK)
    if conditions.is_known(reply):
        return describe_response(reply, ByteRange(), HTTPStatus.NOT_MODIFIED)
    whole = describe_response(reply, ByteRange())
    if whole.total is None or conditions.range is None or not conditions.is_range_due(reply):
        return whole
    span = conditions.range.place(whole.total)
    if span is None and whole.total:
        return describe_response(reply, ByteRange(), _NO_RANGE)
    return describe_response(reply, span, HTTPStatus.PARTIAL_CONTENT) if span else whole


def _decide_part(conditions: Conditions, asked: WebRange, reply: Reply) -> WebResponse | None:
    """Evaluate a response of 206; return None if it does not contain the requested range."""
    try:
        received = content_range_of(reply)
    except ValueError:
        return None
    if not conditions.is_range_due(reply) or _is_recoded(reply):
        return None
    if received.total is not None:
        span = asked.place(received.total)
    elif asked.first is None or received.stop is None:  # it is unknown whether it is the end of the file
        return None
    else:
        last = received.stop - 1 if asked.last is None else min(asked.last, received.stop - 1)
        span = ByteRange(offset=asked.first, length=last + 1 - asked.first)
    if span is None or span.offset != received.first:
        return None
    return describe_response(reply, span, HTTPStatus.PARTIAL_CONTENT)


def _is_recoded(reply: Reply) -> bool:
    """Return whether a range may select compressed bytes: nothing proves that they are the stored ones."""
    return bool(content_coding(reply.headers)) and etag_md5(reply.headers) is None
