"""Conditional downloads: the headers of a web request select the bytes to return."""

from __future__ import annotations

from http import HTTPStatus

from attrs import evolve

from coredata_async.message import Reply
from coredata_async.storage.put_result import etag_md5
from coredata_async.transfer.conditions import Conditions, WebRange, etag_of
from coredata_async.transfer.fetch import DownloadRequest, Fetcher, close_reply
from coredata_async.transfer.ranges import ByteRange, content_coding, content_range_of, read_unsatisfied_size
from coredata_async.transfer.web_response import WebResponse, describe_response

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
