"""Limiters of a job: in a client's own chains, with the sandbox; and the climb of the storage's width."""

import asyncio
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.limits.limiter import state_of
from coredata_async.bulk.limits.limiters import Goodput, Limiters
from coredata_async.bulk.options import Effort
from coredata_async.config import Limits, Retry, Timeouts
from coredata_async.errors import StorageError
from coredata_async.sandbox import Sandbox
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.uploads import Upload
from coredata_async.transport.trace import Exchanged
from tests.bulk.simulated import exchanged
from tests.bulk.virtual import now, run
from tests.rig import QUICK


def limiters_of(limits: Limits | None = None, **effort: object) -> Limiters:
    return Limiters(limits or Limits(), Retry(), Effort(**effort))


def test_each_exchange_reaches_its_limiter_and_is_counted() -> None:
    limiters = limiters_of()

    limiters.record(exchanged(429))
    limiters.record(exchanged(503, signed=True))
    limiters.record(exchanged(201))

    assert (limiters.api.width, limiters.storage.width) == (5, 2)
    assert (limiters.requests, limiters.throttled, limiters.retries) == (3, 2, 0)


def test_no_limiter_is_wider_than_the_number_of_connections() -> None:
    limiters = limiters_of(Limits(connections=3))

    assert (limiters.api.width, limiters.storage.width) == (3, 3)


def test_without_adapting_the_limits_are_the_widths() -> None:
    limiters = limiters_of(Limits(connections=10, concurrency=7), adaptive=False)
    for _ in range(50):
        limiters.record(exchanged(429))
        limiters.record(exchanged(503, signed=True))
        limiters.add_bytes(1 << 20)

    assert (limiters.api.width, limiters.storage.width) == (7, 10)


def test_a_pause_of_either_is_reported() -> None:
    limiters = Limiters(Limits(), Retry(), Effort(), clock=lambda: 1.0, jitter=lambda: 0.5)
    assert limiters.paused is None

    limiters.record(exchanged(503, signed=True, retry_after=100))

    assert limiters.paused == "the storage asked to wait 105 s"


@pytest.mark.parametrize("signed", [False, True])
def test_giving_up_a_host_stops_the_job_with_the_first_reason(signed: bool) -> None:
    async def main() -> None:
        limiters = limiters_of(patience=10)
        waiting = asyncio.ensure_future(limiters.stopped.wait())
        limiters.record(exchanged(429, retry_after=100, signed=signed))
        limiters.record(exchanged(429, retry_after=100, signed=not signed))
        await waiting
        assert limiters.message.startswith("the storage" if signed else "the service")

    run(main)


@pytest.fixture
async def wired(box: Sandbox):
    """Yield a client, its limiters, and an engine that uses them."""
    client = box.client(
        retry=Retry(base=0, cap=0, settle=0, probe_gap=0, max_retry_after=5),
        timeouts=Timeouts(pool=0.05),
        limits=Limits(connections=4),
    )
    async with client:
        limiters = Limiters(Limits(connections=4), Retry(), Effort(patience=30))
        engine = client.engine(
            api=limiters.api, storage=limiters.storage, budget=limiters.budget, hooks=[limiters.record]
        )
        yield limiters, engine


async def uploaded_one(engine: Engine, box: Sandbox, name: str) -> str:
    wanted = Upload(source=b"x" * 100, parent=box.project, filename=name)
    return (await engine.uploader.upload(wanted)).file_id


async def uploaded(engine: Engine, box: Sandbox, count: int) -> list[str]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(uploaded_one(engine, box, f"{number}.txt")) for number in range(count)]
    return [task.result() for task in tasks]


async def test_uploads_use_both_limiters_and_release_every_slot(wired, box: Sandbox) -> None:
    limiters, engine = wired

    files = await uploaded(engine, box, 30)

    assert len(set(files)) == 30
    assert (limiters.api.in_flight, limiters.storage.in_flight) == (0, 0)
    assert (limiters.requests, limiters.throttled, limiters.retries) == (90, 0, 0)


