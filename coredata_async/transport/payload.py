"""A body as aiohttp wants it: opened anew for every write, exact in length, watched for stalls."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from coredata_async.message import Body


class Reopened(aiohttp.Payload):
    """Sends a `Body`; a second write reads the source from its beginning.

    aiohttp itself repeats a PUT once when a kept connection has died. Up to 3.14.3 it then sent what was
    left of a half-read file, with a matching Content-Length, and reported success (aiohttp#13329).
    """

    def __init__(self, body: Body, stall: float | None) -> None:
        super().__init__(body)
        self._body = body
        self._size = body.size
        self._stall = stall
        self.failure: Exception | None = None
        """What went wrong on our side; aiohttp reports only that the connection broke."""

    @property
    def consumed(self) -> bool:
        """Whether a further write is impossible."""
        return not self._body.replayable

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refused: this would hold the whole body."""
        raise TypeError("a streamed body has no text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the whole body."""
        self.failure = None
        try:
            async with aclosing(self._body.chunks()) as blocks:
                async for block in blocks:
                    async with asyncio.timeout(self._stall):
                        await writer.write(block)
        except Exception as exc:
            self.failure = exc
            raise

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the whole body; its length is the one announced."""
        await self.write(writer)
