"""Jobs on several worker processes with a real nats-server: each file once, whatever dies."""

import asyncio
import os
import signal
import sys
from contextlib import suppress

import pytest

from coredata_async.bulk.events import FileDone, Scanned
from coredata_async.bulk.options import Effort
from coredata_async.cluster import ClusterJob, JobLockedError, ShardMoved, WorkerJoined
from coredata_async.cluster.connection import Cluster
from tests.cluster.fleet import LEASE, RETRY, check_report, check_service, ended, fleet_of

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]


def job_for(cluster, box, **options) -> ClusterJob:
    wanted = {"parent": box.project, "retry": RETRY, "shard_files": 10, **options}
    return ClusterJob(cluster, ["fs01:/"], **wanted)


async def watch(job: ClusterJob) -> list[object]:
    async with job:
        return [event async for event in job]


async def test_two_workers_upload_each_file_once(box, server, cluster, tmp_path) -> None:
    async with fleet_of(2, box, server, cluster, tmp_path) as (_, paths):
        job = job_for(cluster, box)
        events = await watch(job)

    check_service(box, paths)
    check_report(job.report, paths)
    assert sum(each.cpu for each in job.report.workers) > 0
    assert job.report.shards.planned == 4
    assert job.report.shards.moved == job.report.fences == 0
    done = [event.path.rpartition("/")[2] for event in events if isinstance(event, FileDone)]
    assert sorted(done) == sorted(path.rpartition("/")[2] for path in paths)
    assert sum(isinstance(event, WorkerJoined) for event in events) == 2
    assert any(isinstance(event, Scanned) for event in events)


async def test_a_killed_worker_is_replaced(box, server, cluster, tmp_path) -> None:
    box.faults.delay("files.register", 1.2)  # a shard takes longer than the pause below
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            [victim] = await fleet.busy()
            await asyncio.sleep(0.5)
            os.kill(victim, signal.SIGKILL)
            await fleet.start()
            events = await watching

    check_service(box, paths)
    check_report(job.report, paths)
    assert job.report.shards.moved >= 1  # no fence, if it was killed between two shards
    assert any(isinstance(event, ShardMoved) for event in events)


@pytest.mark.skipif(sys.platform != "linux", reason="the timer is a part of Linux")
async def test_a_worker_that_was_frozen_past_its_lease_is_killed_before_it_sends(
    box, server, cluster, tmp_path
) -> None:
    box.faults.delay("files.register", 1.2)  # a shard takes longer than the pause below
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            [victim] = await fleet.busy()
            await asyncio.sleep(0.5)
            os.kill(victim, signal.SIGSTOP)
            await fleet.start()
            await watching
        with suppress(ProcessLookupError):  # the timer kills it while it is stopped
            os.kill(victim, signal.SIGCONT)
        await ended(victim, 1)

    check_service(box, paths)
    check_report(job.report, paths)
    assert job.report.shards.moved >= 1


async def test_a_scan_whose_worker_is_killed_is_repeated_by_another_one(
    box, server, cluster, tmp_path
) -> None:
    box.faults.delay("folders.create", 3.0)
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            [victim] = await fleet.busy(kind="scan")
            await asyncio.sleep(1.5)
            os.kill(victim, signal.SIGKILL)
            await watching

    check_service(box, paths)
    check_report(job.report, paths)


async def test_a_killed_nats_server_costs_nothing_but_time(box, server, cluster, tmp_path) -> None:
    box.faults.delay("files.register", 0.3)
    async with fleet_of(2, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            await fleet.busy()
            await asyncio.to_thread(server.restart, 1.0)
            await watching

    check_service(box, paths)
    check_report(job.report, paths)


async def test_a_job_goes_on_without_its_coordinator(box, server, cluster, tmp_path) -> None:
    box.faults.delay("folders.create", 1.0)  # the scan takes long enough to be seen
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, paths):
        async with await Cluster.open(server.address, lease=LEASE) as other:
            job = job_for(other, box)
            async with job:
                await fleet.busy(kind="scan")
        watched = await ClusterJob.attach(cluster, job.id)
        report = await watched.run()

    check_service(box, paths)
    check_report(report, paths)


async def test_a_second_job_for_the_same_tree_is_refused(box, server, cluster, tmp_path) -> None:
    async with fleet_of(1, box, server, cluster, tmp_path) as (_, paths), job_for(cluster, box) as first:
        with pytest.raises(JobLockedError, match=first.id):
            await job_for(cluster, box).run()
        async for _ in first:
            pass

    check_service(box, paths)
    check_report(first.report, paths)


async def test_a_drained_job_is_finished_by_the_next_one(box, server, cluster, tmp_path) -> None:
    box.faults.delay("files.register", 1.2)
    async with fleet_of(2, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            await fleet.busy()
            job.drain()
            await watching
        box.faults.clear()
        assert job.report.counts.pending > 0
        assert job.report.exit_code == 130
        assert job.report.adds_up
        second = await job_for(cluster, box).run()

    check_service(box, paths)
    check_report(second, paths)


async def test_a_terminated_worker_gives_its_shard_back_at_once(box, server, cluster, tmp_path) -> None:
    box.faults.delay("files.register", 0.3)
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            await fleet.busy()
            fleet.commands[0].send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(fleet.commands[0].wait(), 20) == 0
            await fleet.start()
            await watching

    check_service(box, paths)
    check_report(job.report, paths)
    assert job.report.fences == 0


async def test_a_terminated_worker_gives_its_scan_back(box, server, cluster, tmp_path) -> None:
    box.faults.delay("folders.create", 3.0)
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            await fleet.busy(kind="scan")
            fleet.commands[0].send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(fleet.commands[0].wait(), 20) == 0
            await fleet.start()
            await watching

    check_service(box, paths)
    check_report(job.report, paths)


async def test_a_job_that_is_stopped_while_it_is_scanned_ends(box, server, cluster, tmp_path) -> None:
    box.faults.delay("folders.create", 3.0)
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, _):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            await fleet.busy(kind="scan")
            job.stop()
            await asyncio.wait_for(watching, 30)

    assert job.report.exit_code == 130
    assert not job.report.scanned


@pytest.mark.parametrize("fault", ["reset_after", "commit_late"])
async def test_a_registration_whose_answer_dies_with_its_worker_is_found(
    box, server, cluster, tmp_path, fault: str
) -> None:
    late = (1.5,) if fault == "commit_late" else ()
    getattr(box.faults, fault)("files.register", *late, every=3, times=8)
    box.faults.delay("files.register", 0.4)
    async with fleet_of(1, box, server, cluster, tmp_path) as (fleet, paths):
        job = job_for(cluster, box)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            [victim] = await fleet.busy()
            await asyncio.sleep(0.6)
            os.kill(victim, signal.SIGKILL)
            await watching

    check_service(box, paths)
    check_report(job.report, paths)


async def test_workers_without_their_server_end_before_their_leases_and_continue_later(
    box, server, cluster, tmp_path
) -> None:
    box.faults.delay("files.register", 0.6)
    async with fleet_of(1, box, server, cluster, tmp_path, folders=2, files=60) as (fleet, paths):
        job = job_for(cluster, box, shard_files=60, effort=Effort(concurrency=4))
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch(job))
            await fleet.busy()
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(LEASE + 1)
            before = len(list(box.state.files))
            await asyncio.sleep(1.5)
            assert len(list(box.state.files)) == before  # nothing is sent without a lease
            assert before < len(paths)
            await asyncio.to_thread(server.start)
            await watching

    check_service(box, paths)
    check_report(job.report, paths)
    assert job.report.shards.moved >= 1
