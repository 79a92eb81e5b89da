"""Slots: taken in turn, released, delayed for a time, and never lost."""

import asyncio
import random
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, FixedWidth, Recent
from coredata_async.bulk.limits.pacing import Circuit, Cubic
from coredata_async.errors import APIConnectionError
from coredata_async.message import Reply, Request
from coredata_async.response_table import HostState
from coredata_async.transport.throttle import limit_concurrency
from coredata_async.transport.trace import Exchanged, trace
from tests.bulk.simulated import POST, exchanged
from tests.bulk.virtual import now, run
from tests.rig import cancelled_at


class Wide:
    """Policy whose width the test sets."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.restarts = 0

    def record(self, *_: object, **__: object) -> None:
        pass

    def restart(self) -> None:
        self.restarts += 1


def limiter_of(
    width: int | Wide, patience: float = 900, rate: Cubic | None = None
) -> tuple[AdaptiveLimiter, list[str]]:
    messages: list[str] = []
    policy = Wide(width) if isinstance(width, int) else width
    circuit = Circuit(patience)
    return AdaptiveLimiter(
        "it", policy, circuit, rate, on_stop=messages.append, clock=now, jitter=lambda: 0.5
    ), messages


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def queue(limiter: AdaptiveLimiter, count: int) -> tuple[list[int], list[asyncio.Task[None]]]:
    """Start this many waiting tasks; return the order in which they got a slot, and the tasks."""
    entered: list[int] = []

    async def enter(number: int) -> None:
        await limiter.acquire()
        entered.append(number)

    tasks = [asyncio.ensure_future(enter(number)) for number in range(count)]
    await turns()
    return entered, tasks


async def leave(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_the_width_is_used_and_the_rest_wait_in_turn() -> None:
    async def main() -> None:
        limiter, _ = limiter_of(2)
        entered, _tasks = await queue(limiter, 5)
        assert (entered, limiter.in_flight, limiter.locked()) == ([0, 1], 2, True)

        for expected in (2, 3, 4):
            limiter.release()
            await turns()
            assert entered[-1] == expected
        for _ in range(2):
            limiter.release()
        assert (limiter.in_flight, limiter.locked()) == (0, False)

    run(main)


def test_no_task_overtakes_a_waiting_one() -> None:
    async def main() -> None:
        limiter, _ = limiter_of(1)
        entered, tasks = await queue(limiter, 2)
        limiter.release()  # task 1 got the slot, but has not run yet
        assert limiter.locked()
        late = asyncio.ensure_future(limiter.acquire())
        await turns()
        assert entered == [0, 1]
        await leave([late, *tasks])

    run(main)


def test_a_wider_limiter_admits_waiting_tasks() -> None:
    async def main() -> None:
        policy = Wide(1)
        limiter, _ = limiter_of(policy)
        entered, tasks = await queue(limiter, 5)

        policy.width = 3
        limiter.admit()
        await turns()

        assert entered == [0, 1, 2]
        await leave(tasks)

    run(main)


def test_a_narrower_limiter_admits_no_task_until_enough_have_left() -> None:
    async def main() -> None:
        policy = Wide(4)
        limiter, _ = limiter_of(policy)
        entered, tasks = await queue(limiter, 6)
        policy.width = 2
        for _ in range(2):
            limiter.release()
            limiter.admit()
            await turns()
        assert (len(entered), limiter.in_flight) == (4, 2)

        limiter.release()
        await turns()

        assert (len(entered), limiter.in_flight) == (5, 2)
        await leave(tasks)

    run(main)


@pytest.mark.parametrize("retry_after", [1, 30])
def test_a_retry_after_of_one_request_binds_all(retry_after: int) -> None:
    async def main() -> None:
        limiter, messages = limiter_of(3)
        await limiter.acquire()
        limiter.record(exchanged(429, retry_after=retry_after))
        limiter.release()
        assert limiter.locked()
        assert limiter.paused == f"it asked to wait {retry_after * 1.05:.0f} s"

        entered, _ = await queue(limiter, 5)
        assert entered == []
        await asyncio.sleep(retry_after)
        assert entered == []
        await asyncio.sleep(retry_after * 0.06)

        assert (entered, limiter.paused, messages) == ([0, 1, 2], None, [])

    run(main)


def test_the_longest_pause_counts() -> None:
    async def main() -> None:
        limiter, _ = limiter_of(3)
        limiter.record(exchanged(503, retry_after=20))
        limiter.record(exchanged(429, retry_after=1))
        began = now()
        await limiter.acquire()
        assert now() - began == pytest.approx(21)

    run(main)


def test_a_task_that_waits_for_a_pause_can_be_cancelled() -> None:
    async def main() -> None:
        limiter, _ = limiter_of(1)
        limiter.record(exchanged(429, retry_after=10))
        entered, tasks = await queue(limiter, 3)
        tasks[0].cancel()
        await asyncio.sleep(11)
        assert entered == [1]
        await leave(tasks)
        assert limiter.in_flight == 1

    run(main)


def test_a_pause_longer_than_the_patience_is_not_waited_for() -> None:
    async def main() -> None:
        limiter, messages = limiter_of(3, patience=60)
        limiter.record(exchanged(429, retry_after=3600))
        limiter.record(exchanged(429, retry_after=3600))

        (message,) = messages
        assert "it asks to wait for 3780 s" in message
        assert limiter.paused == "it was given up"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100_000):
                await limiter.acquire()

    run(main)


def test_pauses_without_one_success_add_up() -> None:
    async def main() -> None:
        limiter, messages = limiter_of(3, patience=60)
        for _ in range(3):
            limiter.record(exchanged(429, retry_after=20))
            await asyncio.sleep(21)
        assert len(messages) == 1

        limiter, messages = limiter_of(3, patience=60)
        for _ in range(30):
            limiter.record(exchanged(429, retry_after=20))
            await asyncio.sleep(21)
            limiter.record(exchanged())
        assert messages == []

    run(main)


def test_a_retry_after_beyond_any_clock_is_tolerated() -> None:
    async def main() -> None:
        limiter, messages = limiter_of(3)
        limiter.record(exchanged(429, retry_after=float("9" * 400)))
        entered, tasks = await queue(limiter, 2)
        assert (len(messages), entered) == (1, [])
        await leave(tasks)

    run(main)


def test_a_dead_host_gets_one_request_per_pause_until_patience_ends() -> None:
    async def main() -> tuple[list[float], list[str]]:
        limiter, messages = limiter_of(8, patience=100)
        asked: list[float] = []

        async def dead(request: Request) -> Reply:
            asked.append(now())
            await asyncio.sleep(0.01)
            raise APIConnectionError("no", request, reached=False)

        send = limit_concurrency(trace(dead, [limiter.record], clock=now), limiter, None)

        async def worker() -> None:
            while True:
                with suppress(APIConnectionError):
                    await send(POST)
                await asyncio.sleep(0.01)

        with suppress(TimeoutError):
            async with asyncio.timeout(1000), asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(worker())
        return asked, messages

    asked, messages = run(main)

    probes = [round(each) for each in asked if each > 1]
    assert probes == [5, 15, 35, 75, 100]
    assert len(asked) - len(probes) <= 32
    assert messages == ["it has not worked for 100 s"]


def test_a_host_that_works_again_gets_few_requests_at_first() -> None:
    async def main() -> None:
        policy = Wide(4)
        limiter, messages = limiter_of(policy)
        await limiter.acquire()
        for _ in range(20):
            limiter.record(exchanged(500, 0))
        limiter.release()
        assert limiter.paused == "it does not work; it is tried again in 5 s"
        entered, tasks = await queue(limiter, 6)
        await asyncio.sleep(5.1)
        assert entered == [0]

        limiter.record(exchanged(201, 0.05))
        limiter.release()
        await turns()

        assert (entered, policy.restarts, messages, limiter.paused) == ([0, 1, 2, 3, 4], 1, [], None)
        await leave(tasks)

    run(main)


def test_a_probe_that_is_lost_is_followed_by_another_after_a_minute() -> None:
    async def main() -> None:
        limiter, _ = limiter_of(4)
        for _ in range(20):
            limiter.record(exchanged(500, 0))
        entered, tasks = await queue(limiter, 2)
        await asyncio.sleep(5.1)
        limiter.release()  # its worker was cancelled, without an exchange
        await asyncio.sleep(59)
        assert entered == [0]
        await asyncio.sleep(1)
        assert entered == [0, 1]
        await leave(tasks)

    run(main)


def test_a_rate_spreads_waiting_tasks() -> None:
    async def main() -> list[float]:
        rate = Cubic()
        limiter, _ = limiter_of(100, rate=rate)
        for _ in range(20):
            limiter.record(exchanged())
            await asyncio.sleep(0.1)
        limiter.record(exchanged(429))
        assert rate.rate == pytest.approx(0.85 * 10, rel=0.1)
        times: list[float] = []

        async def enter() -> None:
            await limiter.acquire()
            times.append(now())

        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(enter())
        return times

    times = run(main)

    gaps = [after - before for before, after in pairwise(times[1:])]
    assert gaps == sorted(gaps, reverse=True)  # the rate grows
    assert gaps[0] == pytest.approx(1 / 8.5, rel=0.05)


@pytest.mark.parametrize("steps", range(20))
async def test_a_cancelled_task_loses_no_slot(steps: int) -> None:
    limiter = AdaptiveLimiter("it", FixedWidth(2), Circuit(900), on_stop=print)

    async def one() -> None:
        await limiter.acquire()
        try:
            await asyncio.sleep(0)
        finally:
            limiter.release()

    async def several() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(7):
                group.create_task(one())

    await cancelled_at(steps, several)

    assert (limiter.in_flight, limiter.locked()) == (0, False)


async def test_a_task_cancelled_as_it_is_admitted_releases_its_slot() -> None:
    limiter = AdaptiveLimiter("it", FixedWidth(1), Circuit(900), on_stop=print)
    entered, tasks = await queue(limiter, 3)
    limiter.release()
    tasks[1].cancel()
    await turns()

    assert (entered, limiter.in_flight) == ([0, 2], 1)
    limiter.release()
    assert not limiter.locked()


async def test_a_task_cancelled_just_before_its_admission_is_skipped() -> None:
    limiter = AdaptiveLimiter("it", FixedWidth(1), Circuit(900), on_stop=print)
    entered, tasks = await queue(limiter, 3)
    tasks[1].cancel()
    limiter.release()
    await turns()

    assert (entered, limiter.in_flight) == ([0, 2], 1)


async def test_a_task_that_times_out_leaves_nothing_behind() -> None:
    limiter = AdaptiveLimiter("it", FixedWidth(1), Circuit(900), on_stop=print)
    await limiter.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await limiter.acquire()

    limiter.release()

    assert (limiter.in_flight, limiter.locked()) == (0, False)


class Strict(AdaptiveLimiter):
    """Limiter that checks every admission."""

    def _enter(self) -> None:
        super()._enter()
        assert self.in_flight <= self.width
        assert self._opens == 0 or not self._stopped


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_in_any_order_the_width_is_never_exceeded_and_no_slot_is_lost(
    dice: random.Random, adaptive: bool
) -> None:
    """Start workers that are cancelled, fail and succeed, while the width changes."""

    async def main() -> None:
        policy = Wide(3)
        limiter = Strict(
            "it",
            Aimd(6) if adaptive else policy,
            Circuit(900),
            Cubic() if adaptive else None,
            on_stop=print,
            clock=now,
        )

        async def one() -> None:
            await limiter.acquire()
            try:
                await asyncio.sleep(dice.random() / 10)
                status = dice.choice([201, 201, 201, 429, 503, 500, None])
                limiter.record(exchanged(status, dice.random(), retry_after=dice.choice([None, 0.1])))
            finally:
                limiter.release()

        tasks = []
        for _ in range(60):
            tasks.append(asyncio.ensure_future(one()))
            await asyncio.sleep(dice.random() / 50)
            if dice.random() < 0.3:
                dice.choice(tasks).cancel()
            if dice.random() < 0.2:
                policy.width = dice.randint(1, 6)
                limiter.admit()
        await asyncio.wait(tasks)
        assert (limiter.in_flight, len(limiter._waiters)) == (0, 0)
        assert [task.exception() for task in tasks if not task.cancelled() and task.exception()] == []

    run(main)


def classify_all(*events: Exchanged) -> list[HostState]:
    recent = Recent()
    return [recent.classify(event) for event in events]


def test_a_503_with_retry_after_among_successes_concerns_that_request_only() -> None:
    busy = exchanged(503, retry_after=5)

    outcomes = classify_all(exchanged(), exchanged(), exchanged(), *[exchanged(), busy] * 50)

    assert HostState.THROTTLES not in outcomes
    assert outcomes[4] is HostState.OVERLOADED


def test_a_503_with_retry_after_among_others_concerns_all() -> None:
    busy = exchanged(503, retry_after=5)

    assert classify_all(busy)[-1] is HostState.THROTTLES
    assert classify_all(*[exchanged()] * 30, *[busy] * 11)[-2:] == [HostState.OVERLOADED, HostState.THROTTLES]


def test_429_always_concerns_all() -> None:
    assert classify_all(*[exchanged()] * 30, exchanged(429))[-1] is HostState.THROTTLES


def test_a_request_that_was_not_sent_does_not_count() -> None:
    gone = exchanged(None, error="SourceChangedError")

    assert classify_all(*[gone] * 30, exchanged(503, retry_after=5)) == [HostState.UNSEEN] * 30 + [
        HostState.THROTTLES
    ]
