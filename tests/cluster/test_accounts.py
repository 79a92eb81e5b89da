"""Two accounts on one cluster: each has limits and jobs of its own."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from attrs import define

from coredata_async.bulk.events import Warned
from coredata_async.cluster import Cluster, ClusterJob, Worker
from coredata_async.cluster.jobs import Jobs
from coredata_async.config import Limits
from coredata_async.sandbox import SandboxThread
from tests.cluster.fleet import RETRY, check_report, check_service, plant
from tests.cluster.test_shared_limits import Meter

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

LEASE = 3.0
RATE = 20.0


@pytest.fixture
def other():
    """Return the service of another account: the same user at another address."""
    with SandboxThread() as other:
        yield other


async def has_files(box) -> None:
    async with asyncio.timeout(40):
        while not box.state.files:  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)


async def test_jobs_of_two_accounts_run_side_by_side_each_with_its_own_rate(
    box, other, server, tmp_path
) -> None:
    paths = plant(tmp_path / "share", 2, 20)
    async with (
        box.client() as ours,
        other.client() as theirs,
        await Cluster.open(server.address, lease=LEASE) as cluster,
        asyncio.TaskGroup() as group,
    ):
        meters, jobs = [Meter(box), Meter(other)], []
        metering = [group.create_task(meter.run()) for meter in meters]
        workers = []
        for name, client, service in (("fs01", ours, box), ("fs02", theirs, other)):
            workers.append(
                Worker(client, cluster, shares={name: tmp_path / "share"}, directory=tmp_path / name)
            )
            group.create_task(workers[-1].run())
            wanted = {"retry": RETRY, "limits": Limits(rate=RATE), "shard_files": 20}
            jobs.append(ClusterJob(cluster, [f"{name}:/"], parent=service.project, **wanted))
        running = [group.create_task(job.run()) for job in jobs]
        await asyncio.gather(has_files(box), has_files(other))
        begin = time.monotonic()
        await asyncio.sleep(2)
        end = time.monotonic()
        still = [not each.done() for each in running]
        await asyncio.wait(running)
        for each in (*metering, *workers):
            each.cancel() if isinstance(each, asyncio.Task) else each.drain()

    for service, job in ((box, jobs[0]), (other, jobs[1])):
        check_service(service, paths)
        check_report(job.report, paths)
    assert still == [True, True]
    assert [meter.seconds_with_more_than(RATE) for meter in meters] == [[], []]
    assert sum(meter.mean(begin, end) for meter in meters) > 1.4 * RATE


@define
class Accounts:
    """A job of one account, and a function that starts workers of either one."""

    cluster: Cluster
    job: ClusterJob
    start: Callable[..., None]


@asynccontextmanager
async def job_of_ours(box, server, tmp_path) -> AsyncGenerator[Accounts]:
    """Yield a job that belongs to the account of a service, as if a worker of it had taken the scan."""
    async with (
        box.client() as ours,
        await Cluster.open(server.address, lease=LEASE) as cluster,
        asyncio.TaskGroup() as group,
        AsyncExitStack() as ending,
    ):

        def start(client, name: str, *shares: str) -> None:
            roots = dict.fromkeys(shares, tmp_path / "share")
            worker = Worker(client, cluster, shares=roots, directory=tmp_path / name)
            ending.callback(worker.drain)
            group.create_task(worker.run())

        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10)
        async with job:
            engine = ours.engine()
            await (await Jobs.open(cluster)).change(job.id, owner=(engine.tenant, engine.account))
            yield Accounts(cluster, job, start)


async def test_a_worker_of_another_account_gives_a_task_back_and_goes_on_with_its_own(
    box, other, server, tmp_path
) -> None:
    paths = plant(tmp_path / "share", 2, 10)
    warnings: list[str] = []
    async with (
        box.client() as ours,
        other.client() as theirs,
        job_of_ours(box, server, tmp_path) as accounts,
    ):
        job, start = accounts.job, accounts.start
        start(theirs, "wrong", "fs01", "fs02")
        async for event in job:
            if isinstance(event, Warned) and "belongs to" in event.message and not warnings:
                warnings.append(event.message)
                second = ClusterJob(accounts.cluster, ["fs02:/"], parent=other.project, retry=RETRY)
                own = await second.run()
                start(ours, "right", "fs01")

    assert f"at {box.url}, and this worker has the key of {other.api_user} at {other.url}" in warnings[0]
    assert "give all workers of a share the same environment" in warnings[0]
    for service, report in ((box, job.report), (other, own)):
        check_service(service, paths)
        check_report(report, paths)
    assert job.report.lost_shards == ()


async def test_a_worker_of_another_account_does_not_get_each_delivery_of_a_task(
    box, other, server, tmp_path
) -> None:
    paths = plant(tmp_path / "share", 2, 10)
    async with (
        box.client() as ours,
        other.client() as theirs,
        job_of_ours(box, server, tmp_path) as accounts,
    ):
        job, start = accounts.job, accounts.start
        start(theirs, "wrong", "fs01")
        await has_warned(job)
        start(ours, "right", "fs01")
        async for _ in job:
            pass

    check_service(box, paths)
    check_report(job.report, paths)


async def has_warned(job: ClusterJob) -> None:
    async for event in job:
        if isinstance(event, Warned) and "belongs to" in event.message:
            return
