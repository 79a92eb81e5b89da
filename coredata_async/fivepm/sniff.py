"""Streamed responses that may be an error or an envelope instead of a file, and are then read at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Literal

from attrs import evolve, frozen

from coredata_async.message import Content, Reply, Request, Send

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
