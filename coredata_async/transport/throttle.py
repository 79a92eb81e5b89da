"""How many requests are under way at once, and how many begin per second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from attrs import evolve

from coredata_async.errors import APITimeoutError
from coredata_async.message import Content, Reply, Request, Send


def throttled(send: Send, slots: asyncio.Semaphore, patience: float | None) -> Send:
    """Let at most as many requests be under way as there are slots.

    Raises:
        APITimeoutError: With phase `pool`, if no slot comes free in `patience` seconds.
    """

    async def through(request: Request) -> Reply:
        if slots.locked():
            await _queue(slots, patience, request)
        else:
            await slots.acquire()
        try:
            reply = await send(request)
        except BaseException:
            slots.release()
            raise
        if reply.content is not None:
            return evolve(reply, content=_Holding(reply.content, slots))
        slots.release()
        return reply

    return through


class _Holding:
    """A reply's body that keeps its place until it is closed, as it keeps its connection."""

    def __init__(self, content: Content, slots: asyncio.Semaphore) -> None:
        self._content = content
        self._slots: asyncio.Semaphore | None = slots

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._content)

    async def aclose(self) -> None:
        slots, self._slots = self._slots, None
        try:
            await self._content.aclose()
        finally:
            if slots is not None:
                slots.release()


async def _queue(slots: asyncio.Semaphore, patience: float | None, request: Request) -> None:
    try:
        async with asyncio.timeout(patience):  # only those who queue pay for the timer
            await slots.acquire()
    except TimeoutError:
        raise APITimeoutError(
            f"{request.method} {request.path}: no free connection within Timeouts.pool; "
            "raise Limits, or ask for less at once",
            request,
            phase="pool",
            reached=False,
        ) from None


class Pace:
    """Starts spread evenly, so many per second, whoever asks."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1 / rate
        self._clock = clock
        self._next = 0.0

    def wait(self) -> float:
        """Take the next place, and give the seconds until it comes."""
        now = self._clock()
        place = max(now, self._next)
        self._next = place + self._gap
        return place - now


def paced(send: Send, pace: Pace, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> Send:
    """Begin at most as many requests per second as the pace allows."""

    async def through(request: Request) -> Reply:
        wait = pace.wait()
        if wait > 0:
            await sleep(wait)
        return await send(request)

    return through
