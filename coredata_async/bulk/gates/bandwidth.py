"""A limit in bytes per second for all files together, and the count of what goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from attrs import evolve, frozen

from coredata_async.message import Body, Held, Reply, Request, Send

TICKS: Final = 10
"""A limited stream goes in so many pieces a second: it trickles, where whole blocks would lurch."""

_CRUMB: Final = 1e-3
"""Of a byte: what arithmetic leaves, and no timer is as fine as that."""


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
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

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

    @property
    def piece(self) -> int | None:
        """How many bytes are to go at once; `None` without a limit."""
        return None if self._limit is None else max(1, int(self._limit / TICKS))

    async def take(self, count: int) -> None:
        """Wait until so many bytes may go."""
        if self._limit is None:
            return
        async with self._turn:
            while (wait := self._owed()) > 0:
                self._changed.clear()
                try:
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            self._tokens -= count

    def _owed(self) -> float:
        """Seconds until the debt is paid."""
        self._fill()
        if self._limit is None or self._tokens > -_CRUMB:
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


def limited(send: Send, bandwidth: Bandwidth, on_bytes: Callable[[int], object]) -> Send:
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
        return await send(evolve(request, body=_Metered(body, bandwidth, on_bytes)))

    return through


@frozen
class _Metered:
    """A body whose pieces wait for their tokens."""

    inner: Body
    bandwidth: Bandwidth
    on_bytes: Callable[[int], object]

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
                    await self.bandwidth.take(len(part))
                    self.on_bytes(len(part))
                    yield part
                    start += len(part)
