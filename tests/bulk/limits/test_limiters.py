"""The gates of a job at work: in a client's own chains, with the sandbox."""

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
from tests.bulk.far_end import exchanged
from tests.bulk.virtual import run
from tests.rig import QUICK


def gates_of(limits: Limits | None = None, **effort: object) -> Limiters:
    return Limiters(limits or Limits(), Retry(), Effort(**effort))


def test_each_exchange_goes_to_its_gate_and_is_counted() -> None:
    gates = gates_of()

    gates.record(exchanged(429))
    gates.record(exchanged(503, signed=True))
    gates.record(exchanged(201))

    assert (gates.api.width, gates.storage.width) == (5, 2)
    assert (gates.requests, gates.throttled, gates.retries) == (3, 2, 0)


def test_no_gate_is_wider_than_there_are_connections() -> None:
    gates = gates_of(Limits(connections=3))

    assert (gates.api.width, gates.storage.width) == (3, 3)


def test_without_adapting_the_limits_are_the_widths() -> None:
    gates = gates_of(Limits(connections=10, concurrency=7), adaptive=False)
    for _ in range(50):
        gates.record(exchanged(429))
        gates.record(exchanged(503, signed=True))
        gates.add_bytes(1 << 20)

    assert (gates.api.width, gates.storage.width) == (7, 10)


def test_a_pause_of_either_is_told() -> None:
    gates = Limiters(Limits(), Retry(), Effort(), clock=lambda: 1.0, jitter=lambda: 0.5)
    assert gates.paused is None

    gates.record(exchanged(503, signed=True, retry_after=100))

    assert gates.paused == "the storage asked to wait 105 s"


@pytest.mark.parametrize("signed", [False, True])
def test_a_far_end_that_is_given_up_stops_the_job_with_the_first_reason(signed: bool) -> None:
    async def main() -> None:
        gates = gates_of(patience=10)
        waiting = asyncio.ensure_future(gates.stopped.wait())
        gates.record(exchanged(429, retry_after=100, signed=signed))
        gates.record(exchanged(429, retry_after=100, signed=not signed))
        await waiting
        assert gates.message.startswith("the storage" if signed else "the service")

    run(main)


@pytest.fixture
async def wired(box: Sandbox):
    """A client, its gates, and an engine that goes through them; a place for a connection comes at once or
    never."""
    client = box.client(
        retry=Retry(base=0, cap=0, settle=0, probe_gap=0, max_retry_after=5),
        timeouts=Timeouts(pool=0.05),
        limits=Limits(connections=4),
    )
    async with client:
        gates = Limiters(Limits(connections=4), Retry(), Effort(patience=30))
        engine = client.engine(
            api=gates.api, storage=gates.storage, budget=gates.budget, hooks=[gates.record]
        )
        yield gates, engine


async def uploaded_one(engine: Engine, box: Sandbox, name: str) -> str:
    wanted = Upload(source=b"x" * 100, parent=box.project, filename=name)
    return (await engine.uploader.upload(wanted)).file_id


async def uploaded(engine: Engine, box: Sandbox, count: int) -> list[str]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(uploaded_one(engine, box, f"{number}.txt")) for number in range(count)]
    return [task.result() for task in tasks]


async def test_uploads_go_through_both_and_every_place_comes_back(wired, box: Sandbox) -> None:
    gates, engine = wired

    files = await uploaded(engine, box, 30)

    assert len(set(files)) == 30
    assert (gates.api.in_flight, gates.storage.in_flight) == (0, 0)
    assert (gates.requests, gates.throttled, gates.retries) == (90, 0, 0)


async def test_who_waits_for_a_gate_that_the_service_closed_is_not_failed(wired, box: Sandbox) -> None:
    """`Timeouts.pool` is a twentieth of a second here, and the pause a whole one."""
    gates, engine = wired
    box.faults.status("blobs.reserve", 429, retry_after=1)
    began = time.monotonic()

    files = await uploaded(engine, box, 12)

    assert len(set(files)) == 12
    assert time.monotonic() - began >= 1
    assert (gates.throttled, gates.retries) == (1, 1)


async def test_a_storage_that_is_down_is_given_up_and_told(box: Sandbox) -> None:
    gates = Limiters(Limits(), Retry(), Effort(patience=0))
    box.faults.reset_before("storage.put", times=None)
    async with box.client(retry=QUICK) as client:
        engine = client.engine(
            api=gates.api, storage=gates.storage, budget=gates.budget, hooks=[gates.record]
        )

        async def lane() -> None:
            while True:
                with suppress(StorageError):
                    await uploaded_one(engine, box, "x.txt")

        lanes = [asyncio.ensure_future(lane()) for _ in range(8)]
        async with asyncio.timeout(10):
            await gates.stopped.wait()
        for each in lanes:
            each.cancel()
        await asyncio.wait(lanes)

    assert gates.message == "the storage has not worked for 0 s"
    assert 0 < gates.retries <= 500 / 14
    assert (gates.api.in_flight, gates.storage.in_flight) == (0, 0)
