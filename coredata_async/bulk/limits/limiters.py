"""Limiters of a job, and their counters."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from coredata_async.bulk.limits.aimd import CEILING as MOST_REQUESTS
from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.goodput import CEILING as MOST_PUTS
from coredata_async.bulk.limits.goodput import Goodput
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, FixedWidth
from coredata_async.bulk.limits.pacing import Circuit, Cubic
from coredata_async.bulk.options import Effort
from coredata_async.config import Limits, Retry
from coredata_async.response_table import HostState
from coredata_async.transport.retry import Budget
from coredata_async.transport.trace import Exchanged

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
