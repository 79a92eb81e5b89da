"""Limits that the runs of one account share: the part of each, and the responses that throttle all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from attrs import define, field

from coredata_async.bulk.limits.limiter import AdaptiveLimiter, wait_for
from coredata_async.message import Reply, Request, Send
from coredata_async.transport.trace import Exchanged

CATCH_UP: Final = 0.02
"""Maximum seconds by which a request may begin late without delaying all later ones."""


class Budget(Protocol):
    """Limits of one run; None is unlimited."""

    @property
    def rate(self) -> float | None:
        """Requests to the service per second."""
        ...

    @property
    def concurrency(self) -> int | None:
        """Maximum number of requests to the service in flight."""
        ...

    @property
    def bytes_per_second(self) -> float | None:
        """Bytes per second to the storage."""
        ...

    def subscribe(self, changed: Callable[[], object]) -> Callable[[], object]:
        """Call a function after each change, until the returned function is called."""
        ...


class Bulletin(Protocol):
    """Passes on 429 and 503 between runs; `bulk.workers.channel` encodes an exchange."""

    def publish(self, event: Exchanged) -> object:
        """Send a response of this run to the others, without blocking."""
        ...

    def subscribe(self, learn: Callable[[Exchanged], object]) -> Callable[[], object]:
        """Call a function with the responses of others, until the returned function is called."""
        ...


@define(eq=False)
class ResizableBudget:
    """Budget that its owner sets."""

    rate: float | None = None
    concurrency: int | None = None
    bytes_per_second: float | None = None
    _listeners: list[Callable[[], object]] = field(factory=list[Callable[[], object]], init=False)

    def resize(
        self,
        *,
        rate: float | None = None,
        concurrency: int | None = None,
        bytes_per_second: float | None = None,
    ) -> None:
        """Replace all limits; a value that is not given becomes unlimited."""
        self.rate, self.concurrency, self.bytes_per_second = rate, concurrency, bytes_per_second
        for changed in list(self._listeners):
            changed()

    def subscribe(self, changed: Callable[[], object]) -> Callable[[], object]:
        """See `Budget.subscribe`."""
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)


def lower(one: float | None, other: float | None) -> float | None:
    """Return the lower of two limits, of which None is unlimited."""
    return min((limit for limit in (one, other) if limit is not None), default=None)


def pace_each(send: Send, budget: Budget | None) -> Send:
    """Limit the rate of the few requests that are sent before a run begins; a run uses `PacedSlots`.

    Waits before each request and after it, because an earlier run may have sent one just before, and this
    run may send its first one right after.
    """
    if budget is None:
        return send

    async def send_paced(request: Request) -> Reply:
        await _wait_for_turn(budget)
        reply = await send(request)
        await _wait_for_turn(budget)
        return reply

    return send_paced


async def _wait_for_turn(budget: Budget) -> None:
    """Wait for the time that one request has at the rate of a budget, which may change meanwhile."""
    began, changed = time.monotonic(), asyncio.Event()
    unsubscribe = budget.subscribe(changed.set)
    try:
        while budget.rate and (left := began + 1 / budget.rate - time.monotonic()) > 0:
            await wait_for(changed, left)
    finally:
        unsubscribe()


class PacedSlots:
    """Slots of a limiter that are also taken at a maximum rate, first come, first served.

    A task takes its slot first and then waits for its turn. In the other order, tasks whose turn has come
    would gather behind a full or closed limiter, and begin together. If the host asks to wait meanwhile, the
    slot is released and taken again.
    """

    def __init__(
        self,
        slots: AdaptiveLimiter,
        rate: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = slots
        self._rate = rate
        self._clock = clock
        self._last = -1e9
        """Time at which the latest request was due."""
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    def set_rate(self, rate: float | None) -> None:
        """Change the rate; it also applies to tasks that wait."""
        self._rate = rate
        self._changed.set()

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait for a slot."""
        return self._slots.locked()

    async def acquire(self) -> None:
        """Take a slot when the rate permits it."""
        while True:
            await self._slots.acquire()
            if self._rate is None and not self._turn.locked():
                return
            try:
                await self._wait()
            except BaseException:
                self._slots.release()
                raise
            if not self._slots.is_asked_to_wait:
                return
            self._slots.release()

    def release(self) -> None:
        """Release a slot."""
        self._slots.release()

    async def _wait(self) -> None:
        arrived = self._clock()
        async with self._turn:
            while (left := (due := self._due(arrived)) - self._clock()) > 0:
                await wait_for(self._changed, left)
            self._last = due

    def _due(self, arrived: float) -> float:
        """Return the time for a request: evenly spaced, however late the timers of the others were."""
        gap = 0.0 if self._rate is None else 1 / self._rate
        return max(arrived, self._last + gap, self._clock() - CATCH_UP)
