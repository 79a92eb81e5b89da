"""Uploads in virtual time: when they may reserve their URL, and the bytes per second of all."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async import Retry, URLExpiredError
from coredata_async.bulk.limits.admission import (
    EXPIRED,
    FIRST,
    HORIZON,
    PROVING,
    STREAMS,
    Admission,
    Bandwidth,
    limit_bandwidth,
)
from coredata_async.bulk.limits.limiter import AdaptiveLimiter, FixedWidth
from coredata_async.bulk.limits.pacing import Circuit
from coredata_async.config import Timeouts
from coredata_async.message import Held, Reply, Request
from coredata_async.response_table import HostState
from coredata_async.sandbox import Sandbox
from coredata_async.storage.bodies import Streamed
from coredata_async.transfer.uploads import Upload
from coredata_async.transport.trace import Exchanged
from tests.bulk.virtual import now, run
from tests.rig import cancelled_at, some_bytes

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


def put(body: bytes | Streamed | None) -> Request:
    return Request("PUT", "https://s.example/b?Signature=x", body=body)


def streamed(*blocks: bytes) -> Streamed:
    async def give() -> AsyncGenerator[bytes, None]:
        for block in blocks:
            yield block

    return Streamed(sum(map(len, blocks)), give, name="it")


class Receiver:
    """Storage that receives at once, and records the time of each block."""

    def __init__(self, passes: int = 1) -> None:
        self.passes = passes
        self.came: list[tuple[float, int]] = []
        self.data = b""

    async def send(self, request: Request) -> Reply:
        for _ in range(self.passes):
            self.data = b""
            if isinstance(request.body, bytes):
                self.take(request.body)
            elif request.body is not None:
                async for block in request.body.chunks():
                    self.take(block)
        return Reply(200)

    def take(self, block: bytes) -> None:
        self.came.append((now(), len(block)))
        self.data += block


def test_a_stream_flows_evenly_at_the_limit() -> None:
    async def main() -> None:
        far, sent = Receiver(), list[int]()
        send = limit_bandwidth(far.send, Bandwidth(1000, clock=now), sent.append)
        data = some_bytes(5000)

        await send(put(streamed(data[:4000], data[4000:])))

        assert far.data == data
        assert now() == pytest.approx(4.9, abs=0.15)
        assert sent == [100] * 50
        times = [when for when, _ in far.came]
        assert max(after - before for before, after in pairwise(times)) < 0.11

    run(main)


def test_all_share_it_in_turn() -> None:
    async def main() -> None:
        far = [Receiver() for _ in range(4)]
        bandwidth = Bandwidth(1000, clock=now)
        ended = []

        async def one(receiver: Receiver) -> None:
            await limit_bandwidth(each.send, bandwidth, lambda _: None)(put(streamed(b"x" * 2000)))
            ended.append(now())

        async with asyncio.TaskGroup() as group:
            for each in far:
                group.create_task(one(each))

        assert now() == pytest.approx(8, abs=0.2)
        assert min(ended) > 7  # none had to wait for the others

    run(main)


@pytest.mark.parametrize("size", [1, 99, 100, 101, 5000])
def test_bytes_in_memory_flow_evenly(size: int) -> None:
    async def main() -> None:
        far, sent, data = Receiver(), list[int](), some_bytes(size)
        send = limit_bandwidth(far.send, Bandwidth(1000, clock=now), sent.append)

        await send(put(data))

        assert (far.data, sum(sent)) == (data, size)
        assert now() == pytest.approx(max(0, (size - 100) / 1000), abs=0.15)

    run(main)


def test_a_retry_is_limited_and_counted() -> None:
    async def main() -> None:
        sent: list[int] = []
        far = Receiver(passes=3)
        await limit_bandwidth(far.send, Bandwidth(1000, clock=now), sent.append)(put(streamed(b"x" * 1000)))

        assert sum(sent) == 3000
        assert now() == pytest.approx(3, abs=0.2)

    run(main)


@pytest.mark.parametrize("body", [b"x" * 5000, streamed(b"x" * 4000, b"y" * 1000)])
def test_without_a_limit_blocks_are_not_split(body: bytes | Streamed) -> None:
    async def main() -> None:
        far, sent = Receiver(), list[int]()

        await limit_bandwidth(far.send, Bandwidth(clock=now), sent.append)(put(body))

        assert (now(), sum(sent)) == (0, 5000)
        assert len(far.came) == (1 if isinstance(body, bytes) else 2)

    run(main)


@pytest.mark.parametrize("body", [None, b""])
def test_a_request_without_a_body_passes_unchanged(body: bytes | None) -> None:
    async def main() -> None:
        seen, request = [], put(body)

        async def send(request: Request) -> Reply:
            seen.append(request)
            return Reply(200)

        await limit_bandwidth(send, Bandwidth(1, clock=now), seen.append)(request)

        assert seen[0] is request
        assert len(seen) == 1

    run(main)


def test_a_limited_body_keeps_its_size_and_replayability() -> None:
    async def main() -> None:
        seen = []

        async def send(request: Request) -> Reply:
            seen.append((request.body.size, request.body.replayable))
            return Reply(200)

        once = Streamed(3, streamed(b"abc")._blocks, name="it", replayable=False)
        async for _ in once.chunks():
            pass
        through = limit_bandwidth(send, Bandwidth(1, clock=now), lambda _: None)
        for body in (streamed(b"abc"), once, b"abcd"):
            await through(put(body))

        assert seen == [(3, True), (3, False), (4, True)]

    run(main)


def test_a_new_limit_takes_effect_at_once() -> None:
    async def main() -> None:
        bandwidth = Bandwidth(1, clock=now)
        sending = asyncio.ensure_future(
            limit_bandwidth(Receiver().send, bandwidth, lambda _: None)(put(b"x" * 100_000))
        )
        await asyncio.sleep(10)
        bandwidth.set_limit(10_000)
        await asyncio.sleep(5)
        bandwidth.set_limit(1)
        await asyncio.sleep(1000)
        assert not sending.done()

        bandwidth.set_limit(None)
        await sending
        assert now() == 1015

    run(main)


@pytest.mark.parametrize("limit", [0, -1])
def test_zero_or_less_is_not_a_valid_limit(limit: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Bandwidth().set_limit(limit)


def test_idle_time_is_not_saved() -> None:
    async def main() -> None:
        bandwidth = Bandwidth(1000, clock=now)
        await asyncio.sleep(3600)
        began = now()
        await limit_bandwidth(Receiver().send, bandwidth, lambda _: None)(put(b"x" * 2000))
        assert now() - began == pytest.approx(1.85, abs=0.1)

    run(main)


@pytest.mark.parametrize("steps", range(12))
async def test_a_cancelled_task_delays_no_other(steps: int) -> None:
    bandwidth = Bandwidth(1e9)

    async def several() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(bandwidth.take(100))

    await cancelled_at(steps, several)

    async with asyncio.timeout(1):
        await bandwidth.take(1)
    assert not bandwidth._lock.locked()


@settings(max_examples=40, deadline=None)
@given(
    limit=st.floats(0.5, 1e7),
    sizes=st.lists(st.integers(1, 3_000_000), min_size=1, max_size=6),
)
def test_the_rate_is_at_most_the_limit_and_hardly_less(limit: float, sizes: list[int]) -> None:
    sizes = [min(size, int(limit * 20) + 1) for size in sizes]

    async def main() -> None:
        bandwidth = Bandwidth(limit, clock=now)
        async with asyncio.TaskGroup() as group:
            for size in sizes:
                group.create_task(
                    limit_bandwidth(Receiver().send, bandwidth, lambda _: None)(put(bytes(size)))
                )
        piece = bandwidth.piece or 0
        assert sum(sizes) <= now() * limit + 2 * piece + limit / 10
        assert now() <= sum(sizes) / limit + 0.1

    run(main)


async def test_two_megabytes_at_one_per_second_take_two_seconds_and_stall_nothing(box: Sandbox) -> None:
    """Each of six streams waits half a second or more for its next piece: longer than a stall may last."""
    sent: list[int] = []
    bandwidth = Bandwidth(1_000_000)
    contents = {f"{number}.bin": some_bytes(333_333, number) for number in range(6)}
    timeouts = Timeouts(stall=0.4, response=0.4)
    async with box.client(timeouts=timeouts, retry=Retry.none()) as client:
        engine = client.engine(around_storage=lambda send: limit_bandwidth(send, bandwidth, sent.append))
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for name, data in contents.items():
                wanted = Upload(source=data, parent=box.project, filename=name)
                group.create_task(engine.uploader.upload(wanted))

    assert 1.5 <= time.monotonic() - began < 10
    assert sum(sent) == 2_000_000 - 2
    stored = [await box.content(file.id) for file in box.state.files]
    assert sorted(stored) == sorted(contents.values())
