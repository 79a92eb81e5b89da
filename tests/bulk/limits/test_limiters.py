"""Limiters of a job at work: in a client's own chains, with the sandbox."""

import asyncio
import time
from contextlib import suppress

import pytest

from coredata_async import Limits, Retry
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import Effort
from coredata_async.config import Timeouts
from coredata_async.errors import StorageError
from coredata_async.sandbox import Sandbox
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.uploads import Upload
from tests.bulk.simulated import exchanged
from tests.bulk.virtual import run
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
