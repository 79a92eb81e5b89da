"""Streamed answers that may be no file but words of the service: these are read at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Literal

from attrs import evolve, frozen

from coredata_async.message import Content, Reply, Request, Send

Wrapping = Literal["auto", "raw", "envelope"]
"""How a download's bytes come: as they are, or as base64 inside an answer; `auto` looks. Not documented."""

LIMIT: Final = 192 << 20
"""No envelope is longer: 5pm takes files of up to 125 MB, and base64 adds a third."""

MAX_ERROR_BODY: Final = 1 << 20
"""Nor are the service's own words longer than this: what is, is a file, for who wants no envelope opened."""

_DATA: Final = (b"{", b"[", b"<")
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


def buffer_envelopes(send: Send, *, limit: int = LIMIT) -> Send:
    """Read at once what may be an envelope or an error, so that it is seen; let files come as a stream."""

    async def through(request: Request) -> Reply:
        reply = await send(request)
        if reply.content is None or not may_be_message(reply):
            return reply
        return await _read(reply, reply.content, limit)

    return through


def may_be_message(reply: Reply) -> bool:
    """Return whether the service may speak here: there is no file name, and the type is one of text.

    The Content-Type of an envelope is not documented, and PHP says text/html unless told otherwise.
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
    """A body whose beginning was read already."""

    head: bytes
    rest: AsyncIterator[bytes]
    content: Content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.head
        async for block in self.rest:
            yield block

    async def aclose(self) -> None:
        await self.content.aclose()
