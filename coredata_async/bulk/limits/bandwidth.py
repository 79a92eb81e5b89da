"""A limit in bytes per second for all files together, and the count of what goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final

from attrs import define, evolve, frozen

from coredata_async.message import Body, Held, Reply, Request, Send

TICKS: Final = 10
"""A limited stream goes in so many pieces a second: it trickles, where whole blocks would lurch."""

HORIZON: Final = 0.5
"""Seconds' worth of bytes of small files that may be admitted ahead: their URLs wait no longer than that."""

STREAMS: Final = 2
"""Streams admitted at once, or more if they leave some of the limit unused: pieces go in turn."""

_CHECK_INTERVAL: Final = 0.05
"""Seconds between two looks if the streams leave some of the limit unused, at least."""

_EPSILON: Final = 1e-3
"""Of a byte: what arithmetic leaves, and no timer is as fine as that."""


@define(eq=False)
class Slot:
    """An upload that was admitted."""

    left: int
    """Bytes that have not taken their tokens yet."""
    whole: bool
    started: bool = False


class Bandwidth:
    """A token bucket, first come, first served.

    Whoever finds it not in debt takes what it needs, and leaves the debt to the next. So a piece of any
    size passes, and a new limit counts at once, also for what was taken before.

    Args:
        limit: Bytes per second; `None` is no limit.
        clock: Seconds.
    """

    def __init__(self, limit: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._tokens = 0.0
        self._at = clock()
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._doors = {True: asyncio.Lock(), False: asyncio.Lock()}  # small files do not wait behind streams
        self._slots: dict[asyncio.Task[object] | None, Slot] = {}
        self._advanced = asyncio.Event()

    @property
    def limit(self) -> float | None:
        """Bytes per second; it may be set at any time."""
        return self._limit

    @limit.setter
    def limit(self, limit: float | None) -> None:
        if limit is not None and not limit > 0:
            raise ValueError("a limit is more than 0 bytes per second, or None")
        self._fill()
        self._limit = limit
        self._changed.set()
        self._advanced.set()

    @property
    def piece(self) -> int | None:
        """Return how many bytes are to go at once; `None` without a limit."""
        return None if self._limit is None else max(1, int(self._limit / TICKS))

    @asynccontextmanager
    async def slot(self, size: int, *, whole: bool) -> AsyncGenerator[None, None]:
        """Wait until the bytes of an upload could go soon; the task that holds the turn then sends them.

        Args:
            size: Bytes.
            whole: True if they are held in memory, False for a stream.
        """
        async with self._doors[whole]:
            while not self._has_capacity(whole=whole):
                self._advanced.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(self._debt_seconds(), _CHECK_INTERVAL)):
                        await self._advanced.wait()
            task = asyncio.current_task()
            self._slots[task] = Slot(size, whole)
        try:
            yield
        finally:
            del self._slots[task]
            self._advanced.set()

    def turn_of_task(self) -> Slot | None:
        """Give the turn that the running task holds."""
        return self._slots.get(asyncio.current_task()) if self._slots else None

    async def take(self, count: int, turn: Slot | None = None) -> None:
        """Wait until so many bytes may go; `turn` is that of their upload."""
        if self._limit is None:
            return
        async with self._lock:
            while (wait := self._debt_seconds()) > 0:
                self._changed.clear()
                try:
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            self._tokens -= count
        if turn is not None:
            turn.left, turn.started = max(0, turn.left - count), True
            self._advanced.set()

    def _has_capacity(self, *, whole: bool) -> bool:
        """Check if the first piece of another upload would go soon."""
        if self._limit is None:
            return True
        if whole:
            ahead = sum(turn.left for turn in self._slots.values() if turn.whole)
            return ahead <= self._limit * HORIZON
        streams = [turn for turn in self._slots.values() if not turn.whole]
        unused = (
            not self._lock.locked() and self._debt_seconds() == 0 and all(turn.started for turn in streams)
        )
        return len(streams) < STREAMS or unused

    def _debt_seconds(self) -> float:
        """Seconds until the debt is paid."""
        self._fill()
        if self._limit is None or self._tokens > -_EPSILON:
            return 0.0
        return -self._tokens / self._limit

    def _fill(self) -> None:
        """Add what has come since; idleness is not saved up for longer than a tick."""
        now = self._clock()
        if self._limit is None:
            self._tokens = 0.0
        else:
            earned = (now - self._at) * self._limit
            self._tokens = min(self._tokens + earned, self._limit / TICKS)
        self._at = now


def limit_bandwidth(send: Send, bandwidth: Bandwidth, on_bytes: Callable[[int], object]) -> Send:
    """Send bodies no faster than the limit, and tell of the bytes that go.

    The limit holds for every pass over a body, repeats included. Waiting for it happens where a body is
    read, and so is never taken for a stall of the other end.

    Args:
        send: To the storage.
        bandwidth: The limit, shared by all that use it.
        on_bytes: Told how many bytes more go: before each piece, or after the answer to a body that was held
            whole and is not limited.
    """

    async def through(request: Request) -> Reply:
        body = request.body
        if not body:
            return await send(request)
        if isinstance(body, bytes):
            if bandwidth.limit is None:
                reply = await send(request)
                on_bytes(len(body))
                return reply
            body = Held(body)
        return await send(
            evolve(request, body=_LimitedBody(body, bandwidth, on_bytes, bandwidth.turn_of_task()))
        )

    return through


@frozen
class _LimitedBody:
    """A body whose pieces wait for their tokens."""

    inner: Body
    bandwidth: Bandwidth
    on_bytes: Callable[[int], object]
    slot: Slot | None

    @property
    def size(self) -> int:
        return self.inner.size

    @property
    def replayable(self) -> bool:
        return self.inner.replayable

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self.inner.chunks()) as blocks:
            async for block in blocks:
                start = 0
                while start < len(block):
                    piece = self.bandwidth.piece or len(block)
                    part = block[start : start + piece]
                    await self.bandwidth.take(len(part), self.slot)
                    self.on_bytes(len(part))
                    yield part
                    start += len(part)
