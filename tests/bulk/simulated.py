"""Simulated services in virtual time, and workers that send to them through a limiter."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf

from attrs import define, field

from coredata_async.bulk.limits.limiter import AdaptiveLimiter
from coredata_async.message import Reply, Request
from coredata_async.transport.throttle import limit_concurrency
from coredata_async.transport.trace import Exchanged, trace
from tests.bulk.virtual import now

POST = Request("POST", "/api/v2/files/", body=b"{}")


@define
class Service:
    """Service that answers after a while, some requests at once, and rejects what exceeds its rate.

    The rate is a token bucket, or with `window` a number of requests per window of time.
    """

    rate: float = inf
    burst: float = 5
    window: float | None = None
    retry_after: float | None = None
    latency: float = 0.02
    at_once: int = 1000
    granted: int = 0
    refused: int = 0
    _tokens: float = 5
    _at: float = 0.0
    _slots: asyncio.Semaphore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.at_once)

    async def send(self, _: Request) -> Reply:
        if self._grants(now()):
            self.granted += 1
            async with self._slots:
                await asyncio.sleep(self.latency)
            return Reply(201)
        self.refused += 1
        await asyncio.sleep(self.latency)
        return Reply(429, {} if self.retry_after is None else {"Retry-After": str(self.retry_after)})

    def _grants(self, at: float) -> bool:
        if self.window is None:
            self._tokens = min(self.burst, self._tokens + (at - self._at) * self.rate)
        elif at // self.window != self._at // self.window:
            self._tokens = self.rate * self.window
        self._at = at
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def forget(self) -> None:
        self.granted = self.refused = 0


async def run_workers(
    limiter: AdaptiveLimiter,
    service: Service,
    count: int,
    seconds: float,
    *,
    request: Callable[[], Request] = lambda: POST,
) -> None:
    """Send with this many workers for this many seconds, one request after the other without retries."""
    send = limit_concurrency(trace(service.send, [limiter.record], clock=now), limiter, None)

    async def worker() -> None:
        while True:
            reply = await send(request())
            if reply.status != 201:
                await asyncio.sleep(reply.retry_after or 0.5)

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(worker())


def exchanged(status: int | None = 201, seconds: float = 0.02, **more: object) -> Exchanged:
    """Return one attempt of a registration."""
    error = None if status else "APIConnectionError"
    return Exchanged("POST", "/api/v2/files/", status, seconds, **{"error": error, **more})
