"""Uploads to the storage: when one may begin, and how many bytes per second are sent for all of them.

A signed URL expires while it waits, so it is reserved when its PUT can begin.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from copy import copy
from typing import Final

from attrs import define, evolve, frozen

from coredata_async.bulk.limits.limiter import AdaptiveLimiter, wait_for
from coredata_async.errors import URLExpiredError
from coredata_async.message import Body, Held, Reply, Request, Send

TICKS: Final = 10
"""Pieces of a limited stream per second: small pieces flow evenly, whole blocks would not."""
HORIZON: Final = 0.5
"""Maximum admitted bytes of small files, in seconds of the limit: their URLs wait no longer than that."""
STREAMS: Final = 2
"""Maximum number of admitted streams, unless they leave a part of the limit unused: pieces go in turn."""
_CHECK_INTERVAL: Final = 0.05
"""Minimum seconds between two checks whether the streams leave a part of the limit unused."""
_EPSILON: Final = 1e-3
"""Bytes that arithmetic may leave over; no timer is finer than that."""


@define(eq=False)
class Slot:
    """Admitted upload."""

    left: int
    """Bytes for which tokens have not been taken yet."""
    whole: bool
    started: bool = False


class Bandwidth:
    """Token bucket, first come, first served.

    A caller may overdraw the bucket once; the next caller waits until the debt is repaid. So a piece of any
    size passes, and a new limit takes effect at once, also for bytes that were taken before.

    Args:
        limit: Bytes per second; `None` means unlimited.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, limit: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit: float | None = limit
        """Limit in bytes per second; see `set_limit`."""
        self._clock = clock
        self._tokens = 0.0
        self._at = clock()
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._locks = {True: asyncio.Lock(), False: asyncio.Lock()}  # small files do not wait behind streams
        self._slots: dict[asyncio.Task[object] | None, Slot] = {}
        self._advanced = asyncio.Event()

    def set_limit(self, limit: float | None) -> None:
        """Set the limit, at any time.

        Raises:
            ValueError: If it is not positive.
        """
        if limit is not None and not limit > 0:
            raise ValueError(f"limit must be more than 0 bytes per second, or None, and is {limit!r}")
        self._fill()
        self.limit = limit
        self._changed.set()
        self._advanced.set()

    @property
    def piece(self) -> int | None:
        """Number of bytes to send at once; `None` without a limit."""
        return None if self.limit is None else max(1, int(self.limit / TICKS))

    @asynccontextmanager
    async def slot(self, size: int, *, whole: bool) -> AsyncGenerator[None, None]:
        """Wait until the bytes of an upload can go soon; the task that holds the slot sends them.

        Args:
            size: Number of bytes.
            whole: True if they are held in memory, False for a stream.
        """
        async with self._locks[whole]:
            while not self._has_capacity(whole=whole):
                await wait_for(self._advanced, max(self._debt_seconds(), _CHECK_INTERVAL))
            task = asyncio.current_task()
            self._slots[task] = Slot(size, whole)
        try:
            yield
        finally:
            del self._slots[task]
            self._advanced.set()

    def slot_of_task(self) -> Slot | None:
        """Return the slot that the running task holds."""
        return self._slots.get(asyncio.current_task()) if self._slots else None

    async def take(self, count: int, slot: Slot | None = None) -> None:
        """Wait until this many bytes may go; `slot` is that of their upload."""
        if self.limit is None:
            return
        async with self._lock:
            while (wait := self._debt_seconds()) > 0:
                await wait_for(self._changed, wait)
            self._tokens -= count
        if slot is not None:
            slot.left, slot.started = max(0, slot.left - count), True
            self._advanced.set()

    def _has_capacity(self, *, whole: bool) -> bool:
        """Return whether the first piece of another upload could go soon."""
        if self.limit is None:
            return True
        if whole:
            ahead = sum(slot.left for slot in self._slots.values() if slot.whole)
            return ahead <= self.limit * HORIZON
        streams = [slot for slot in self._slots.values() if not slot.whole]
        unused = (
            not self._lock.locked() and self._debt_seconds() == 0 and all(slot.started for slot in streams)
        )
        return len(streams) < STREAMS or unused

    def _debt_seconds(self) -> float:
        """Return the seconds until the debt is repaid."""
        self._fill()
        if self.limit is None or self._tokens > -_EPSILON:
            return 0.0
        return -self._tokens / self.limit

    def _fill(self) -> None:
        """Add the tokens since the last call; idle time is saved for one tick at most."""
        now = self._clock()
        if self.limit is None:
            self._tokens = 0.0
        else:
            earned = (now - self._at) * self.limit
            self._tokens = min(self._tokens + earned, self.limit / TICKS)
        self._at = now


