"""The two gates of a job, and what they count."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from coredata_async.bulk.limits.aimd import CEILING as MOST_REQUESTS
from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.circuit import Circuit
from coredata_async.bulk.limits.cubic import Cubic
from coredata_async.bulk.limits.goodput import CEILING as MOST_PUTS
from coredata_async.bulk.limits.goodput import Goodput
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, FixedWidth
from coredata_async.bulk.limits.outcome import Outcome
from coredata_async.bulk.options import Effort
from coredata_async.config import Limits, Retry
from coredata_async.transport.retry import Budget
from coredata_async.transport.trace import Exchanged


class Limiters:
    """One gate for the service, one for the storage: for `CoreData.engine`.

    Neither is ever wider than `Limits.connections`: who queued for a connection behind an open gate would be
    cut off by `Timeouts.connect`.

    Args:
        limits: Those of the client.
        retry: Likewise.
        effort: How hard the job works.
        clock: Seconds.
        jitter: Between 0 and 1.
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
        """For this job's repeats: it and other users of the client do not live at each other's expense."""
        self.requests = 0
        """Attempts so far, on either side."""
        self.throttled = 0
        """Answers 429 or 503 so far."""
        self.obeyed: Exchanged | None = None
        """The latest exchange here by which a far end asked everybody for less."""
        self.stopped = asyncio.Event()
        """Set when a far end was given up: the job can only end."""
        self.message: str | None = None
        """Why it was."""
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
        """Repeats so far."""
        return self.budget.repeats

    @property
    def paused(self) -> str | None:
        """Return why nothing begins at the moment, for people."""
        return self.api.paused or self.storage.paused

    def record(self, event: Exchanged) -> None:
        """Count an exchange of this process, and learn from it: a `Hook`."""
        self.requests += 1
        if event.status in (429, 503):
            self.throttled += 1
        if (self.storage if event.signed else self.api).record(event) is Outcome.THROTTLED:
            self.obeyed = event

    def learn(self, event: Exchanged) -> None:
        """Tell the gate that is concerned, and count nothing: another process has seen and obeyed it."""
        (self.storage if event.signed else self.api).record(event, believed=True)

    def stop(self, message: str) -> None:
        """A far end was given up, here or by another process: the first reason counts."""
        self.message = self.message or message
        self.stopped.set()

    def add_bytes(self, count: int) -> None:
        """So many bytes have gone to the storage."""
        self._goodput.add_bytes(count, self._clock(), full=self.storage.in_flight >= self.storage.width)
        self.storage.admit()
