"""Sending again what failed for a passing reason, if that can do no harm."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

from attrs import define

from coredata_async.config import Retry
from coredata_async.errors import APIConnectionError
from coredata_async.message import Reply, Request, Send

PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be gone next time."""

_FULL_COST: Final = 14.0
_THROTTLED_COST: Final = 5.0


@define
class Budget:
    """Tokens for repeats, shared by all requests of a client."""

    tokens: float
    full: float
    repeats: int = 0
    """How many were paid for."""

    def spend(self, cost: float) -> bool:
        """Take tokens for one repeat, if there are enough."""
        if self.tokens < cost:
            return False
        self.tokens -= cost
        self.repeats += 1
        return True

    def refund(self) -> None:
        """Give one back after a success."""
        if self.tokens < self.full:
            self.tokens = min(self.full, self.tokens + 1)


def retrying(
    send: Send,
    policy: Retry,
    budget: Budget,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
    clock: Callable[[], float] = time.monotonic,
) -> Send:
    """Repeat what failed for a passing reason; give the last reply as it came, or raise the last error.

    Both then say how many attempts there were, and how long they took.
    """

    async def through(request: Request) -> Reply:
        began = clock()
        for attempt in count(1):
            outcome: Reply | APIConnectionError
            try:
                outcome = await send(request)
            except APIConnectionError as exc:
                outcome = exc
            else:
                if outcome.status not in PASSING:
                    budget.refund()
                    return outcome.counted(attempt, clock() - began)
            wait = wait_before_repeat(policy, request, outcome, attempt, jitter())
            if wait is None or not budget.spend(_cost(outcome)):
                return _last(outcome, attempt, clock() - began)
            await sleep(wait)
        raise AssertionError("count() does not end")

    return through


def wait_before_repeat(
    policy: Retry, request: Request, outcome: Reply | APIConnectionError, attempt: int, jitter: float
) -> float | None:
    """Seconds to wait before sending it again, or `None` if it must not be, or need not be.

    A request that is not `repeatable` is repeated only if it provably was not carried out: nothing
    was sent, or the server said so (429, or 503 with Retry-After). A body that can be read only once is
    not sent twice.
    """
    body = request.body
    if body is not None and not isinstance(body, bytes) and not body.replayable:
        return None
    if isinstance(outcome, Reply):
        undecided, wish = outcome.undecided, outcome.retry_after
    else:
        undecided, wish = outcome.reached, None
        if outcome.permanent:
            return None
    if undecided and not request.repeatable:
        return None
    return policy.wait(attempt, jitter=jitter, retry_after=wish)


def _cost(outcome: Reply | APIConnectionError) -> float:
    asked = isinstance(outcome, Reply) and outcome.retry_after is not None
    return _THROTTLED_COST if asked else _FULL_COST


def _last(outcome: Reply | APIConnectionError, attempts: int, elapsed: float) -> Reply:
    if isinstance(outcome, Reply):
        return outcome.counted(attempts, elapsed)
    outcome.attempts, outcome.elapsed = attempts, elapsed
    raise outcome
