"""Request bodies sent block by block: opened again for each pass, checked for length and stalls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from coredata_async.cancellation import is_cancelled
from coredata_async.errors import SourceChangedError, SourceError
from coredata_async.message import Body
from coredata_async.transport.http11.connection import Connection
from coredata_async.transport.http11.errors import LateError
from coredata_async.transport.http11.request_head import TOGETHER


class BlockReader:
    """Reader of the blocks of a body, which keeps the exception of the source for the error message."""

    failure: Exception | None = None
    """Exception of the source."""
    stalled: bool = False
    """True if the peer stopped accepting blocks."""

    async def next_block(self, blocks: AsyncGenerator[bytes, None]) -> bytes | None:
        """Return the next block, or None at the end."""
        try:
            return await anext(blocks, None)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
        except Exception as exc:
            self.failure = exc
            raise
        self.failure = SourceError(
            "the source, or the progress callback, ended with a cancellation of its own, because a task that "
            "it awaits was cancelled; nothing was registered",
            stage="put",
        )
        raise self.failure


class BodyWriter(BlockReader):
    """One pass over a body, in its own task, because the response may come before the end of the body."""

    def __init__(self, connection: Connection, body: Body, stall: float | None) -> None:
        self._connection = connection
        self._body = body
        self._stall = stall
        self._left = body.size
        self._task: asyncio.Task[None] | None = None
        self._ending = False

    @property
    def complete(self) -> bool:
        """Return whether every byte was passed to the operating system."""
        return not self._left

    def start(self, head: memoryview, patience: float | None) -> None:
        """Send the head and the body; then expect a response within `patience` seconds."""
        self._task = asyncio.create_task(self._run(head, patience))

    async def wait_closed(self) -> None:
        """End the pass if it is still in progress, and wait until it has released the source."""
        if self._task is not None:
            if self._left and not self._task.done():
                self._connection.abort()  # now, because the source may need a moment to end
            if not self._ending:  # otherwise the source is being closed already and must not be interrupted
                self._task.cancel()
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.exception()  # retrieved only; the connection reports it

    async def _run(self, head: memoryview, patience: float | None) -> None:
        try:
            async with aclosing(self._body.chunks()) as blocks:
                try:
                    await self._all(head, blocks)
                    if not self._connection.parser.complete:
                        self._connection.clock.start(patience)
                finally:
                    self._ending = True
        except LateError:
            self.stalled = True
            self._connection.abort()
            raise
        except BaseException:
            # Cancelled because the response is complete and nothing is left to send: not an error.
            if self._left or self.failure is not None:
                self._connection.abort()
            raise

    async def _all(self, head: memoryview | None, blocks: AsyncGenerator[bytes, None]) -> None:
        while (block := await self.next_block(blocks)) is not None:
            if len(block) > self._left:
                self.failure = _source_changed("more", self._body.size)
                raise self.failure
            await self._pass_on(head, block)
            head = None
        if head is not None:
            await self._pass_on(head, b"")
        if self._left:
            self.failure = _source_changed("fewer", self._body.size)
            raise self.failure

    async def _pass_on(self, head: memoryview | None, block: bytes) -> None:
        write = self._connection.transport.write
        if len(block) <= TOGETHER:
            write(block if head is None else b"".join((head, block)))
        else:
            if head is not None:
                write(head)
            write(memoryview(block))  # asyncio up to 3.11 would copy the rest of bytes
        self._left -= len(block)
        await self._connection.drain(self._stall)


def _source_changed(how: str, size: int) -> SourceChangedError:
    return SourceChangedError(f"the body yields {how} bytes than the {size} it announced", stage="put")
