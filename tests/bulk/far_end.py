"""Far ends in virtual time, and workers that go through a gate to them."""

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
    """Answers after a while, some at once, and turns away what goes beyond its rate.

    A token bucket, or with `window` so many per window of time.
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
    _places: asyncio.Semaphore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    async def send(self, _: Request) -> Reply:
        if self._grants(now()):
            self.granted += 1
            async with self._places:
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


async def lanes(
    gate: AdaptiveLimiter,
    service: Service,
    count: int,
    seconds: float,
    *,
    request: Callable[[], Request] = lambda: POST,
) -> None:
    """So many workers that send one request after the other for so long, and repeat nothing."""
    send = limit_concurrency(trace(service.send, [gate.record], clock=now), gate, None)

    async def lane() -> None:
        while True:
            reply = await send(request())
            if reply.status != 201:
                await asyncio.sleep(reply.retry_after or 0.5)

    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(lane())


def exchanged(status: int | None = 201, seconds: float = 0.02, **more: object) -> Exchanged:
    """One attempt at registering."""
    error = None if status else "APIConnectionError"
    return Exchanged("POST", "/api/v2/files/", status, seconds, **{"error": error, **more})