async def test_a_request_that_waits_for_a_closed_limiter_does_not_fail(wired, box: Sandbox) -> None:
    """Wait longer than `Timeouts.pool`: it is a twentieth of a second here, and the pause a whole one."""
    limiters, engine = wired
    box.faults.status("blobs.reserve", 429, retry_after=1)
    began = time.monotonic()

    files = await uploaded(engine, box, 12)

    assert len(set(files)) == 12
    assert time.monotonic() - began >= 1
    assert (limiters.throttled, limiters.retries) == (1, 1)


async def test_a_storage_that_is_down_is_given_up_with_a_message(box: Sandbox) -> None:
    limiters = Limiters(Limits(), Retry(), Effort(patience=0))
    box.faults.reset_before("storage.put", times=None)
    async with box.client(retry=QUICK) as client:
        engine = client.engine(
            api=limiters.api, storage=limiters.storage, budget=limiters.budget, hooks=[limiters.record]
        )

        async def worker() -> None:
            while True:
                with suppress(StorageError):
                    await uploaded_one(engine, box, "x.txt")

        workers = [asyncio.ensure_future(worker()) for _ in range(8)]
        async with asyncio.timeout(10):
            await limiters.stopped.wait()
        for each in workers:
            each.cancel()
        await asyncio.wait(workers)

    assert limiters.message == "the storage has not worked for 0 s"
    assert 0 < limiters.retries <= 500 / 14
    assert (limiters.api.in_flight, limiters.storage.in_flight) == (0, 0)


MB = 1_000_000


def put(status: int | None = 200, seconds: float = 0.1, error: str | None = None) -> Exchanged:
    return Exchanged("PUT", "s/b", status, seconds, error=error, signed=True)


