"""Uploads to the storage: when one may begin, and how fast its bytes are sent.

A signed URL expires while it waits, so it is reserved when its PUT can begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Final

from attrs import evolve, frozen

from coredata_async.bulk.limits.bandwidth import Bandwidth, Slot
from coredata_async.bulk.limits.limiter import AdaptiveLimiter
from coredata_async.errors import URLExpiredError
from coredata_async.message import Body, Held, Reply, Request, Send

FIRST: Final = 4
"""Maximum number of files in flight until the storage has accepted one."""
PROVING: Final = 5.0
"""Seconds after which more files may begin although none is stored yet, because the first may be large."""
EXPIRED: Final = 3
"""Number of consecutive files, all of whose URLs had expired on arrival, that prove a wrong clock."""


class Admission:
    """Implementation of `transfer.admission.Admission` for a bulk job; one per process.

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
        """Wait until another file may begin. See `transfer.admission.Admission.begin`."""
        while not self._proven and self._error is None and self._in_flight >= self._first:
            await self._changed.wait()
        if self._error is not None:
            raise _copy(self._error)
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
        """Wait until a PUT can begin. See `transfer.admission.Admission.slot`."""
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


def _copy(error: URLExpiredError) -> URLExpiredError:
    """Return an equal error for another file, because several tasks cannot raise the same exception."""
    return URLExpiredError(
        str(error),
        stage=error.stage,
        status=error.status,
        storage_code=error.storage_code,
        on_arrival=error.on_arrival,
        skew=error.skew,
    )


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
