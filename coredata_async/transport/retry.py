"""Retry of transient failures, if a repeat is safe, and the timeout for a request with all its retries."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

from attrs import define, evolve

from coredata_async.config import Retry
from coredata_async.errors import APIConnectionError, APITimeoutError
from coredata_async.message import Reply, Request, Send
from coredata_async.redaction import NO_SECRETS, Redactor
from coredata_async.response_table import (
    Classification,
    classify_error,
    classify_reply,
    may_be_sent_again,
)
from coredata_async.transport.trace import loggable_target

log = logging.getLogger("coredata_async.http")

_ANSWERS: Final = (Classification.DONE, Classification.REFUSED)
"""Outcomes that end a request and show that the server works."""
_FULL_COST: Final = 14.0
_THROTTLED_COST: Final = 5.0


@define
class Budget:
    """Tokens for retries, shared by all requests of a client."""

    tokens: float
    full: float
    repeats: int = 0
    """Number of retries paid for."""

    def spend(self, cost: float) -> bool:
        """Take tokens for one retry if enough are left; return False otherwise."""
        if self.tokens < cost:
            return False
        self.tokens -= cost
        self.repeats += 1
        return True

    def refund(self) -> None:
        """Return one token after a success."""
        self.tokens = min(self.full, self.tokens + 1)


def retry(
    send: Send,
    policy: Retry,
    budget: Budget,
    *,
    redactor: Redactor = NO_SECRETS,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
    clock: Callable[[], float] = time.monotonic,
) -> Send:
    """Repeat transient failures; return the last reply unchanged, or raise the last error.

    Both then contain the number of attempts and their total time. Each retry is logged at INFO; the redactor
    masks secrets in its path.
    """

    async def through(request: Request) -> Reply:
        began = clock()
        for attempt in count(1):
            outcome: Reply | APIConnectionError
            # An earlier attempt was provably not carried out, or the request is safe to repeat.
            request.dispatch.possible = False
            try:
                outcome = await send(request)
            except APIConnectionError as exc:
                outcome = exc
            else:
                if classify_reply(request, outcome) in _ANSWERS:
                    if budget.tokens < budget.full:
                        budget.refund()
                    return outcome.with_attempts(attempt, clock() - began)
            wait = wait_before_repeat(policy, request, outcome, attempt, jitter())
            if wait is None or not budget.spend(_cost(outcome)):
                return _last(outcome, attempt, clock() - began)
            _log_repeat(request, redactor, outcome, attempt, wait)
            await sleep(wait)
            request = evolve(request, attempt=attempt + 1)
        raise AssertionError("count() does not end")

    return through


def wait_before_repeat(
    policy: Retry, request: Request, outcome: Reply | APIConnectionError, attempt: int, jitter: float
) -> float | None:
    """Return the seconds to wait before the next attempt, or None if the request must not be repeated.

    The response table decides. A request that is not `repeatable` is repeated only if it provably was not
    carried out, because nothing was sent or the server answered 429. A body that can be read only once is not
    sent twice.
    """
    body = request.body
    if body is not None and not isinstance(body, bytes) and not body.replayable:
        return None
    if isinstance(outcome, Reply):
        proof, retry_after = classify_reply(request, outcome), outcome.retry_after
    else:
        proof, retry_after = classify_error(request, outcome), None
    if not may_be_sent_again(proof):
        return None
    return policy.wait(attempt, jitter=jitter, retry_after=retry_after)


def _log_repeat(
    request: Request, redactor: Redactor, outcome: Reply | APIConnectionError, attempt: int, wait: float
) -> None:
    if log.isEnabledFor(logging.INFO):
        where = f"{request.method} {redactor.line(loggable_target(request))}"
        why = outcome.status if isinstance(outcome, Reply) else type(outcome).__name__
        log.info("%s: attempt %d failed (%s), repeated in %.2f s", where, attempt, why, wait)


def _cost(outcome: Reply | APIConnectionError) -> float:
    asked = isinstance(outcome, Reply) and outcome.retry_after is not None
    return _THROTTLED_COST if asked else _FULL_COST


def _last(outcome: Reply | APIConnectionError, attempts: int, elapsed: float) -> Reply:
    if isinstance(outcome, Reply):
        return outcome.with_attempts(attempts, elapsed)
    outcome.attempts, outcome.elapsed = attempts, elapsed
    raise outcome


def within(send: Send, total: float | None) -> Send:
    """Limit the total time of a request, retries included, to `total` seconds; None does not limit it.

    Raises:
        APITimeoutError: If the limit is exceeded; its phase is `total`.
    """
    if total is None:
        return send

    async def through(request: Request) -> Reply:
        clock = asyncio.timeout(total)
        try:
            async with clock:
                return await send(request)
        except TimeoutError as exc:
            if isinstance(exc, APITimeoutError) or not clock.expired():
                raise  # the timeout of an inner limit, or of the source
        # Raised after the `except` block, because the cancellation would stay in `__context__` with its
        # frames.
        raise APITimeoutError(
            f"{request.method} {request.path}: not done within Timeouts.total ({total} s)",
            request,
            phase="total",
        )

    return through
