"""Time of reservations: when uploads may reserve their URL, in virtual time."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from coredata_async import URLExpiredError
from coredata_async.bulk.limits.admission import EXPIRED, FIRST, PROVING, Admission, limit_bandwidth
from coredata_async.bulk.limits.bandwidth import HORIZON, STREAMS, Bandwidth
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, FixedWidth
from coredata_async.bulk.limits.pacing import Circuit
from coredata_async.message import Held, Reply, Request
from coredata_async.response_table import HostState
from coredata_async.transport.trace import Exchanged
from tests.bulk.virtual import now, run

ROUND_TRIP = 0.05


def a_limiter(width: int = 64) -> AdaptiveLimiter:
    return AdaptiveLimiter("the storage", FixedWidth(width), Circuit(900), on_stop=print, clock=now)


def expired(*, on_arrival: bool = True) -> URLExpiredError:
    return URLExpiredError("late", stage="put", on_arrival=on_arrival, skew=600.0)


@asynccontextmanager
async def file(admission: Admission):
    await admission.begin()
    try:
        yield
    finally:
        admission.end()


class Uploads:
    """Reserves and sends like the upload engine, and records how long each URL waited for its first byte."""

    def __init__(
        self, limit: float | None, *, gate: AdaptiveLimiter | None = None, speed: float = 1e9
    ) -> None:
        self.gate = gate or a_limiter()
        self.bandwidth = Bandwidth(limit, clock=now)
        self.admission = Admission(self.gate, self.bandwidth)
        self.waited: list[float] = []
        self.speed = speed
        self.send = limit_bandwidth(self._send, self.bandwidth, lambda count: None)

    async def upload(self, size: int, *, whole: bool = True) -> None:
        async with file(self.admission), self.admission.slot(size, whole=whole):
            await asyncio.sleep(ROUND_TRIP)
            self.reserved = now()
            await self.send(Request("PUT", "https://s.example/b?S=x", body=Held(b"x" * size)))
        self.admission.record_stored()

    async def _send(self, request: Request) -> Reply:
        reserved = now()
        await self.gate.acquire()
        try:
            first = True
            async for block in request.body.chunks():
                if first:
                    self.waited.append(now() - reserved)
                first = False
                await asyncio.sleep(len(block) / self.speed)
        finally:
            self.gate.release()
        return Reply(200)


def test_a_url_waits_no_longer_than_the_horizon_and_no_time_is_lost() -> None:
    async def main() -> None:
        line = Uploads(1000)
        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                group.create_task(line.upload(200))

        assert now() == pytest.approx(60 * 200 / 1000, rel=0.05)
        assert max(line.waited) < HORIZON + 0.3

    run(main)


def test_streams_and_small_files_share_the_limit() -> None:
    async def main() -> None:
        line, ended = Uploads(1000), []

        async def small() -> None:
            await line.upload(100)
            ended.append(now())

        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(line.upload(5000, whole=False))
            for _ in range(10):
                group.create_task(small())

        assert now() == pytest.approx(31, rel=0.05)
        assert max(line.waited) < 1.0
        assert max(ended) < 10

    run(main)


def test_more_streams_begin_if_a_part_of_the_limit_is_unused() -> None:
    async def main() -> None:
        line = Uploads(10_000, speed=1000)
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(line.upload(5000, whole=False))

        assert now() < 8 * 5 / STREAMS / 1.5

    run(main)


def test_a_removed_limit_lets_all_begin() -> None:
    async def main() -> None:
        line = Uploads(10)
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(line.upload(1000))
            await asyncio.sleep(1)
            line.bandwidth.set_limit(None)

        assert now() < 110

    run(main)


def test_cancelled_uploads_release_their_slot() -> None:
    async def main() -> None:
        line = Uploads(1000)
        tasks = [asyncio.create_task(line.upload(5000, whole=False)) for _ in range(8)]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert line.gate.in_flight == 0
        began = now()

        await line.upload(1000, whole=False)

        assert now() - began < 2

    run(main)


@pytest.mark.parametrize(
    ("limit", "whole", "again", "held"),
    [
        (None, True, False, False),
        (None, True, True, True),
        (None, False, False, True),
        (1000, True, False, True),
    ],
)
def test_without_a_limit_only_streams_and_second_urls_take_their_slot_first(
    limit, whole, again, held
) -> None:
    async def main() -> None:
        gate = a_limiter(1)
        admission = Admission(gate, Bandwidth(limit, clock=now))

        assert admission.holds_back(whole=whole, again=again) == held

        async with admission.slot(5, whole=whole):
            assert gate.locked()
        assert not gate.locked()

    run(main)


def test_a_slot_that_was_taken_beforehand_is_used() -> None:
    async def main() -> None:
        gate = a_limiter(1)
        async with gate.slot():
            await gate.acquire()
            assert gate.in_flight == 1
            gate.release()
            assert gate.in_flight == 0
        assert gate.in_flight == 0

    run(main)


def test_a_slot_is_not_used_if_the_limiter_was_closed_meanwhile() -> None:
    async def main() -> None:
        gate = a_limiter(2)
        async with gate.slot():
            await gate.acquire()
            gate.record(Exchanged("PUT", "s/b", 429, 0.1, retry_after=30, signed=True))
            gate.release()
        async with asyncio.timeout(100):
            async with gate.slot():
                assert now() >= 30
                gate.record(Exchanged("PUT", "s/b", 429, 0.1, retry_after=30, signed=True))
                await gate.acquire()
                assert now() >= 60
                gate.release()
        assert gate.in_flight == 0

    run(main)


def test_a_probe_keeps_its_slot_although_the_circuit_is_open() -> None:
    async def main() -> None:
        circuit = Circuit(900)
        gate = AdaptiveLimiter("the storage", FixedWidth(2), circuit, on_stop=print, clock=now)
        for _ in range(30):
            circuit.record(HostState.FAILS, now(), 0.1)
        gate.record(Exchanged("PUT", "s/b", 500, 0.1, signed=True))
        async with gate.slot():
            began = now()
            await gate.acquire()
            assert now() == began
            gate.release()

    run(main)


def test_few_files_begin_until_one_is_stored() -> None:
    async def main() -> None:
        admission = Admission(a_limiter(), Bandwidth(clock=now))
        inside = 0
        leave = asyncio.Event()

        async def upload() -> None:
            nonlocal inside
            async with file(admission):
                inside += 1
                await leave.wait()

        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(upload())
            await asyncio.sleep(1)
            assert inside == FIRST
            admission.record_stored()
            await asyncio.sleep(1)
            assert inside == 20
            leave.set()

    run(main)


def test_a_slow_first_file_does_not_delay_the_others() -> None:
    async def main() -> None:
        admission = Admission(a_limiter(), Bandwidth(clock=now), first=1)
        async with file(admission), asyncio.timeout(PROVING + 1), file(admission):
            assert now() == pytest.approx(PROVING)

    run(main)


def test_after_some_files_whose_urls_had_expired_the_others_fail_without_a_request() -> None:
    async def main() -> None:
        admission = Admission(a_limiter(), Bandwidth(clock=now), first=1)

        async def upload() -> None:
            async with file(admission):
                await asyncio.sleep(1)
                admission.record_expired(expired())

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_error_of(upload())) for _ in range(9)]

        assert [task.result() is not None for task in tasks] == [False] * EXPIRED + [True] * (9 - EXPIRED)
        assert now() == EXPIRED
        assert tasks[-1].result().skew == 600.0
        admission.record_stored()
        async with file(admission):
            pass

    run(main)


def test_urls_that_expire_on_a_slow_connection_stop_nothing() -> None:
    async def main() -> None:
        admission = Admission(a_limiter(), Bandwidth(clock=now))
        for _ in range(EXPIRED + 1):
            admission.record_expired(expired(on_arrival=False))

        async with file(admission):
            pass

    run(main)


async def _error_of(work) -> URLExpiredError | None:
    try:
        await work
    except URLExpiredError as exc:
        return exc
    return None
