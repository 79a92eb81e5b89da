"""How many requests are in flight at once, and how many begin per second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from attrs import evolve

from coredata_async.errors import APITimeoutError
from coredata_async.message import Content, Reply, Request, Send


class Slots(Protocol):
    """Places for requests that are in flight; an `asyncio.Semaphore` is one kind."""

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait."""
        ...

    async def acquire(self) -> object:
        """Take a place, first come, first served."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...


def limit_concurrency(
    send: Send,
    slots: Slots,
    patience: float | None,
    *,
    on_wait: Callable[[float], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Send:
    """Let at most as many requests be in flight as there are slots.

    Args:
        send: What the slots are for.
        slots: The places.
        patience: Seconds to wait for one; `None` waits forever. That is right for slots that are withheld
            on purpose, as after a Retry-After: there a request is early, and nothing is wrong with it.
        on_wait: Called with the seconds that a request waited, if it had to.
        clock: Measures them.

    Raises:
        APITimeoutError: With phase `pool`, if no slot comes free in `patience` seconds.
    """

    async def wait_for_slot(request: Request) -> None:
        began = clock() if on_wait is not None and slots.locked() else None
        if patience is not None and slots.locked():
            await _queue(slots, patience, request)
        else:
            await slots.acquire()
        if began is not None and on_wait is not None:
            try:
                on_wait(clock() - began)
            except BaseException:
                slots.release()
                raise

    async def through(request: Request) -> Reply:
        if on_wait is not None or (patience is not None and slots.locked()):
            await wait_for_slot(request)
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

    def __init__(self, content: Content, slots: Slots) -> None:
        self._content = content
        self._slots: Slots | None = slots

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._content)

    async def aclose(self) -> None:
        slots, self._slots = self._slots, None
        try:
            await self._content.aclose()
        finally:
            if slots is not None:
                slots.release()


async def _queue(slots: Slots, patience: float, request: Request) -> None:
    try:
        async with asyncio.timeout(patience):  # only those who queue pay for the timer
            await slots.acquire()
            return
    except TimeoutError:
        pass
    raise APITimeoutError(
        f"{request.method} {request.path}: no free connection within Timeouts.pool; "
        "raise Limits, or ask for less at once",
        request,
        phase="pool",
        reached=False,
    )


class RateLimiter:
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


def limit_rate(
    send: Send, pace: RateLimiter, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> Send:
    """Begin at most as many requests per second as the pace allows."""

    async def through(request: Request) -> Reply:
        wait = pace.wait()
        if wait > 0:
            await sleep(wait)
        return await send(request)

    return through
