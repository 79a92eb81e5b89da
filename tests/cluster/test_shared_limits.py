"""Limits of an account over several worker processes, measured at the service."""

import asyncio
import os
import signal
import time
from itertools import pairwise

import pytest

from coredata_async.bulk.workers.channel import encode_event
from coredata_async.cluster import ClusterJob
from coredata_async.cluster.account import Account
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.limits import AccountLimits
from coredata_async.config import Limits
from coredata_async.transport.trace import Exchanged
from tests.cluster.fleet import RETRY, check_report, check_service, fleet_of

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]
RATE = 40.0


class Meter:
    """Counts requests to the service as they arrive, by polling its counters."""

    def __init__(self, box) -> None:
        self.box, self.samples = box, []

    def count(self) -> int:
        counts = dict(self.box.state.counts)
        return sum(number for name, number in counts.items() if not name.startswith("storage."))

    async def run(self) -> None:
        while True:
            before, count = time.monotonic(), self.count()
            self.samples.append((before, count, time.monotonic()))
            await asyncio.sleep(0.01)

    def seconds_with_more_than(self, rate: float) -> list[tuple[int, float]]:
        """Return the number of requests and the longest stop of each second that had too many.

        What arrives while the machine has stopped this process is counted afterwards. So a second may have
        the requests of the longest stop in it, or in the second before it, too.
        """
        found, first = [], 0
        stops = [(one[2], two[0] - one[2]) for one, two in pairwise(self.samples)]
        for _, count, after in self.samples:
            while self.samples[first][0] < after - 1:
                first += 1
            number = count - self.samples[first][1]
            if number > rate:
                stop = max(gap for at, gap in stops if after - 2 <= at < after)
                if number > rate * (1 + stop):
                    found.append((number, stop))
        return found

    def mean(self, begin: float, end: float) -> float:
        inside = [(at, count) for at, count, _ in self.samples if begin <= at <= end]
        return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


async def test_a_throttled_worker_reaches_all_others_within_a_tenth_of_a_second(server) -> None:
    event = Exchanged("GET", "/api/v2/files/", status=429, seconds=0.1, retry_after=3.0)
    async with (
        await Cluster.open(server.address) as one,
        await Cluster.open(server.address) as other,
        asyncio.TaskGroup() as group,
    ):
        sender = await Account.open(one, "account", AccountLimits(), group)
        receiver = await Account.open(other, "account", AccountLimits(), group)
        learned: asyncio.Queue[Exchanged] = asyncio.Queue()
        own: list[Exchanged] = []
        sender.bulletin.subscribe(own.append)
        receiver.bulletin.subscribe(learned.put_nowait)
        took: list[float] = []
        for _ in range(10):  # a busy machine may delay some of them
            began = time.monotonic()
            sender.bulletin.publish(event)
            async with asyncio.timeout(30):
                got = await learned.get()
            took.append(time.monotonic() - began)
            assert encode_event(got) == encode_event(event)

    assert min(took) < 0.1
    assert learned.empty()
    assert own == []


async def test_workers_use_the_rate_and_never_exceed_it_while_one_dies_and_one_joins(
    box, server, cluster, tmp_path
) -> None:
    async with fleet_of(3, box, server, cluster, tmp_path, folders=4, files=120) as (fleet, paths):
        meter = Meter(box)
        wanted = {"parent": box.project, "retry": RETRY, "limits": Limits(rate=RATE), "shard_files": 60}
        job = ClusterJob(cluster, ["fs01:/"], **wanted)
        async with asyncio.TaskGroup() as group:
            metering = group.create_task(meter.run())
            running = group.create_task(job.run())
            await fleet.busy(3)
            await fleet.start()
            await asyncio.sleep(4)
            begin = time.monotonic()
            os.kill((await fleet.busy())[0], signal.SIGKILL)
            await asyncio.sleep(8)
            end = time.monotonic()
            await running
            metering.cancel()

    check_service(box, paths)
    check_report(job.report, paths)
    assert meter.seconds_with_more_than(RATE) == []
    assert meter.mean(begin, end) >= 0.85 * RATE
