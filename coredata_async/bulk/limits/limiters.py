"""Limiters of a job and their counters, and the width of the storage's: a climb while goodput grows."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from attrs import define, field

from coredata_async.bulk.limits.aimd import CEILING as MOST_REQUESTS
from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, FixedWidth
from coredata_async.bulk.limits.pacing import Circuit, Cubic
from coredata_async.bulk.options import Effort
from coredata_async.config import Limits, Retry
from coredata_async.response_table import HostState
from coredata_async.transport.retry import Budget
from coredata_async.transport.trace import Exchanged

START: Final = 4
FLOOR: Final = 2
MOST_PUTS: Final = 128
STEP: Final = 2.0
"""Minimum seconds over which goodput is measured before it is compared."""
TIMES: Final = 3
"""Minimum number of moves per slot by then, because blocks that take seconds arrive unevenly."""
IDLE: Final = 30.0
"""Seconds after which a measurement is mostly idle time, and proves nothing."""
HOLD: Final = 30.0
"""Seconds without growth after a step that brought no gain, or that was too much."""
STEEP: Final = 16
"""Width below which it doubles; from here on it grows by a quarter."""
WORTH: Final = 0.2
"""Share of a linear gain that suffices to keep a step."""
FIRST: Final = 20
"""Number of requests before any growth, so that a job of a few files does not cause a burst."""
LARGE: Final = 4 << 20
"""Bytes that count as a whole request: twenty large files may take an hour."""
SLOW_DOWN: Final = 0.7
"""Factor of the width when the storage throttles or fails."""
TOLERATED: Final = 0.05
"""Share of failures among about the last hundred requests that does not indicate overload."""
MEMORY: Final = 1 / 100
HEADERS: Final = 1024
"""Bytes that a request itself counts for: empty files, too, go faster with a greater width."""


@define
class Goodput:
    """Width policy of the storage's limiter; that of the service's is `Aimd`."""

    ceiling: int = MOST_PUTS
    width: int = field(init=False)
    """Maximum number of PUTs in flight."""
    _moved: int = field(default=0, init=False)
    _moves: int = field(default=0, init=False)
    _since: float | None = field(default=None, init=False)
    _full: bool = field(default=False, init=False)
    _seen: float = field(default=0.0, init=False)
    _failing: float = field(default=0.0, init=False)
    _before: tuple[int, float] | None = field(default=None, init=False)
    """Width and goodput before the step in progress."""
    _holds_until: float = field(default=float("-inf"), init=False)
    _cut: float = field(default=float("-inf"), init=False)

    def __attrs_post_init__(self) -> None:
        self.width = min(START, self.ceiling)

    def add_bytes(self, count: int, now: float, *, full: bool) -> None:
        """Count sent bytes; `full` is true if every slot is taken."""
        self._moved += count
        self._moves += 1
        self._seen += count / LARGE
        self._full = self._full or full
        self._measure(now)

    def record(self, event: Exchanged, state: HostState, now: float, *, full: bool) -> None:
        """Adapt the width to a PUT that has ended."""
        if state is HostState.UNSEEN:
            return
        self._failing += ((state is HostState.FAILS) - self._failing) * MEMORY
        self._full = self._full or full
        if state is HostState.WORKS:
            self._seen += 1
            self._moved += HEADERS
            self._moves += 1
        if state is HostState.THROTTLES or state is HostState.OVERLOADED or self._failing > TOLERATED:
            self._shrink(now, event.seconds)
        self._measure(now)

    def restart(self) -> None:
        """Start again after an outage, which does not show how many PUTs the storage accepts."""
        self.width = min(START, self.ceiling)
        self._before, self._since, self._failing = None, None, 0.0
        self._holds_until = float("-inf")

    def _shrink(self, now: float, seconds: float) -> None:
        """Decrease once for all PUTs in flight, as in `Aimd`."""
        if now - seconds >= self._cut and now - self._cut >= STEP:
            self.width = max(int(self.width * SLOW_DOWN), min(FLOOR, self.ceiling))
            self._cut, self._failing, self._before, self._since = now, 0.0, None, None
            self._holds_until = now + HOLD

    def _measure(self, now: float) -> None:
        if self._since is None:
            self._begin(now)
            return
        elapsed = now - self._since
        if elapsed > IDLE:
            self._begin(now)
            return
        if elapsed < STEP or self._moves < TIMES * self.width:
            return
        goodput, full = self._moved / elapsed, self._full
        if self._before is not None:
            self._evaluate_step(goodput, now, *self._before)
        if full and now >= self._holds_until and self._seen >= FIRST and self.width < self.ceiling:
            self._before = (self.width, goodput)
            self.width = min(self.width * 2 if self.width < STEEP else int(self.width * 1.25), self.ceiling)
        self._begin(now)

    def _evaluate_step(self, goodput: float, now: float, width: int, before: float) -> None:
        """Keep the step, or take it back and hold the width."""
        self._before = None
        linear = before * (self.width / width - 1)
        if goodput - before < linear * WORTH:
            self.width = width
            self._holds_until = now + HOLD

    def _begin(self, now: float) -> None:
        self._since, self._moved, self._moves, self._full = now, 0, 0, False


_THROTTLED: Final = frozenset({HostState.THROTTLES, HostState.OVERLOADED})


class Limiters:
    """One limiter for the service, one for the storage: for `CoreData.engine`.

    Neither is ever wider than `Limits.connections`: a request that has a slot but waits for a connection
    would fail after `Timeouts.connect`.

    Args:
        limits: The limits of the client.
        retry: The retry policy of the client.
        effort: The effort of the job.
        clock: Monotonic clock, in seconds.
        jitter: Returns a number between 0 and 1.
    """

    def __init__(
        self,
        limits: Limits,
        retry: Retry,
        effort: Effort,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.budget = Budget(retry.budget, retry.budget)
        """Budget of this job's retries, separate from those of other users of the client."""
        self.requests = 0
        """Number of attempts so far, on either side."""
        self.sent = 0
        """Number of bytes sent to the storage so far, including retries."""
        self.throttled = 0
        """Number of responses 429 or 503 so far."""
        self.obeyed: Exchanged | None = None
        """Latest exchange of this process by which a host throttled all requests."""
        self.stopped = asyncio.Event()
        """Set when a host was given up: the job can only end."""
        self.message: str | None = None
        """Reason for the stop."""
        self._clock = clock
        self._goodput = Goodput(min(MOST_PUTS, limits.connections))
        width = min(limits.concurrency, limits.connections)
        self.api = AdaptiveLimiter(
            "the service",
            Aimd(min(MOST_REQUESTS, limits.connections)) if effort.adaptive else FixedWidth(width),
            Circuit(effort.patience),
            Cubic() if effort.adaptive else None,
            on_stop=self.stop,
            clock=clock,
            jitter=jitter,
        )
        self.storage = AdaptiveLimiter(
            "the storage",
            self._goodput if effort.adaptive else FixedWidth(limits.connections),
            Circuit(effort.patience),
            on_stop=self.stop,
            clock=clock,
            jitter=jitter,
        )

    @property
    def retries(self) -> int:
        """Number of retries so far."""
        return self.budget.repeats

    @property
    def paused(self) -> str | None:
        """Reason why no request begins now, for people; `None` if requests begin."""
        return self.api.paused or self.storage.paused

    def record(self, event: Exchanged) -> None:
        """Count an exchange of this process, and adapt to it: a `Hook`."""
        self.requests += 1
        state = (self.storage if event.signed else self.api).record(event)
        if state is HostState.THROTTLES:
            self.obeyed = event
        if state in _THROTTLED:
            self.throttled += 1

    def learn(self, event: Exchanged) -> None:
        """Adapt to an exchange that another process has counted and obeyed."""
        (self.storage if event.signed else self.api).record(event, classified=True)

    def stop(self, message: str) -> None:
        """Stop the job, because this process or another has given up a host; the first reason is kept."""
        self.message = self.message or message
        self.stopped.set()

    def add_bytes(self, count: int) -> None:
        """Count bytes that this process has sent to the storage."""
        self.sent += count
        self._goodput.add_bytes(count, self._clock(), full=self.storage.in_flight >= self.storage.width)
        self.storage.admit()
