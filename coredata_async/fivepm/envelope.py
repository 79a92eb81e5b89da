"""What a download's answer is: the bytes themselves, an envelope around them, or words of the service."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, cast

from coredata_async.errors import APIError, UnexpectedResponseError
from coredata_async.fivepm.calls import activity as calls
from coredata_async.fivepm.codec.shape import one
from coredata_async.fivepm.codec.tree import Tree, parse
from coredata_async.fivepm.download import Arrived
from coredata_async.fivepm.form import Form
from coredata_async.fivepm.methods import METHODS
from coredata_async.fivepm.models.file import File
from coredata_async.fivepm.peek import Wrapping, may_be_words
from coredata_async.fivepm.replies import failure, refusal, wrong_route
from coredata_async.message import Reply, Request, Send
from coredata_async.storage.disposition import disposed

METHOD: Final = METHODS["activity.downloadFile"]
CONTENT: Final = ("content", "data", "body", "base64", "fileContent", "file")
"""Where an envelope may have the bytes: not documented."""
_PAGE: Final = re.compile(rb"<(?:!doctype\s+html|html)\b|\b(?:Fatal|Parse) error\b", re.IGNORECASE)
_LOOK: Final = 400
_RAW: Final = "if that is the file itself, pass wrapping='raw'"


async def arrived(send: Send, form: Form, file_id: str, wrapping: Wrapping) -> Arrived:
    """Ask for a file's content, by either verb the documentation prints.

    Raises:
        NotFoundError: There is no such file.
        UnexpectedResponseError: What came is no file.
    """
    asked: list[tuple[Request, Reply]] = []
    for route in (None, *METHOD.fallbacks):
        request = calls.download(form, file_id, route=route)
        # The bytes must come as they are kept, and their number be the one announced.
        request = request.with_headers({**request.headers, "Accept": "*/*", "Accept-Encoding": "identity"})
        asked.append((request, await send(request)))
        if not wrong_route(asked[-1][1]):
            break
    # If both are wrong, 404 says more than 405; and the later one is the answer otherwise.
    request, reply = max(asked, key=lambda each: each[1].status != HTTPStatus.METHOD_NOT_ALLOWED)
    if not wrong_route(asked[-1][1]):
        request, reply = asked[-1]
    return await _judged(request, reply, file_id, wrapping)


async def _judged(request: Request, reply: Reply, file_id: str, wrapping: Wrapping) -> Arrived:
    problem = refusal(request, reply, int(HTTPStatus.OK))
    if problem is not None:
        raise problem
    raw = Arrived(
        reply.body if reply.content is None else reply.content,
        size=_announced(reply),
        content_type=reply.headers.get("Content-Type"),
        filename=disposed(reply.headers.get("Content-Disposition", "")),
    )
    if reply.content is not None and wrapping == "envelope":
        await reply.content.aclose()
        raise _unexpected(request, reply, "a file came where an envelope was due")
    if wrapping == "raw" or reply.content is not None or not may_be_words(reply):
        return raw
    inside = await _opened(request, reply, file_id, wrapping)
    if isinstance(inside, APIError):
        raise inside
    return inside or raw


async def _opened(
    request: Request, reply: Reply, file_id: str, wrapping: Wrapping
) -> Arrived | APIError | None:
    """Return what is in an envelope, or the error to raise where no variable holds what the service wrote."""
    try:
        tree = await asyncio.to_thread(parse, reply.body)
    except ValueError as exc:
        if wrapping == "envelope" or not reply.body.strip() or _PAGE.search(reply.body[:_LOOK]):
            return _unexpected(request, reply, str(exc))
        return None
    said = failure(request, reply, tree)
    if said is not None:
        return said
    try:
        inside = await _unwrapped(tree, file_id)
    except ValueError as exc:
        return _unexpected(request, reply, str(exc))
    if inside is None and wrapping == "envelope":
        return _unexpected(request, reply, "what came holds no file")
    return inside


async def _unwrapped(tree: Tree, file_id: str) -> Arrived | None:
    """What is in an envelope; `None` if it is none.

    Raises:
        ValueError: It describes the file, and does not hold it.
    """
    file = _file(tree)
    if file is None or file.id != file_id:
        return None
    text = _content(file.extra)
    if text is None and file.activity_id:
        raise ValueError("what came describes the file, without its content")
    if text is None:
        return None
    content = await asyncio.to_thread(_decoded, text, file.size)
    return Arrived(content, len(content), file.type or None, file.name or None)


def _file(tree: Tree) -> File | None:
    try:
        return one(tree, File)
    except ValueError:
        return None


def _content(extra: Mapping[str, object]) -> str | None:
    return next((cast("str", extra[name]) for name in CONTENT if isinstance(extra.get(name), str)), None)


def _decoded(text: str, size: int | None) -> bytes:
    """The bytes that a text stands for; the text itself, if it is no base64 or has just the right length."""
    plain = text.encode()
    try:
        data = b64decode("".join(text.split()), validate=True)
    except ValueError:
        return plain
    return plain if size == len(plain) != len(data) else data


def _announced(reply: Reply) -> int | None:
    length = reply.headers.get("Content-Length", "")
    if "Content-Encoding" in reply.headers or not length.isdecimal():
        return None
    return int(length)


def _unexpected(request: Request, reply: Reply, what: str) -> APIError:
    return UnexpectedResponseError(f"{request.method} {request.path}: {what}; {_RAW}", request, reply)
