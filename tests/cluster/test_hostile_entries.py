"""Entries of tables that are not what this version writes: no worker ends, and every job does."""

import asyncio
import json

import pytest

from coredata_async.cluster import Cluster, ClusterJob, Worker
from coredata_async.cluster.connection import JOBS, LIMITS, WORKERS
from coredata_async.cluster.jobs import Jobs
from tests.cluster.fleet import RETRY, check_report, plant

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

JUNK = [
    b"",
    b"\xff\xfe",
    b"[" * 100_000,
    b"7",
    b"{}",
    *(
        json.dumps(each).encode()
        for each in (
            {"shares": 7, "host": 7, "length": "x"},
            {"shares": ["fs01"], "length": 1e308, "beat": [], "since": "x", "ended_at": float("nan")},
            {"workers": 7},
            {"workers": {"x": {"beat": None, "limits": []}}},
            {"id": 7, "sources": ["../x"], "state": []},
        )
    ),
]


async def test_a_job_is_done_although_others_have_written_junk(box, server, tmp_path) -> None:
    root = tmp_path / "share"
    paths = plant(root, 2, 4)
    async with (
        box.client() as client,
        await Cluster.open(server.address, lease=3) as cluster,
        asyncio.TaskGroup() as group,
    ):
        for table in (JOBS, WORKERS, LIMITS):
            bucket = await cluster._stream.key_value(table)
            for number, data in enumerate(JUNK):
                await bucket.put(f"junk-{number}", data)
        worker = Worker(client, cluster, shares={"fs01": root}, directory=tmp_path / "machine")
        running = group.create_task(worker.run())
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=4)
        async with job:
            bucket = (await cluster.table(f"cd-{job.id}-shards"))._bucket
            for number, data in enumerate(JUNK):
                await bucket.put(f"scan.{number + 1}", data)
                await bucket.put(f"other-{number}", data)
            async for _ in job:
                pass
        assert not running.done()
        assert [each.id for each in await (await Jobs.open(cluster)).all()] == [job.id]
        worker.drain()

    assert worker.metrics.restarts == 0
    check_report(job.report, paths)
