"""Places: taken in turn, given back, withheld for a time, and never lost."""

import asyncio
import random
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.aimd import Aimd
from coredata_async.bulk.limits.circuit import Circuit
from coredata_async.bulk.limits.cubic import Cubic
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, FixedWidth
from coredata_async.errors import APIConnectionError
from coredata_async.message import Reply, Request
from coredata_async.transport.throttle import limit_concurrency
from coredata_async.transport.trace import trace
from tests.bulk.far_end import POST, exchanged
from tests.bulk.virtual import now, run
from tests.rig import cancelled_at


class Wide:
    """As wide as a test says."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.restarts = 0

    def record(self, *_: object, **__: object) -> None:
        pass

    def restart(self) -> None:
        self.restarts += 1


def gate_of(
    width: int | Wide, patience: float = 900, rate: Cubic | None = None
) -> tuple[AdaptiveLimiter, list[str]]:
    words: list[str] = []
    policy = Wide(width) if isinstance(width, int) else width
    circuit = Circuit(patience)
    return AdaptiveLimiter(
        "it", policy, circuit, rate, on_stop=words.append, clock=now, jitter=lambda: 0.5
    ), words


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def queue(gate: AdaptiveLimiter, count: int) -> tuple[list[int], list[asyncio.Task[None]]]:
    """So many that wait, and who of them was let in, in order."""
    entered: list[int] = []

    async def enter(number: int) -> None:
        await gate.acquire()
        entered.append(number)

    tasks = [asyncio.ensure_future(enter(number)) for number in range(count)]
    await turns()
    return entered, tasks


async def leave(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_so_many_are_let_in_and_the_rest_in_turn() -> None:
    async def main() -> None:
        gate, _ = gate_of(2)
        entered, _tasks = await queue(gate, 5)
        assert (entered, gate.in_flight, gate.locked()) == ([0, 1], 2, True)

        for expected in (2, 3, 4):
            gate.release()
            await turns()
            assert entered[-1] == expected
        for _ in range(2):
            gate.release()
        assert (gate.in_flight, gate.locked()) == (0, False)

    run(main)


def test_nobody_overtakes_those_who_wait() -> None:
    async def main() -> None:
        gate, _ = gate_of(1)
        entered, tasks = await queue(gate, 2)
        gate.release()  # 1 is let in, and has not learnt of it yet
        assert gate.locked()
        late = asyncio.ensure_future(gate.acquire())
        await turns()
        assert entered == [0, 1]
        await leave([late, *tasks])

    run(main)


def test_a_wider_gate_lets_in_who_waits() -> None:
    async def main() -> None:
        policy = Wide(1)
        gate, _ = gate_of(policy)
        entered, tasks = await queue(gate, 5)

        policy.width = 3
        gate.admit()
        await turns()

        assert entered == [0, 1, 2]
        await leave(tasks)

    run(main)


def test_a_narrower_gate_lets_nobody_in_until_enough_have_left() -> None:
    async def main() -> None:
        policy = Wide(4)
        gate, _ = gate_of(policy)
        entered, tasks = await queue(gate, 6)
        policy.width = 2
        for _ in range(2):
            gate.release()
            gate.admit()
            await turns()
        assert (len(entered), gate.in_flight) == (4, 2)

        gate.release()
        await turns()

        assert (len(entered), gate.in_flight) == (5, 2)
        await leave(tasks)

    run(main)


@pytest.mark.parametrize("retry_after", [1, 30])
def test_a_pause_that_one_was_asked_for_is_kept_by_all(retry_after: int) -> None:
    async def main() -> None:
        gate, words = gate_of(3)
        await gate.acquire()
        gate.record(exchanged(429, retry_after=retry_after))
        gate.release()
        assert gate.locked()
        assert gate.paused == f"it asked to wait {retry_after * 1.05:.0f} s"

        entered, _ = await queue(gate, 5)
        assert entered == []
        await asyncio.sleep(retry_after)
        assert entered == []
        await asyncio.sleep(retry_after * 0.06)

        assert (entered, gate.paused, words) == ([0, 1, 2], None, [])

    run(main)


def test_the_longest_pause_counts() -> None:
    async def main() -> None:
        gate, _ = gate_of(3)
        gate.record(exchanged(503, retry_after=20))
        gate.record(exchanged(429, retry_after=1))
        began = now()
        await gate.acquire()
        assert now() - began == pytest.approx(21)

    run(main)


def test_one_that_waits_behind_a_pause_can_go() -> None:
    async def main() -> None:
        gate, _ = gate_of(1)
        gate.record(exchanged(429, retry_after=10))
        entered, tasks = await queue(gate, 3)
        tasks[0].cancel()
        await asyncio.sleep(11)
        assert entered == [1]
        await leave(tasks)
        assert gate.in_flight == 1

    run(main)


def test_a_pause_beyond_all_patience_is_not_waited_for() -> None:
    async def main() -> None:
        gate, words = gate_of(3, patience=60)
        gate.record(exchanged(429, retry_after=3600))
        gate.record(exchanged(429, retry_after=3600))

        (told,) = words
        assert "it asks to wait for 3780 s" in told
        assert gate.paused == "it was given up"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100_000):
                await gate.acquire()

    run(main)


def test_pauses_without_one_success_add_up() -> None:
    async def main() -> None:
        gate, words = gate_of(3, patience=60)
        for _ in range(3):
            gate.record(exchanged(429, retry_after=20))
            await asyncio.sleep(21)
        assert len(words) == 1

        gate, words = gate_of(3, patience=60)
        for _ in range(30):
            gate.record(exchanged(429, retry_after=20))
            await asyncio.sleep(21)
            gate.record(exchanged())
        assert words == []

    run(main)


def test_a_number_that_no_clock_knows_is_no_harm() -> None:
    async def main() -> None:
        gate, words = gate_of(3)
        gate.record(exchanged(429, retry_after=float("9" * 400)))
        entered, tasks = await queue(gate, 2)
        assert (len(words), entered) == (1, [])
        await leave(tasks)

    run(main)


def test_a_dead_far_end_is_asked_once_per_pause_until_patience_ends() -> None:
    async def main() -> tuple[list[float], list[str]]:
        gate, words = gate_of(8, patience=100)
        asked: list[float] = []

        async def dead(request: Request) -> Reply:
            asked.append(now())
            await asyncio.sleep(0.01)
            raise APIConnectionError("no", request, reached=False)

        send = limit_concurrency(trace(dead, [gate.record], clock=now), gate, None)

        async def lane() -> None:
            while True:
                with suppress(APIConnectionError):
                    await send(POST)
                await asyncio.sleep(0.01)

        with suppress(TimeoutError):
            async with asyncio.timeout(1000), asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(lane())
        return asked, words

    asked, words = run(main)

    probes = [round(each) for each in asked if each > 1]
    assert probes == [5, 15, 35, 75, 100]
    assert len(asked) - len(probes) <= 32
    assert words == ["it has not worked for 100 s"]


def test_a_far_end_that_comes_back_is_begun_with_carefully() -> None:
    async def main() -> None:
        policy = Wide(4)
        gate, words = gate_of(policy)
        await gate.acquire()
        for _ in range(20):
            gate.record(exchanged(500, 0))
        gate.release()
        assert gate.paused == "it does not work; it is tried again in 5 s"
        entered, tasks = await queue(gate, 6)
        await asyncio.sleep(5.1)
        assert entered == [0]

        gate.record(exchanged(201, 0.05))
        gate.release()
        await turns()

        assert (entered, policy.restarts, words, gate.paused) == ([0, 1, 2, 3, 4], 1, [], None)
        await leave(tasks)

    run(main)


def test_a_probe_that_is_lost_is_followed_by_another_after_a_minute() -> None:
    async def main() -> None:
        gate, _ = gate_of(4)
        for _ in range(20):
            gate.record(exchanged(500, 0))
        entered, tasks = await queue(gate, 2)
        await asyncio.sleep(5.1)
        gate.release()  # its worker was cancelled: there was no exchange
        await asyncio.sleep(59)
        assert entered == [0]
        await asyncio.sleep(1)
        assert entered == [0, 1]
        await leave(tasks)

    run(main)


def test_a_rate_spreads_those_who_wait() -> None:
    async def main() -> list[float]:
        rate = Cubic()
        gate, _ = gate_of(100, rate=rate)
        for _ in range(20):
            gate.record(exchanged())
            await asyncio.sleep(0.1)
        gate.record(exchanged(429))
        assert rate.rate == pytest.approx(0.85 * 10, rel=0.1)
        times: list[float] = []

        async def enter() -> None:
            await gate.acquire()
            times.append(now())

        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(enter())
        return times

    times = run(main)

    gaps = [after - before for before, after in pairwise(times[1:])]
    assert gaps == sorted(gaps, reverse=True)  # it feels for more
    assert gaps[0] == pytest.approx(1 / 8.5, rel=0.05)


@pytest.mark.parametrize("steps", range(20))
async def test_whoever_is_cancelled_takes_no_place_along(steps: int) -> None:
    gate = AdaptiveLimiter("it", FixedWidth(2), Circuit(900), on_stop=print)

    async def one() -> None:
        await gate.acquire()
        try:
            await asyncio.sleep(0)
        finally:
            gate.release()

    async def several() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(7):
                group.create_task(one())

    await cancelled_at(steps, several)

    assert (gate.in_flight, gate.locked()) == (0, False)


async def test_one_cancelled_in_the_moment_it_is_let_in_passes_its_place_on() -> None:
    gate = AdaptiveLimiter("it", FixedWidth(1), Circuit(900), on_stop=print)
    entered, tasks = await queue(gate, 3)
    gate.release()
    tasks[1].cancel()
    await turns()

    assert (entered, gate.in_flight) == ([0, 2], 1)
    gate.release()
    assert not gate.locked()


async def test_one_cancelled_in_the_moment_before_it_would_be_let_in_is_passed_over() -> None:
    gate = AdaptiveLimiter("it", FixedWidth(1), Circuit(900), on_stop=print)
    entered, tasks = await queue(gate, 3)
    tasks[1].cancel()
    gate.release()
    await turns()

    assert (entered, gate.in_flight) == ([0, 2], 1)


async def test_who_waits_too_long_leaves_nothing_behind() -> None:
    gate = AdaptiveLimiter("it", FixedWidth(1), Circuit(900), on_stop=print)
    await gate.acquire()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await gate.acquire()

    gate.release()

    assert (gate.in_flight, gate.locked()) == (0, False)


class Strict(AdaptiveLimiter):
    """Looks twice whom it lets in."""

    def _enter(self) -> None:
        super()._enter()
        assert self.in_flight <= self.width
        assert self._opens == 0 or not self._stopped


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_whatever_happens_no_more_are_let_in_than_fit_and_no_place_is_lost(
    dice: random.Random, adaptive: bool
) -> None:
    """Workers that come, are cancelled, fail and succeed, while the width changes."""

    async def main() -> None:
        policy = Wide(3)
        gate = Strict(
            "it",
            Aimd(6) if adaptive else policy,
            Circuit(900),
            Cubic() if adaptive else None,
            on_stop=print,
            clock=now,
        )

        async def one() -> None:
            await gate.acquire()
            try:
                await asyncio.sleep(dice.random() / 10)
                status = dice.choice([201, 201, 201, 429, 503, 500, None])
                gate.record(exchanged(status, dice.random(), retry_after=dice.choice([None, 0.1])))
            finally:
                gate.release()

        tasks = []
        for _ in range(60):
            tasks.append(asyncio.ensure_future(one()))
            await asyncio.sleep(dice.random() / 50)
            if dice.random() < 0.3:
                dice.choice(tasks).cancel()
            if dice.random() < 0.2:
                policy.width = dice.randint(1, 6)
                gate.admit()
        await asyncio.wait(tasks)
        assert (gate.in_flight, len(gate._waiters)) == (0, 0)
        assert [task.exception() for task in tasks if not task.cancelled() and task.exception()] == []

    run(main)
