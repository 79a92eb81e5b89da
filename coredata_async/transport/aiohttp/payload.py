"""Request bodies for aiohttp: opened for every write, checked for length and stalls, abortable."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter

from coredata_async.message import Body
from coredata_async.transport.closing import discard_unsent_on_close
from coredata_async.transport.http11.body_writer import BlockReader


class Whole(aiohttp.BytesPayload):
    """A body for the service that is written in one piece."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._line: asyncio.Transport | None = None

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the bytes on a connection that discards unsent ones when it is closed."""
        self._line = _set_discarding(writer)
        await super().write_with_length(writer, content_length)

    def abort(self) -> None:
        """Discard unsent bytes.

        aiohttp only closes the connection of a request that was given up, which sends the remaining bytes
        first.
        """
        if self._line is not None:
            self._line.abort()


class BodyPayload(BlockReader, aiohttp.Payload):
    """Payload that sends a `Body`; a second write reads the source from its beginning.

    aiohttp itself repeats a PUT once when an idle connection has died. Up to 3.14.3 it then sent the rest of
    a half-read file, with a matching Content-Length, and reported success (aiohttp#13329).
    """

    def __init__(self, body: Body, stall: float | None, *, discard_unsent: bool = False) -> None:
        super().__init__(body)
        self._body = body
        self._size = body.size
        self._stall = stall
        self._discard_unsent = discard_unsent
        self._line: asyncio.Transport | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def consumed(self) -> bool:
        """Return whether a further write is impossible."""
        return not self._body.replayable

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Reject decoding, because it would hold the whole body in memory."""
        raise TypeError("a streamed body has no text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the whole body."""
        self.failure, self.stalled = None, False
        self._idle.clear()
        self._line = _set_discarding(writer) if self._discard_unsent else _transport(writer)
        try:
            async with aclosing(self._body.chunks()) as blocks:
                while (block := await self.next_block(blocks)) is not None:
                    await self._pass_on(block, writer)
        except BaseException:
            self.abort()  # a close would wait forever for a peer that reads nothing
            raise
        finally:
            self._idle.set()

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the whole body; its length is the one announced."""
        await self.write(writer)

    def abort(self) -> None:
        """Discard unsent bytes; see `Whole.abort`."""
        if self._line is not None:
            self._line.abort()

    async def wait_written(self) -> None:
        """Wait until no write is in progress.

        aiohttp cancels a write that has become pointless, and continues before the write has released the
        source. The next pass over the same open file would otherwise overlap with it.
        """
        await self._idle.wait()

    async def _pass_on(self, block: bytes, writer: AbstractStreamWriter) -> None:
        """Write one block. A slow peer is not stalled, as long as it accepts some bytes."""
        line = _transport(writer)
        left = len(block) + 1
        # A task, because aiohttp cannot wait for its buffer again after such a wait was cancelled.
        taking = asyncio.ensure_future(writer.write(block))
        try:
            while not (await asyncio.wait({taking}, timeout=self._stall))[0]:
                waiting = left if line is None else line.get_write_buffer_size()
                if waiting >= left:
                    self.stalled = True
                    raise TimeoutError
                left = waiting
            await taking
        finally:
            taking.cancel()


def _transport(writer: AbstractStreamWriter) -> asyncio.Transport | None:
    return writer.transport if isinstance(writer, StreamWriter) else None


def _set_discarding(writer: AbstractStreamWriter) -> asyncio.Transport | None:
    line = _transport(writer)
    sock = None if line is None else line.get_extra_info("socket")
    if sock is not None:  # set here, and not on connecting, so that the caller's sessions have it as well
        discard_unsent_on_close(sock)
    return line
