"""One connection: its transport, and whoever waits for it to take or give something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from coredata_async.transport.http11 import limits
from coredata_async.transport.http11.errors import (
    BrokenError,
    CutShortError,
    Http11Error,
    LateError,
    TooLargeError,
    reason,
)
from coredata_async.transport.http11.idle_timer import IdleTimer
from coredata_async.transport.http11.parser import ResponseParser
from coredata_async.transport.http11.reuse import KEPT_FOR, SOON, watch

AHEAD: Final = 1 << 20
"""Bytes of a streamed answer that may wait to be taken, before the server has to."""


class Connection(asyncio.BufferedProtocol):
    """Carries one exchange at a time.

    What comes is read into a buffer that all connections of a loop share, for each answer is copied out of
    it before anybody else can read. So nothing is made for it: asyncio's own way makes 256 KiB for every
    read, which was 26 % of an exchange (measured with answers of 100 bytes, 32 at once).
    """

    __slots__ = (
        "_buffer",
        "_loop",
        "_lost",
        "_on_lost",
        "_paused",
        "_resting",
        "_streams",
        "_trouble",
        "_waiter",
        "_writable",
        "answers",
        "clock",
        "expires",
        "idle_limit",
        "idle_since",
        "key",
        "transport",
        "unread",
    )

    def __init__(self, key: str, buffer: memoryview, on_lost: Callable[[Connection], object]) -> None:
        self.key = key
        self.answers = ResponseParser()
        self.idle_limit = KEPT_FOR
        """For how many seconds the server lets it be idle."""
        self.idle_since = self.expires = 0.0
        """Until when it may be used again, by the loop's clock."""
        self._buffer = buffer
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._lost = self._paused = self._resting = self._streams = False
        self._trouble: Http11Error | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self.clock = IdleTimer(self._late)
        """Runs while an answer is due."""

    # For an exchange

    @property
    def usable(self) -> bool:
        """Return whether another exchange can be tried on it."""
        answers = self.answers
        at_rest = answers.whole and not (self._paused or self._resting)
        return at_rest and answers.keep and not answers.dirty and not self.closing

    @property
    def closing(self) -> bool:
        """Return whether nothing more can be sent."""
        return self._lost or self.transport.is_closing()

    def start_response(self, *, bodiless: bool, streams: bool) -> None:
        """Expect an answer, and tell of its head already if it `streams`."""
        if self._lost:  # since it was opened, before anything was asked
            self._trouble = BrokenError(reason(None))
        self._streams = streams
        self.answers.expect(bodiless=bodiless)

    async def wait_response(self) -> None:
        """Wait until the answer is whole; of one that streams, until its head is.

        Raises:
            LineError: It will never be.
        """
        answers = self.answers
        while not (answers.whole or (self._streams and answers.head)):
            await self._wait()

    async def more(self) -> None:
        """Wait until more of the body has come, or its end.

        Raises:
            LineError: It never will.
        """
        answers = self.answers
        while not (answers.whole or answers.blocks):
            await self._wait()

    def is_reusable(self, now: float) -> bool:
        """Tell whether an idle connection is in order, young enough, and still silent."""
        return self.usable and self.expires > now and not self.unread()

    def retire(self) -> None:
        """Close an idle connection after its loop has read what came: the end, or an answer too many."""
        self._loop.call_later(SOON, self.abort)

    def read_whole(self) -> None:
        """Want the rest of what streamed until now whole, within the limits of that."""
        self._streams = False
        self._limit_size()

    def take(self) -> bytes:
        """Return what has come of the body; the server may go on."""
        if self._resting:
            self._resting = False
            if not self.closing:
                self.transport.resume_reading()
        return self.answers.take()

    async def drain(self, stall: float | None) -> None:
        """Wait until the far end has taken most of what was written; slow is not stalled.

        Raises:
            LateError: For `stall` seconds, it took nothing.
            LineError: It is gone.
        """
        while self._full():
            left = self.transport.get_write_buffer_size()
            self._writable = self._loop.create_future()
            clock = None if stall is None else self._loop.call_later(stall, self._wake_waiter, self._writable)
            try:
                await self._writable
            finally:
                self._writable = None
                if clock is not None:
                    clock.cancel()
            if self._full() and self.transport.get_write_buffer_size() >= left:
                raise LateError("it takes nothing")
        if self.closing:
            raise self._trouble or BrokenError("the server closed it")

    def abort(self) -> None:
        """Close it at once, whatever is in flight; to close in order would wait for an end that is silent."""
        if not self._lost:
            self.transport.abort()

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self.transport = cast("asyncio.Transport", transport)
        self.unread: Callable[[], object] = watch(transport.get_extra_info("socket").fileno())
        """Tells whether something came that was not read yet."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to put what comes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Something of an answer came, or something nobody had asked for."""
        answers = self.answers
        if answers.whole:
            answers.dirty = True
            self.transport.abort()
            return
        try:
            answers.feed(self._buffer[:nbytes])
        except BrokenError as exc:
            self._fail(exc)
            return
        if answers.size > limits.ERROR and not self._streams:
            self._limit_size()
        if self._is_done():
            self.clock.stop()
            self._wake()
            return
        self.clock.restart()
        if self._streams and answers.head:
            self._wake()
            if answers.size > AHEAD and not self._resting:
                self._resting = True
                self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._lost = True
        self.clock.end()
        answers = self.answers
        if self._trouble is None and not answers.whole and not (exc is None and answers.ends_at_eof()):
            self._trouble = CutShortError("") if answers.head else BrokenError(reason(exc))
        self._wake_waiter(self._writable)
        self._wake()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """Too much is waiting to go out."""
        self._paused = True

    def resume_writing(self) -> None:
        """Most of it has gone."""
        self._paused = False
        self._wake_waiter(self._writable)

    # Waiting

    def _limit_size(self) -> None:
        """Take no more of a body than its limit: the rest of a refusal is left out, else it is an error."""
        answers = self.answers
        limit = limits.limit_of(answers.status)
        if answers.whole or answers.size <= limit:
            return
        if limits.is_refusal(answers.status):
            answers.whole, answers.keep = True, False
            self.transport.abort()
        else:
            self._fail(TooLargeError(limit))

    def _full(self) -> bool:
        return self._paused and not self.closing

    def _is_done(self) -> bool:  # asked again: a type checker takes `whole` for what it was before `feed`
        return self.answers.whole

    async def _wait(self) -> None:
        if self._trouble is not None:
            raise self._trouble
        if self._waiter is not None:
            raise RuntimeError("two tasks read the same answer")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        self._wake_waiter(self._waiter)

    def _wake_waiter(self, waiter: asyncio.Future[None] | None) -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, trouble: Http11Error) -> None:
        self._trouble = trouble
        self.transport.abort()
        self._wake()

    def _late(self) -> None:
        self._fail(LateError("nothing came"))
