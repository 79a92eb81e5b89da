"""Adaptive limiter: the number of requests in flight, and the time of the next one."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import Final, Protocol

from attrs import define, field, frozen

from coredata_async.bulk.limits.pacing import Circuit, Cubic
from coredata_async.response_table import HostState, Response, host_state, response_of
from coredata_async.transport.trace import Exchanged

LATEST: Final = 20
"""Number of exchanges that show the present state of a host."""


class WidthPolicy(Protocol):
    """Policy of a limiter's width. Time is an argument."""

    @property
    def width(self) -> int:
        """Maximum number of requests in flight."""
        ...

    def record(self, event: Exchanged, state: HostState, now: float, *, full: bool) -> None:
        """Adapt the width to one exchange; `full` is true if every slot was taken."""
        ...

    def restart(self) -> None:
        """Start again after an outage of the host."""
        ...


@frozen
class FixedWidth:
    """Policy of a width that does not change."""

    width: int

    def record(self, event: Exchanged, state: HostState, now: float, *, full: bool) -> None:
        """Do nothing."""

    def restart(self) -> None:
        """Do nothing."""


@define
class Recent:
    """Latest exchanges, which show the meaning of a 503 with Retry-After.

    If most requests get one, the host rejects all requests. If few do, it concerns those few: a gateway also
    sends it for a single request that took too long, and all others must not wait for it.
    """

    _rejected: deque[bool] = field(factory=lambda: deque[bool](maxlen=LATEST), init=False)

    def classify(self, event: Exchanged) -> HostState:
        """Return the state that an exchange shows, with regard to those before it."""
        state = state_of(event)
        if state is HostState.UNSEEN:
            return state
        by_503 = state is HostState.THROTTLES and response_of(event.status or 0) is Response.UNAVAILABLE
        self._rejected.append(by_503)
        if by_503 and sum(self._rejected) * 2 <= len(self._rejected):
            return HostState.OVERLOADED
        return state


class AdaptiveLimiter:
    """Slots for requests to one host; implements `Slots` for `throttle`.

    Waiting tasks get a slot first come, first served: when a slot is released, when the width grows, and when
    a pause ends. After a decrease no task gets a slot until enough slots were released.

    Args:
        name: Name of the host for messages, such as "the service".
        policy: The policy of the width.
        circuit: The circuit breaker.
        rate: The limit of requests per second.
        on_stop: Called once with the reason when the limiter gives up. It stays closed from then on.
        clock: Monotonic clock, in seconds.
        jitter: Returns a number between 0 and 1, so that several machines do not return together.
    """

    def __init__(
        self,
        name: str,
        policy: WidthPolicy,
        circuit: Circuit,
        rate: Cubic | None = None,
        *,
        on_stop: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
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
        """Time from which the next request may begin; 0 as long as nothing has delayed one."""
        self._held: dict[asyncio.Task[object] | None, float] = {}
        """Tasks that took their slot beforehand, with the value of `_opens` at that time."""
        self._requested_until = 0.0
        self._requested_wait = 0.0
        """Seconds that the host has asked to wait for since its last success."""
        self._stopped = False
        self._ceiling = inf

    @property
    def width(self) -> int:
        """Maximum number of requests in flight."""
        return int(min(self._policy.width, self._ceiling))

    def set_ceiling(self, ceiling: int | None) -> None:
        """Set the width that the policy does not exceed; None is unlimited."""
        self._ceiling = inf if ceiling is None else max(1, ceiling)
        self.admit()

    @property
    def is_asked_to_wait(self) -> bool:
        """True while the host has asked to wait, or was given up."""
        return self._requested_until > self._clock()

    @property
    def in_flight(self) -> int:
        """Number of requests in flight."""
        return self._used

    @property
    def paused(self) -> str | None:
        """Reason why no request begins now, for people; `None` if requests begin."""
        now = self._clock()
        if self._stopped:
            return f"{self._name} was given up"
        if self._requested_until > now:
            return f"{self._name} asked to wait {self._requested_until - now:.0f} s"
        if self._circuit.is_open:
            wait = max(0.0, self._circuit.opens - now)
            return f"{self._name} does not work; it is tried again in {wait:.0f} s"
        return None

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait."""
        return (
            self._used >= self.width
            or len(self._waiters) > 0
            or (self._opens > 0 and self._opens > self._clock())
        )

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Take a slot beforehand; the next `acquire` of this task within the block uses it."""
        await self.acquire()
        task = asyncio.current_task()
        self._held[task] = self._opens
        try:
            yield
        finally:
            if self._held.pop(task, None) is not None:
                self.release()

    async def acquire(self) -> None:
        """Take a slot."""
        if self._held and (opened := self._held.pop(asyncio.current_task(), None)) is not None:
            if self._opens in {0.0, opened} or self._opens <= self._clock():
                return
            self.release()  # the limiter was closed meanwhile
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
                self.release()  # it got a slot, but was cancelled before it ran
            elif waiter in self._waiters:  # `admit` may have skipped it already
                self._waiters.remove(waiter)
            raise

    def release(self) -> None:
        """Release a slot."""
        self._used -= 1
        if self._waiters:
            self.admit()

    def admit(self) -> None:
        """Give free slots to waiting tasks; useful if the policy has widened by itself."""
        while self._waiters and self._used < self.width:
            if self._opens and (wait := self._opens - self._clock()) > 0:
                self._set_alarm(wait)
                return
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._enter()
                waiter.set_result(None)

    def record(self, event: Exchanged, *, classified: bool = False) -> HostState:
        """Adapt to an exchange that has ended, and return the state of the host; its slot is still taken.

        Args:
            event: The exchange.
            classified: True if another process has classified it already: see `Recent`.
        """
        now, was_open = self._clock(), self._circuit.is_open
        state = state_of(event) if classified else self._recent.classify(event)
        self._circuit.record(state, now, event.seconds)
        self._policy.record(event, state, now, full=self._used >= self.width)
        if self._rate:
            self._rate.record(state, now, event.seconds)
        if state is HostState.WORKS:
            self._requested_wait = 0.0
        elif state is HostState.THROTTLES and event.retry_after:
            self._wait_for(event.retry_after * (1 + self._jitter() / 10), now)
        if was_open and not self._circuit.is_open:
            self._policy.restart()
        if self._circuit.gave_up:
            self._stop(f"{self._name} has not worked for {self._circuit.patience:.0f} s")
        self._update_not_before()
        if self._waiters:
            self.admit()
        return state

    def _enter(self) -> None:
        self._used += 1
        if self._opens:
            now = self._clock()
            self._circuit.start(now)
            if self._rate:
                self._rate.start(now)
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
                f"{self._name} asks to wait for {self._requested_wait:.0f} s, longer than the "
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


def state_of(event: Exchanged) -> HostState:
    """Return the state of the host that one exchange shows, regardless of others."""
    return host_state(event.status, event.retry_after, event.error)


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Clear an event, and wait until it is set or this many seconds have passed."""
    event.clear()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