def feed(
    policy: Goodput, at: float, *, moved: int = 0, event: Exchanged | None = None, times: int = 1
) -> int:
    """Send bytes in enough moves for a comparison, with their PUTs."""
    event = event or put()
    for _ in range(100 if moved else 0):
        policy.add_bytes(moved // 100, at - 0.01, full=True)
    for _ in range(times):
        policy.record(event, state_of(event), at, full=True)
    return policy.width


def climbing() -> Goodput:
    """Return a policy at width 8 since second 12, after 10 MB/s at width 4."""
    policy = Goodput()
    feed(policy, 10, times=20)
    feed(policy, 11, moved=20 * MB)
    assert feed(policy, 12) == 8
    return policy


def test_it_tries_twice_as_many_after_twenty_requests() -> None:
    climbing()


def test_nineteen_are_too_few() -> None:
    policy = Goodput()
    feed(policy, 10, times=18)

    assert feed(policy, 12) == 4
    assert feed(policy, 13, times=12) == 4
    assert feed(policy, 14) == 8


def test_bytes_count_as_requests() -> None:
    policy = Goodput()
    feed(policy, 10, moved=80 << 20)

    assert feed(policy, 12) == 8


def test_a_step_with_a_gain_is_followed_by_the_next() -> None:
    policy = climbing()

    assert feed(policy, 14, moved=25 * MB) == 16
    assert feed(policy, 16, moved=40 * MB) == 20
    assert feed(policy, 18, moved=50 * MB) == 25


def test_a_fifth_of_the_linear_gain_is_enough() -> None:
    assert feed(climbing(), 14, moved=round(24.1 * MB)) == 16
    assert feed(climbing(), 14, moved=round(23.9 * MB)) == 4


def test_a_step_without_a_gain_is_taken_back_for_half_a_minute() -> None:
    policy = climbing()
    assert feed(policy, 14, moved=20 * MB) == 4

    for second in range(16, 44, 2):
        assert feed(policy, second, moved=20 * MB) == 4
    assert feed(policy, 44, moved=20 * MB) == 8


def test_unused_slots_do_not_increase_it() -> None:
    policy = Goodput()
    for second in range(100):
        policy.add_bytes(MB, second, full=False)
        policy.record(put(), state_of(put()), second, full=False)

    assert policy.width == 4


def test_files_without_bytes_count_by_number() -> None:
    policy = Goodput()
    feed(policy, 10, times=100)
    assert feed(policy, 12) == 8

    feed(policy, 13, times=200)
    assert feed(policy, 14) == 16


@pytest.mark.parametrize("status", [503, 429])
def test_a_throttling_storage_decreases_it_once_for_all_in_flight(status: int) -> None:
    policy = climbing()

    assert feed(policy, 13, event=put(status), times=10) == 5
    assert feed(policy, 18, event=put(status, seconds=9), times=10) == 5
    assert feed(policy, 18, event=put(status, seconds=1), times=10) == 3


def test_many_failures_count_as_too_much_and_a_few_do_not() -> None:
    policy = climbing()
    assert feed(policy, 13, event=put(None, error="APITimeoutError"), times=5) == 8
    assert feed(policy, 13, event=put(500), times=5) == 5


def test_idle_time_is_not_measured() -> None:
    policy = climbing()

    assert feed(policy, 60, moved=1) == 8


def test_after_an_outage_it_starts_again() -> None:
    wide, narrow = climbing(), climbing()
    assert feed(wide, 14, moved=25 * MB) == 16
    assert feed(narrow, 13, event=put(503)) == 5

    for policy in (wide, narrow):
        policy.restart()
        assert policy.width == 4
        feed(policy, 20, times=20)
        assert feed(policy, 22) == 8


@settings(deadline=None)
@given(
    ceiling=st.integers(1, 200),
    steps=st.lists(
        st.tuples(st.sampled_from([200, 503, 500, None, 403]), st.floats(0, 9), st.integers(0, 10**10)),
        max_size=200,
    ),
)
def test_it_stays_within_its_bounds(ceiling, steps) -> None:
    policy, time = Goodput(ceiling), 0.0
    for status, wait, moved in steps:
        time += wait
        feed(policy, time, moved=moved, event=put(status, wait, "APITimeoutError"), times=10)
        assert min(2, ceiling) <= policy.width <= ceiling


class Storage:
    """Storage with a limit of bytes per second for each connection and for all together."""

    def __init__(self, each: float, together: float, *, accepts: int = 1000) -> None:
        self.each, self.together, self.accepts = each, together, accepts
        self.under_way = self.moved = self.refused = 0

    async def put(self, size: int, gates: Limiters) -> int:
        if self.under_way >= self.accepts:
            self.refused += 1
            await asyncio.sleep(0.01)
            return 503
        self.under_way += 1
        try:
            for at in range(0, size, MB):
                block = min(MB, size - at)
                await asyncio.sleep(block / min(self.each, self.together / self.under_way))
                self.moved += block
                gates.add_bytes(block)
        finally:
            self.under_way -= 1
        return 200


def against(storage: Storage, *, size: int, seconds: float = 90, workers: int = 128) -> tuple[float, int]:
    """Return the bytes per second of the last half minute, and the width at the end."""

    async def main() -> tuple[float, int]:
        gates = Limiters(Limits(connections=128), Retry(), Effort(), clock=now)
        gate = gates.storage

        async def worker() -> None:
            while True:
                await gate.acquire()
                try:
                    began = now()
                    status = await storage.put(size, gates)
                    gates.record(put(status, now() - began))
                finally:
                    gate.release()
                await asyncio.sleep(0.5 if status == 503 else 0.05)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(worker())
                await asyncio.sleep(seconds - 30)
                storage.moved = storage.refused = 0
        return storage.moved / 30, gate.width

    return run(main)


@pytest.mark.parametrize("size", [100_000, MB, 50 * MB])
def test_it_finds_the_width_that_fills_the_connection(size: int) -> None:
    goodput, width = against(Storage(2 * MB, 60 * MB), size=size)

    assert goodput > 0.85 * 60 * MB
    assert 16 <= width <= 80


def test_a_slow_connection_keeps_a_small_width() -> None:
    goodput, width = against(Storage(2 * MB, 6 * MB), size=MB)

    assert goodput > 0.85 * 6 * MB
    assert width <= 8


def test_a_fast_connection_is_used() -> None:
    goodput, width = against(Storage(MB, 10_000 * MB), size=MB)

    assert width == 128
    assert goodput > 100 * MB


def test_a_storage_that_answers_slow_down_rarely_gets_too_much() -> None:
    storage = Storage(2 * MB, 10_000 * MB, accepts=20)
    goodput, width = against(storage, size=MB)

    assert goodput > 0.6 * 40 * MB
    assert storage.refused < 0.02 * storage.moved / MB
    assert width <= 25
