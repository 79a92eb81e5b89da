"""A gate: how many requests are in flight at once, and when the next may begin."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from math import inf
from typing import Protocol

from attrs import frozen

from coredata_async.bulk.limits.circuit import Circuit
from coredata_async.bulk.limits.cubic import Cubic
from coredata_async.bulk.limits.outcome import Outcome, Recent, classify
from coredata_async.transport.trace import Exchanged


class WidthPolicy(Protocol):
    """Decides on a width. It gets the time, and has no clock."""

    @property
    def width(self) -> int:
        """Requests at once."""
        ...

    def record(self, event: Exchanged, verdict: Outcome, now: float, *, full: bool) -> None:
        """Draw the conclusion from one exchange; `full` tells whether every place was taken."""
        ...

    def restart(self) -> None:
        """Begin as at first, after the far end was down."""
        ...


@frozen
class FixedWidth:
    """The policy that has none."""

    width: int

    def record(self, event: Exchanged, verdict: Outcome, now: float, *, full: bool) -> None:
        """Nothing follows from it."""

    def restart(self) -> None:
        """It begins again as it was."""


class AdaptiveLimiter:
    """Places for requests to one far end; `Slots`, as `throttled` wants them.

    Who waits is let in first come, first served: when a place is given back, when the width grows, and
    when a time has come. After a shrink nobody is let in until enough places were given back.

    Args:
        whose: For people: "the service".
        policy: How many at once.
        circuit: Whether at all.
        rate: How many per second.
        on_stop: Told once, in words, that waiting any longer is in vain. The gate stays shut from then on.
        clock: Seconds.
        jitter: Between 0 and 1, so that several machines do not return together.
    """

    def __init__(
        self,
        whose: str,
        policy: WidthPolicy,
        circuit: Circuit,
        rate: Cubic | None = None,
        *,
        on_stop: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._whose = whose
        self._policy = policy
        self._circuit = circuit
        self._rate = rate
        self._on_stop = on_stop
        self._clock = clock
        self._jitter = jitter
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._recent = Recent()
        self._used = 0
        self._opens = 0.0
        """From when the next may begin; 0 as long as nothing was ever in the way."""
        self._held: dict[asyncio.Task[object] | None, float] = {}
        """Tasks that took their place beforehand, with `_opens` as it was by then."""
        self._requested_until = 0.0
        self._requested_wait = 0.0
        """Seconds that the far end asked to wait for since it worked last."""
        self._stopped = False

    @property
    def width(self) -> int:
        """Return how many may be in flight at once."""
        return self._policy.width

    @property
    def in_flight(self) -> int:
        """Return how many are."""
        return self._used

    @property
    def paused(self) -> str | None:
        """Return why nothing begins at the moment, for people."""
        now = self._clock()
        if self._stopped:
            return f"{self._whose} was given up"
        if self._requested_until > now:
            return f"{self._whose} asked to wait {self._requested_until - now:.0f} s"
        if self._circuit.is_open:
            wait = max(0.0, self._circuit.opens - now)
            return f"{self._whose} does not work; it is tried again in {wait:.0f} s"
        return None

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait."""
        return (
            self._used >= self._policy.width
            or len(self._waiters) > 0
            or (self._opens > 0 and self._opens > self._clock())
        )

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Take a place beforehand; the next `acquire` of this task, in this block, gets it."""
        await self.acquire()
        task = asyncio.current_task()
        self._held[task] = self._opens
        try:
            yield
        finally:
            if self._held.pop(task, None) is not None:
                self.release()

    async def acquire(self) -> None:
        """Take a place."""
        if self._held and (opened := self._held.pop(asyncio.current_task(), None)) is not None:
            if self._opens in {0.0, opened} or self._opens <= self._clock():
                return
            self.release()  # it was shut meanwhile
        if not self.locked():
            self._enter()
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            self.admit()
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()  # it was let in, and never learnt of it
            elif waiter in self._waiters:  # `admit` may have passed it over already
                self._waiters.remove(waiter)
            raise

    def release(self) -> None:
        """Give a place back."""
        self._used -= 1
        if self._waiters:
            self.admit()

    def admit(self) -> None:
        """Let in who may begin; of use when the policy has widened by itself."""
        while self._waiters and self._used < self._policy.width:
            if self._opens and (wait := self._opens - self._clock()) > 0:
                self._set_alarm(wait)
                return
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._enter()
                waiter.set_result(None)

    def record(self, event: Exchanged, *, believed: bool = False) -> Outcome:
        """Learn from an exchange that has ended, and give the verdict on it; its place is still taken.

        Args:
            event: The exchange.
            believed: Whether another process has weighed it: see `Recent`.
        """
        now, was_open = self._clock(), self._circuit.is_open
        verdict = classify(event) if believed else self._recent.weigh(event)
        self._circuit.record(verdict, now, event.seconds)
        self._policy.record(event, verdict, now, full=self._used >= self._policy.width)
        if self._rate:
            self._rate.record(verdict, now, event.seconds)
        if verdict is Outcome.WORKED:
            self._requested_wait = 0.0
        elif verdict is Outcome.THROTTLED and event.retry_after:
            self._wait_for(event.retry_after * (1 + self._jitter() / 10), now)
        if was_open and not self._circuit.is_open:
            self._policy.restart()
        if self._circuit.gave_up:
            self._stop(f"{self._whose} has not worked for {self._circuit.patience:.0f} s")
        self._update_not_before()
        if self._waiters:
            self.admit()
        return verdict

    def _enter(self) -> None:
        self._used += 1
        if self._opens:
            now = self._clock()
            self._circuit.began(now)
            if self._rate:
                self._rate.began(now)
            self._update_not_before()

    def _update_not_before(self) -> None:
        rate = self._rate.opens if self._rate else 0.0
        self._opens = max(self._requested_until, self._circuit.opens, rate)

    def _wait_for(self, seconds: float, now: float) -> None:
        until = max(self._requested_until, now + seconds)
        self._requested_wait += until - max(self._requested_until, now)
        self._requested_until = until
        if self._requested_wait > self._circuit.patience:
            self._stop(
                f"{self._whose} asks to wait for {self._requested_wait:.0f} s, longer than the "
                f"{self._circuit.patience:.0f} s of `Effort.patience`"
            )

    def _stop(self, message: str) -> None:
        if not self._stopped:
            self._stopped, self._requested_until = True, inf
            self._on_stop(message)

    def _set_alarm(self, wait: float) -> None:
        loop = asyncio.get_running_loop()
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_later(wait, self.admit) if wait < inf else None
