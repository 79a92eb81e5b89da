"""Responses to a download: the bytes themselves, an envelope around them, or an error."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Final, Literal, cast

from attrs import evolve, frozen

from coredata_async.errors import APIError, UnexpectedResponseError
from coredata_async.fivepm import calls
from coredata_async.fivepm.codec.shape import one
from coredata_async.fivepm.codec.tree import Tree, parse
from coredata_async.fivepm.download import DownloadResponse
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.activity import File
from coredata_async.fivepm.replies import failure, refusal, wrong_route
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.message import Content, Reply, Request, Send
from coredata_async.storage.disposition import filename_from

Wrapping = Literal["auto", "raw", "envelope"]
"""Encoding of a download's bytes:

`raw`, or base64 inside an `envelope`; `auto` inspects them. Not documented.
"""

LIMIT: Final = 192 << 20
"""Maximum size of an envelope: 5pm accepts files of up to 125 MB, and base64 adds a third."""

MAX_ERROR_BODY: Final = 1 << 20
"""Maximum size of an error message: a longer body is a file, if the caller does not want envelopes opened."""

_DATA: Final = (b"{", b"[", b"<")
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"

METHOD: Final = METHODS["activity.downloadFile"]
CONTENT: Final = ("content", "data", "body", "base64", "fileContent", "file")
"""Keys that may contain the bytes in an envelope: not documented."""
_PAGE: Final = re.compile(rb"<(?:!doctype\s+html|html)\b|\b(?:Fatal|Parse) error\b", re.IGNORECASE)
_SNIFF_BYTES: Final = 400
_RAW: Final = "if that is the file itself, pass wrapping='raw'"


def buffer_envelopes(send: Send, *, limit: int = LIMIT) -> Send:
    """Read responses at once that may be an envelope or an error; leave files as a stream."""

    async def through(request: Request) -> Reply:
        reply = await send(request)
        if reply.content is None or not may_be_message(reply):
            return reply
        return await _read(reply, reply.content, limit)

    return through


def may_be_message(reply: Reply) -> bool:
    """Return whether a reply may be a message: it has no file name, and a text type.

    The Content-Type of an envelope is not documented, and PHP sends text/html by default.
    """
    disposition = reply.headers.get("Content-Disposition", "").lower()
    if disposition.startswith("attachment") or "filename" in disposition:
        return False
    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return not kind or kind.startswith("text/") or kind.endswith(("json", "xml", "javascript"))


async def _read(reply: Reply, content: Content, limit: int) -> Reply:
    held = bytearray()
    blocks = aiter(content)
    try:
        async for block in blocks:
            held += block
            start = bytes(held[:64]).lstrip(_BLANK)[:1]
            if (start and start not in _DATA) or len(held) > limit:
                return evolve(reply, content=_Resumed(bytes(held), blocks, content))
    except BaseException:
        await content.aclose()
        raise
    await content.aclose()
    return evolve(reply, content=None, body=bytes(held))


@frozen
class _Resumed:
    """Body whose beginning has already been read."""

    head: bytes
    rest: AsyncIterator[bytes]
    content: Content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.head
        async for block in self.rest:
            yield block

    async def aclose(self) -> None:
        await self.content.aclose()


async def open_download(send: Send, form: RequestStyle, file_id: str, wrapping: Wrapping) -> DownloadResponse:
    """Request a file's content, by either verb that the documentation prints.

    Raises:
        NotFoundError: If the file does not exist.
        UnexpectedResponseError: If the response is not a file.
    """
    asked: list[tuple[Request, Reply]] = []
    for route in (None, *METHOD.fallbacks):
        request = calls.download(form, file_id, route=route)
        # The bytes must arrive as they are stored, and their number must be the announced one.
        request = request.with_headers({**request.headers, "Accept": "*/*", "Accept-Encoding": "identity"})
        asked.append((request, await send(request)))
        if not wrong_route(asked[-1][1]):
            break
    # If both are wrong, 404 says more than 405; otherwise the later one is the result.
    request, reply = max(asked, key=lambda each: each[1].status != HTTPStatus.METHOD_NOT_ALLOWED)
    if not wrong_route(asked[-1][1]):
        request, reply = asked[-1]
    return await _interpret(request, reply, file_id, wrapping)


async def _interpret(request: Request, reply: Reply, file_id: str, wrapping: Wrapping) -> DownloadResponse:
    problem = refusal(request, reply, int(HTTPStatus.OK))
    if problem is not None:
        raise problem
    raw = DownloadResponse(
        reply.body if reply.content is None else reply.content,
        size=_content_length(reply),
        content_type=reply.headers.get("Content-Type"),
        filename=filename_from(reply.headers.get("Content-Disposition", "")),
    )
    if reply.content is not None and wrapping == "envelope":
        await reply.content.aclose()
        raise _response_error(request, reply, "the response is a file instead of an envelope")
    if wrapping == "raw" or reply.content is not None or not may_be_message(reply):
        return raw
    inside = await _read_opened(request, reply, file_id, wrapping)
    if isinstance(inside, APIError):
        raise inside
    return inside or raw


async def _read_opened(
    request: Request, reply: Reply, file_id: str, wrapping: Wrapping
) -> DownloadResponse | APIError | None:
    """Return the content of an envelope, or the error to raise in a frame without the service's text."""
    try:
        tree = await asyncio.to_thread(parse, reply.body)
    except ValueError as exc:
        if wrapping == "envelope" or not reply.body.strip() or _PAGE.search(reply.body[:_SNIFF_BYTES]):
            return _response_error(request, reply, str(exc))
        return None
    said = failure(request, reply, tree)
    if said is not None:
        return said
    try:
        inside = await _unwrap(tree, file_id)
    except ValueError as exc:
        return _response_error(request, reply, str(exc))
    if inside is None and wrapping == "envelope":
        return _response_error(request, reply, "the response contains no file")
    return inside


async def _unwrap(tree: Tree, file_id: str) -> DownloadResponse | None:
    """Return the content of an envelope; `None` if it is not one.

    Raises:
        ValueError: If it describes the file, but does not contain it.
    """
    file = _file(tree)
    if file is None or file.id != file_id:
        return None
    text = _content(file.extra)
    if text is None and file.activity_id:
        raise ValueError("the response describes the file, without its content")
    if text is None:
        return None
    content = await asyncio.to_thread(_decode, text, file.size)
    return DownloadResponse(content, len(content), file.type or None, file.name or None)


def _file(tree: Tree) -> File | None:
    try:
        return one(tree, File)
    except ValueError:
        return None


def _content(extra: Mapping[str, object]) -> str | None:
    return next((cast("str", extra[name]) for name in CONTENT if isinstance(extra.get(name), str)), None)


def _decode(text: str, size: int | None) -> bytes:
    """Return the bytes that a text encodes; the text itself, if it is not base64 or has the right length."""
    plain = text.encode()
    try:
        data = b64decode("".join(text.split()), validate=True)
    except ValueError:
        return plain
    return plain if size == len(plain) != len(data) else data


def _content_length(reply: Reply) -> int | None:
    length = reply.headers.get("Content-Length", "")
    if "Content-Encoding" in reply.headers or not length.isdecimal():
        return None
    return int(length)


def _response_error(request: Request, reply: Reply, what: str) -> APIError:
    return UnexpectedResponseError(f"{request.method} {request.path}: {what}; {_RAW}", request, reply)
