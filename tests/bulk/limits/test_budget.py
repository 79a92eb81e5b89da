"""Budget that changes, and slots at a maximum rate."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.budget import CATCH_UP, PacedSlots, ResizableBudget, lower, pace_each
from coredata_async.message import Reply, Request
from tests.bulk.limits.test_limiter import limiter_of
from tests.bulk.simulated import exchanged
from tests.bulk.virtual import now, run


async def take(slots: PacedSlots, count: int) -> list[float]:
    """Take this many slots at once; return the times."""
    times: list[float] = []

    async def one() -> None:
        await slots.acquire()
        times.append(round(now(), 6))
        slots.release()

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
    return times


def test_slots_are_taken_no_faster_than_the_rate() -> None:
    async def main() -> list[float]:
        return await take(PacedSlots(limiter_of(9)[0], 10, clock=now), 4)

    assert run(main) == [0.0, 0.1, 0.2, 0.3]


def test_without_a_rate_no_slot_waits() -> None:
    async def main() -> list[float]:
        return await take(PacedSlots(limiter_of(9)[0], clock=now), 4)

    assert run(main) == [0.0] * 4


def test_a_lower_rate_applies_to_tasks_that_wait() -> None:
    async def main() -> list[float]:
        slots = PacedSlots(limiter_of(9)[0], 10, clock=now)
        asyncio.get_running_loop().call_later(0.15, slots.set_rate, 1)
        return await take(slots, 5)

    assert run(main) == [0.0, 0.1, 1.1, 2.1, 3.1]


def test_a_higher_rate_wakes_tasks_that_wait() -> None:
    async def main() -> list[float]:
        slots = PacedSlots(limiter_of(9)[0], 0.1, clock=now)
        asyncio.get_running_loop().call_later(1, slots.set_rate, None)
        return await take(slots, 3)

    assert run(main) == [0.0, 1.0, 1.0]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0, 3), st.sampled_from([2, 5, 20])), max_size=5),
    st.lists(st.floats(0, 4), min_size=1, max_size=40),
)
def test_no_more_slots_are_taken_in_a_second_than_its_highest_rate_permits(changes, arrivals) -> None:
    async def main() -> list[float]:
        slots, times = PacedSlots(limiter_of(99)[0], 20, clock=now), []

        async def arrive(at: float) -> None:
            await asyncio.sleep(at)
            await slots.acquire()
            times.append(now())

        for at, rate in changes:
            asyncio.get_running_loop().call_later(at, slots.set_rate, rate)
        async with asyncio.TaskGroup() as group:
            for at in arrivals:
                group.create_task(arrive(at))
        return times

    times = sorted(run(main))
    assert len(times) == len(arrivals)
    for first in times:
        assert sum(first <= time < first + 1 - CATCH_UP for time in times) <= 20


def test_a_task_whose_turn_comes_while_the_host_has_asked_to_wait_waits_again() -> None:
    async def main() -> list[float]:
        limiter, _ = limiter_of(9)
        slots = PacedSlots(limiter, 10, clock=now)
        asyncio.get_running_loop().call_later(0.05, limiter.record, exchanged(429, retry_after=2.0))
        return await take(slots, 2)

    first, second = run(main)
    assert first == 0.0
    assert second >= 2.05


def test_a_cancelled_task_loses_no_slot() -> None:
    async def main() -> bool:
        limiter, _ = limiter_of(2)
        slots = PacedSlots(limiter, 0.5, clock=now)
        await slots.acquire()
        waiting = asyncio.ensure_future(slots.acquire())
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.wait({waiting})
        slots.release()
        return limiter.in_flight == 0

    assert run(main)


def test_the_ceiling_of_a_limiter_may_change_while_tasks_wait() -> None:
    async def main() -> list[int]:
        limiter, _ = limiter_of(5)
        widths = [limiter.width]
        limiter.set_ceiling(1)
        await limiter.acquire()
        waiting = [asyncio.ensure_future(limiter.acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        widths += [limiter.width, limiter.in_flight]
        limiter.set_ceiling(3)
        await asyncio.sleep(0)
        widths += [limiter.in_flight]
        limiter.set_ceiling(None)
        await asyncio.wait(waiting)
        return [*widths, limiter.in_flight, limiter.width]

    assert run(main) == [5, 1, 1, 3, 4, 5]


def test_the_listeners_of_a_budget_are_called_until_they_unsubscribe() -> None:
    budget, heard = ResizableBudget(rate=5), []
    leave = budget.subscribe(lambda: heard.append((budget.rate, budget.concurrency)))
    budget.resize(rate=3, concurrency=2)
    leave()
    budget.resize()

    assert heard == [(3, 2)]
    assert (budget.rate, budget.concurrency, budget.bytes_per_second) == (None, None, None)


def test_the_lower_of_two_limits_counts_and_none_is_unlimited() -> None:
    assert (lower(None, None), lower(1, None), lower(None, 2), lower(3, 2)) == (None, 1, 2, 2)


@pytest.mark.parametrize(("rate", "seconds"), [(None, 0.0), (20, 0.2)])
async def test_requests_before_a_run_are_spaced_at_the_rate(rate, seconds: float) -> None:
    async def send(request: Request) -> Reply:
        return Reply(200, {}, b"")

    began = time.monotonic()
    paced = pace_each(send, ResizableBudget(rate=rate))
    for _ in range(2):
        await paced(Request("GET", "/api/v2/user/"))

    assert seconds <= time.monotonic() - began


async def test_a_request_before_a_run_waits_for_a_share_of_the_rate_and_no_longer() -> None:
    budget, sent = ResizableBudget(rate=0.001), asyncio.Event()

    async def send(request: Request) -> Reply:
        sent.set()
        return Reply(200, {}, b"")

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(pace_each(send, budget)(Request("GET", "/api/v2/user/")))
        await asyncio.sleep(0.05)
        assert not sent.is_set()
        budget.resize(rate=50)
