"""Limits on the number of concurrent requests, and on the requests started per second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

from attrs import evolve

from coredata_async.errors import APITimeoutError, CoreDataError
from coredata_async.message import Content, Reply, Request, Send

OTHER_LOOP: Final = (
    "this client's connections belong to another event loop; make one client per loop, "
    "or close it (`await client.aclose()`) before its loop ends"
)


class Slots(Protocol):
    """Slots for requests in flight, such as an `asyncio.Semaphore`."""

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait."""
        ...

    async def acquire(self) -> object:
        """Take a slot, in first-come, first-served order."""
        ...

    def release(self) -> None:
        """Return the slot."""
        ...


class Semaphore(asyncio.Semaphore):
    """Semaphore of a client. Waiting for it in another event loop is an error of this library."""

    def _get_loop(self) -> asyncio.AbstractEventLoop:  # called by `acquire` only if it has to wait
        try:
            return super()._get_loop()  # type: ignore[misc,no-any-return]  # pyright: ignore
        except RuntimeError:
            pass
        raise CoreDataError(OTHER_LOOP)


def limit_concurrency(
    send: Send,
    slots: Slots,
    patience: float | None,
    *,
    on_wait: Callable[[float], object] | None = None,
) -> Send:
    """Limit the number of requests in flight to the number of slots.

    Args:
        send: The `Send` to limit.
        slots: The slots.
        patience: Timeout for acquiring a slot, in seconds; None waits forever. Use None for slots that are
            withheld on purpose, as after a Retry-After: waiting for them is not an error.
        on_wait: Called with the seconds that a request waited, unless a slot was free.

    Raises:
        APITimeoutError: If no slot becomes free in `patience` seconds; its phase is `pool`.
    """

    async def wait_for_slot(request: Request) -> None:
        began = time.monotonic() if on_wait is not None and slots.locked() else None
        if patience is not None and slots.locked():
            await _queue(slots, patience, request)
        else:
            await slots.acquire()
        if began is not None and on_wait is not None:
            try:
                on_wait(time.monotonic() - began)
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
    """Body of a reply that keeps its slot until it is closed, as it keeps its connection."""

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
        async with asyncio.timeout(patience):  # only requests that wait pay for the timer
            await slots.acquire()
            return
    except TimeoutError:
        pass
    raise APITimeoutError(
        f"{request.method} {request.path}: no free connection within Timeouts.pool; "
        "raise Limits, or send fewer requests at once",
        request,
        phase="pool",
        reached=False,
    )


class RateLimiter:
    """Evenly spaced start times: `rate` requests per second."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1 / rate
        self._clock = clock
        self._next = 0.0

    def wait(self) -> float:
        """Reserve the next start time, and return the seconds until then."""
        now = self._clock()
        start = max(now, self._next)
        self._next = start + self._gap
        return start - now


def limit_rate(
    send: Send, pace: RateLimiter, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> Send:
    """Limit the number of requests started per second."""

    async def through(request: Request) -> Reply:
        wait = pace.wait()
        if wait > 0:
            await sleep(wait)
        return await send(request)

    return through
