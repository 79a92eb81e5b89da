"""One HTTP/1.1 connection: its transport, and the tasks that wait for reads and writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from coredata_async.transport.http11 import decompress
from coredata_async.transport.http11.errors import (
    BrokenError,
    CutShortError,
    Http11Error,
    LateError,
    TooLargeError,
    reason,
)
from coredata_async.transport.http11.parser import ResponseParser
from coredata_async.transport.http11.reuse import KEPT_FOR, SOON, watch

AHEAD: Final = 1 << 20
"""Maximum bytes of a streamed response that are buffered before reading pauses."""


class IdleTimer:
    """Timeout for silence on a connection.

    One timer per connection, which fires early and is then rearmed. Creating and cancelling a timer for every
    request takes 4.1 us, this 0.8 us.
    """

    __slots__ = ("_loop", "_on_late", "_patience", "_timer", "deadline")

    def __init__(self, on_late: Callable[[], object]) -> None:
        self._on_late = on_late
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.deadline: float | None = None
        """Time until which data must arrive; None stops the timeout. The timer may fire without effect."""
        self._patience = 0.0

    def start(self, patience: float | None) -> None:
        """Start the timeout: data must arrive every `patience` seconds. None stops it."""
        if patience is None:
            self.deadline = None
            return
        self._patience = patience
        deadline = self.deadline = self._loop.time() + patience
        if self._timer is not None:
            if deadline >= self._timer.when():
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._check)

    def restart(self) -> None:
        """Restart the timeout, because data has arrived."""
        if self.deadline is not None:
            self.deadline = self._loop.time() + self._patience

    def end(self) -> None:
        """Cancel the timer."""
        self.deadline = None
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        self._timer = None
        if self.deadline is None:
            return
        if self._loop.time() < self.deadline:
            self._timer = self._loop.call_at(self.deadline, self._check)
        else:
            self.deadline = None
            self._on_late()


class Connection(asyncio.BufferedProtocol):
    """Connection that carries one exchange at a time.

    Received bytes are read into a buffer that all connections of a loop share, because each response is
    copied out of it before another connection can read. So a read allocates nothing: asyncio's default
    allocates 256 KiB for every read, which was 26 % of an exchange (measured with responses of 100 bytes, 32
    at once).
    """

    __slots__ = (
        "_buffer", "_loop", "_lost", "_on_lost", "_paused", "_reading_paused", "_streams", "_trouble",
        "_waiter", "_writable", "clock", "expires", "idle_limit", "idle_since", "key", "parser", "transport",
        "unread",
    )  # fmt: skip

    def __init__(self, key: str, buffer: memoryview, on_lost: Callable[[Connection], object]) -> None:
        self.key = key
        self.parser = ResponseParser()
        self.idle_limit = KEPT_FOR
        """Maximum idle time that the server allows, in seconds."""
        self.idle_since = self.expires = 0.0
        """Time until which it may be reused, by the loop's clock."""
        self._buffer = buffer
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._lost = self._paused = self._reading_paused = self._streams = False
        self._trouble: Http11Error | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self.clock = IdleTimer(self._late)
        """Runs while a response is expected."""

    # For an exchange.

    @property
    def usable(self) -> bool:
        """Return whether another exchange can be started on it."""
        parser = self.parser
        is_idle = parser.complete and not (self._paused or self._reading_paused)
        return (
            is_idle
            and parser.keep
            and not parser.unexpected_data
            and not (self._lost or self.transport.is_closing())
        )

    @property
    def closing(self) -> bool:
        """Return whether nothing more can be sent."""
        return self._lost or self.transport.is_closing()

    def start_response(self, *, bodiless: bool, streams: bool) -> None:
        """Expect a response. With `streams`, its head is reported before its body is complete."""
        if self._lost:  # lost since it was opened, before a request was sent
            self._trouble = BrokenError(reason(None))
        self._streams = streams
        self.parser.expect(bodiless=bodiless)

    async def wait_response(self) -> None:
        """Wait until the response is complete; for a streamed one, until its head is.

        Raises:
            Http11Error: If the connection fails before that.
        """
        parser = self.parser
        while not (parser.complete or (self._streams and parser.head)):
            await self._change()

    async def more(self) -> None:
        """Wait until more of the body has arrived, or its end.

        Raises:
            Http11Error: If the connection fails before that.
        """
        parser = self.parser
        while not (parser.complete or parser.blocks):
            await self._change()

    def is_reusable(self, now: float) -> bool:
        """Return whether an idle connection is usable, young enough, and still silent."""
        # Nothing else that makes it unusable can happen to an idle connection.
        return self.expires > now and not (self._lost or self.transport.is_closing() or self.unread())

    def retire(self) -> None:
        """Close an idle connection after its loop has read pending data."""
        self._loop.call_later(SOON, self.abort)

    def read_whole(self) -> None:
        """Switch from streaming to buffering the rest of the body, within the limits for buffered bodies."""
        self._streams = False
        self._limit_size()

    def take(self) -> bytes:
        """Return the received part of the body, and resume reading."""
        if self._reading_paused:
            self._reading_paused = False
            if not self.closing:
                self.transport.resume_reading()
        return self.parser.take()

    async def drain(self, stall: float | None) -> None:
        """Wait until the peer has accepted most of the written bytes. A slow peer is not stalled.

        Raises:
            LateError: If the peer accepted nothing for `stall` seconds.
            Http11Error: If the connection is lost.
        """
        while self._full():
            left = self.transport.get_write_buffer_size()
            self._writable = self._loop.create_future()
            clock = None if stall is None else self._loop.call_later(stall, self._wake, self._writable)
            try:
                await self._writable
            finally:
                self._writable = None
                if clock is not None:
                    clock.cancel()
            if self._full() and self.transport.get_write_buffer_size() >= left:
                raise LateError("the peer accepts no data")
        if self.closing:
            raise self._trouble or BrokenError("the server closed it")

    def abort(self) -> None:
        """Close the connection at once, because an orderly close would wait for a silent peer."""
        if not self._lost:
            self.transport.abort()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self.transport = cast("asyncio.Transport", transport)
        self.unread: Callable[[], object] = watch(transport.get_extra_info("socket").fileno())
        """Returns whether unread data has arrived."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer for received bytes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process received bytes: part of a response, or unsolicited data."""
        parser = self.parser
        if parser.complete:
            parser.unexpected_data = True
            self.transport.abort()
            return
        try:
            parser.feed(self._buffer[:nbytes])
        except BrokenError as exc:
            self._fail(exc)
            return
        if parser.size > decompress.ERROR and not self._streams:
            self._limit_size()
        if self.parser.complete:  # not `parser`: a type checker assumes that `feed` has not changed it
            self.clock.deadline = None
            self._wake(self._waiter)
            return
        self.clock.restart()
        if self._streams and parser.head:
            self._wake(self._waiter)
            if parser.size > AHEAD and not self._reading_paused:
                self._reading_paused = True
                self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange unless its response is complete, and notify the pool."""
        self._lost = True
        self.clock.end()
        parser = self.parser
        if self._trouble is None and not parser.complete and not (exc is None and parser.ends_at_eof()):
            self._trouble = CutShortError("") if parser.head else BrokenError(reason(exc))
        self._wake(self._writable)
        self._wake(self._waiter)
        self._on_lost(self)

    def pause_writing(self) -> None:
        """Pause writing: the write buffer is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """Resume writing: most of the write buffer has been sent."""
        self._paused = False
        self._wake(self._writable)

    # Waiting.

    def _limit_size(self) -> None:
        """Limit the size of a body: of an error response, the rest is dropped; otherwise it is an error."""
        parser = self.parser
        limit = decompress.limit_of(parser.status)
        if parser.complete or parser.size <= limit:
            return
        if decompress.is_refusal(parser.status):
            parser.complete, parser.keep = True, False
            self.transport.abort()
        else:
            self._fail(TooLargeError(limit))

    def _full(self) -> bool:
        return self._paused and not self.closing

    def _change(self) -> asyncio.Future[None]:
        """Return a future that ends when data arrives, or the connection fails."""
        if self._trouble is not None:
            raise self._trouble
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("two tasks read the same response")
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self, waiter: asyncio.Future[None] | None) -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _fail(self, trouble: Http11Error) -> None:
        self._trouble = trouble
        self.transport.abort()
        self._wake(self._waiter)

    def _late(self) -> None:
        self._fail(LateError("no data was received in time"))
