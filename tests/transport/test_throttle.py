"""Limits of concurrency and rate; a slot is never lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from coredata_async.errors import APITimeoutError, CoreDataError
from coredata_async.message import Reply, Request
from coredata_async.transport.throttle import RateLimiter, Semaphore, limit_concurrency, limit_rate
from tests.storage.leaks import cancelled_after

GET = Request("GET", "/api/")


class Far:
    """Holds requests until they are released."""

    def __init__(self) -> None:
        self.under_way = 0
        self.most = 0
        self.go = asyncio.Event()

    async def send(self, _: Request) -> Reply:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.go.wait()
            await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        return Reply(200)


async def test_never_more_than_the_slots_are_in_flight() -> None:
    far = Far()
    send = limit_concurrency(far.send, asyncio.Semaphore(3), None)
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(send(GET)) for _ in range(20)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert far.under_way == 3
        far.go.set()

    assert far.most == 3
    assert [task.result().status for task in sent] == [200] * 20


async def test_a_waiter_that_queues_too_long_is_reported_so() -> None:
    far = Far()
    send = limit_concurrency(far.send, asyncio.Semaphore(1), 0.02)
    first = asyncio.create_task(send(GET))
    await asyncio.sleep(0)

    with pytest.raises(
        APITimeoutError, match=r"GET /api/: no free connection within Timeouts\.pool"
    ) as caught:
        await send(GET)

    assert (caught.value.phase, caught.value.reached) == ("pool", False)
    far.go.set()
    await first
    assert (await send(GET)).status == 200


async def test_a_request_of_another_loop_that_would_have_to_wait_is_a_clear_error() -> None:
    far = Far()
    send = limit_concurrency(far.send, Semaphore(1), 5)
    sent = [asyncio.create_task(send(GET)) for _ in range(2)]
    await asyncio.sleep(0)

    def use_elsewhere() -> None:
        with pytest.raises(CoreDataError, match="belong to another event loop"):
            asyncio.run(send(GET))

    await asyncio.to_thread(use_elsewhere)
    far.go.set()
    assert [(await task).status for task in sent] == [200, 200]


class Turnstile:
    """Slots of another kind: closed until a given time."""

    def __init__(self) -> None:
        self.opens = asyncio.Event()
        self.under_way = 0

    def locked(self) -> bool:
        return not self.opens.is_set()

    async def acquire(self) -> None:
        await self.opens.wait()
        self.under_way += 1

    def release(self) -> None:
        self.under_way -= 1


async def test_anything_that_gives_places_will_do() -> None:
    far, slots = Far(), Turnstile()
    far.go.set()
    sending = asyncio.create_task(limit_concurrency(far.send, slots, None)(GET))
    await asyncio.sleep(0.01)
    assert (far.most, slots.under_way) == (0, 0)

    slots.opens.set()

    assert (await sending).status == 200
    assert slots.under_way == 0


async def test_a_failure_gives_the_slot_back() -> None:
    slots = asyncio.Semaphore(1)

    async def broken(_: Request) -> Reply:
        raise ZeroDivisionError

    send = limit_concurrency(broken, slots, 0.02)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await send(GET)

    assert not slots.locked()


@pytest.mark.parametrize("steps", range(12))
async def test_a_cancelled_waiter_does_not_take_a_slot_along(steps: int) -> None:
    far, slots = Far(), asyncio.Semaphore(2)
    far.go.set()
    send = limit_concurrency(far.send, slots, 1)

    async def several() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(send(GET))

    await cancelled_after(steps, several())

    assert (far.under_way, slots._value) == (0, 2)
    assert (await send(GET)).status == 200


class Arriving:
    closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"abc"

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_streamed_reply_keeps_its_slot_until_it_is_closed() -> None:
    slots, content = asyncio.Semaphore(1), Arriving()

    async def streaming(_: Request) -> Reply:
        return Reply(200, content=content)

    send = limit_concurrency(streaming, slots, 0.02)
    reply = await send(GET)
    assert [block async for block in reply.content] == [b"abc"]

    with pytest.raises(APITimeoutError):
        await send(GET)
    for _ in range(2):
        await reply.content.aclose()

    assert (content.closed, slots._value) == (2, 1)


async def test_a_streamed_reply_that_will_not_close_gives_its_slot_back() -> None:
    class Stuck(Arriving):
        async def aclose(self) -> None:
            raise ZeroDivisionError

    async def streaming(_: Request) -> Reply:
        return Reply(200, content=Stuck())

    slots = asyncio.Semaphore(1)
    reply = await limit_concurrency(streaming, slots, None)(GET)
    with pytest.raises(ZeroDivisionError):
        await reply.content.aclose()

    assert not slots.locked()


def test_a_pace_spreads_starts_evenly() -> None:
    now = 100.0
    pace = RateLimiter(4, clock=lambda: now)

    assert [pace.wait() for _ in range(4)] == [0, 0.25, 0.5, 0.75]
    now += 0.5
    assert pace.wait() == 0.5
    now += 60  # idleness is not saved up
    assert [pace.wait() for _ in range(2)] == [0, 0.25]


async def test_a_paced_request_waits_for_its_place() -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def answer(_: Request) -> Reply:
        return Reply(200)

    send = limit_rate(answer, RateLimiter(2, clock=lambda: 0.0), sleep=sleep)
    for _ in range(3):
        await send(GET)

    assert slept == [0.5, 1.0]
