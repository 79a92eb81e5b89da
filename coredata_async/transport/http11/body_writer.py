"""A body that goes out block by block: opened again, exact in length, watched for stalls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from coredata_async.errors import SourceChangedError
from coredata_async.message import Body
from coredata_async.secret import Secret
from coredata_async.transport.http11.connection import Connection
from coredata_async.transport.http11.errors import LateError

TOGETHER: Final = 64 * 1024
"""So few bytes go out together with the head, in one system call."""


class BodyWriter:
    """One pass over a body, in a task of its own: the answer may come before it is through."""

    def __init__(self, connection: Connection, body: Body, stall: float | None) -> None:
        self._connection = connection
        self._body = body
        self._stall = stall
        self._left = body.size
        self._task: asyncio.Task[None] | None = None
        self._ending = False
        self.failure: Exception | None = None
        """What the source raised."""
        self.stalled = False
        """Whether the other end stopped taking blocks."""

    @property
    def complete(self) -> bool:
        """Return whether every byte was handed to the system."""
        return not self._left

    def start(self, head: Secret[bytes], patience: float | None) -> None:
        """Send the head and the body; once they are out, an answer is due in `patience` seconds."""
        self._task = asyncio.create_task(self._run(head, patience))

    async def wait_closed(self) -> None:
        """End the pass if it is still in flight, and wait until it has let go of the source."""
        if self._task is not None:
            if self._left and not self._task.done():
                self._connection.abort()  # now: the source may need a moment to let go
            if not self._ending:  # else the source is being closed already, and must not be disturbed
                self._task.cancel()
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.exception()  # which is told by what it did to the connection

    async def _run(self, head: Secret[bytes], patience: float | None) -> None:
        try:
            async with aclosing(self._body.chunks()) as blocks:
                try:
                    await self._all(head, blocks)
                    if not self._connection.answers.whole:
                        self._connection.clock.start(patience)
                finally:
                    self._ending = True
        except LateError:
            self.stalled = True
            self._connection.abort()
            raise
        except BaseException:
            # Cancelled because there is an answer already, and nothing is left to be sent: all is well.
            if self._left or self.failure is not None:
                self._connection.abort()
            raise

    async def _all(self, head: Secret[bytes] | None, blocks: AsyncGenerator[bytes, None]) -> None:
        while (block := await self._next(blocks)) is not None:
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

    async def _next(self, blocks: AsyncGenerator[bytes, None]) -> bytes | None:
        try:
            return await anext(blocks, None)
        except Exception as exc:
            self.failure = exc
            raise

    async def _pass_on(self, head: Secret[bytes] | None, block: bytes) -> None:
        write = self._connection.transport.write
        if len(block) <= TOGETHER:
            write(block if head is None else head.reveal() + block)
        else:
            if head is not None:
                write(head.reveal())
            write(memoryview(block))  # asyncio up to 3.11 would copy what is left of bytes
        self._left -= len(block)
        await self._connection.drain(self._stall)


def _source_changed(how: str, size: int) -> SourceChangedError:
    return SourceChangedError(f"the body gives {how} bytes than the {size} it has said", stage="put")