FIRST: Final = 4
"""Maximum number of files in flight until the storage has accepted one."""
PROVING: Final = 5.0
"""Seconds after which more files may begin although none is stored yet, because the first may be large."""
EXPIRED: Final = 3
"""Number of consecutive files, all of whose URLs had expired on arrival, that prove a wrong clock."""


class Admission:
    """Implementation of `transfer.url_expiry.Admission` for a bulk job; one per process.

    - With a limit of bytes per second, a URL is reserved when the limiter is about to reach its bytes, and
      when the PUT has a slot of the limiter: there are as many reservations as files.
    - Without a limit, small files are reserved while others are sent. Streams, which occupy their slot for
      long, and files of which a URL has expired take their slot first.
    - Until the storage has accepted a file, few files begin. After `EXPIRED` consecutive files whose URLs had
      expired on arrival, further files fail with the same error and without a request.

    Args:
        limiter: The limiter of the storage.
        bandwidth: The limit of bytes per second.
        first: Maximum number of files in flight until one is stored.
    """

    def __init__(self, limiter: AdaptiveLimiter, bandwidth: Bandwidth, *, first: int = FIRST) -> None:
        self._limiter = limiter
        self._bandwidth = bandwidth
        self._first = first
        self._in_flight = 0
        self._proven = False
        self._expired = 0
        self._error: URLExpiredError | None = None
        self._changed = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Wait until another file may begin. See `transfer.url_expiry.Admission.begin`."""
        while not self._proven and self._error is None and self._in_flight >= self._first:
            await self._changed.wait()
        if self._error is not None:
            raise copy(self._error)  # several tasks cannot raise the same exception
        if not self._proven and self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(PROVING, self._open)
        self._in_flight += 1

    def end(self) -> None:
        """Record that a file is no longer in flight."""
        self._in_flight -= 1
        if not self._proven:
            self._notify()

    def holds_back(self, *, whole: bool, again: bool) -> bool:
        """Return whether `slot` must be entered before a URL is reserved."""
        return self._bandwidth.limit is not None or not whole or again

    @asynccontextmanager
    async def slot(self, size: int, *, whole: bool) -> AsyncGenerator[None, None]:
        """Wait until a PUT can begin. See `transfer.url_expiry.Admission.slot`."""
        async with AsyncExitStack() as held:
            if self._bandwidth.limit is not None:
                await held.enter_async_context(self._bandwidth.slot(size, whole=whole))
            await held.enter_async_context(self._limiter.slot())
            yield

    def record_stored(self) -> None:
        """Record that the storage accepted a file, so that its URL was valid."""
        self._expired, self._error = 0, None
        self._open()

    def record_expired(self, error: URLExpiredError) -> None:
        """Record that every URL of a file had expired."""
        if error.on_arrival:
            self._expired += 1
            self._proven = False
            if self._expired >= EXPIRED:
                self._error = error
            self._notify()

    def _open(self) -> None:
        """Let all files begin, unless URLs are known to expire."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not self._expired and not self._proven:
            self._proven = True
            self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def limit_bandwidth(send: Send, bandwidth: Bandwidth, on_bytes: Callable[[int], object]) -> Send:
    """Return a `Send` that sends bodies no faster than the limit, and reports the sent bytes.

    The limit applies to every pass over a body, including retries. The wait happens where a body is read, so
    it is never mistaken for a stall of the storage.

    Args:
        send: The `Send` to the storage.
        bandwidth: The limit, shared by all callers.
        on_bytes: Called with the number of further bytes: before each piece, or after the response to a body
            that was held in memory and is not limited.
    """

    async def send_limited(request: Request) -> Reply:
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
            evolve(request, body=_LimitedBody(body, bandwidth, on_bytes, bandwidth.slot_of_task()))
        )

    return send_limited


@frozen
class _LimitedBody:
    """Body whose pieces wait for their tokens."""

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
