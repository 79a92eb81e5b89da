"""Entries of tables that are not what this version writes: no worker ends, and every job does."""

import asyncio
import json
from hashlib import sha256

import pytest

from coredata_async.bulk.events import FileDone
from coredata_async.cluster import Cluster, ClusterError, ClusterJob, Worker
from coredata_async.cluster.connection import JOBS, LIMITS, WORKERS
from coredata_async.cluster.folders import TableFolders
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import folder_key, parse_sources
from coredata_async.cluster.names import TableNames
from coredata_async.cluster.take import LeaseTaker
from coredata_async.errors import ConfigurationError
from coredata_async.fence import NO_FENCE
from tests.cluster.fleet import RETRY, check_report, check_service, plant

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


@pytest.mark.parametrize("junk", [None, b"{}"], ids=["deleted", "damaged"])
async def test_a_job_whose_entry_is_lost_while_it_is_worked_on_ends_no_worker(
    box, server, tmp_path, junk
) -> None:
    root = tmp_path / "share"
    paths = plant(root, 2, 4)
    box.faults.delay("files.register", 1.0, times=None)
    options = {"parent": box.project, "retry": RETRY, "shard_files": 4}
    async with (
        box.client() as client,
        await Cluster.open(server.address, lease=3) as cluster,
        asyncio.TaskGroup() as group,
    ):
        worker = Worker(client, cluster, shares={"fs01": root}, directory=tmp_path / "machine")
        running = group.create_task(worker.run())
        lost = ClusterJob(cluster, ["fs01:/"], **options)
        async with lost:
            async for event in lost:
                if isinstance(event, FileDone):
                    break
            bucket = (await cluster.table(JOBS))._bucket
            await (bucket.delete(lost.id) if junk is None else bucket.put(lost.id, junk))
            with pytest.raises(ConfigurationError):
                async for _ in lost:
                    pass
        await bucket.purge(lost.id)
        report = await ClusterJob(cluster, ["fs01:/"], **options).run()
        assert not running.done()
        worker.drain()

    assert worker.metrics.restarts == 0
    check_report(report, paths)
    check_service(box, paths)


async def test_damaged_entries_of_folders_and_names_are_errors_that_name_them(cluster) -> None:
    table, sources = await cluster.table("cd-j-folders"), parse_sources(["fs01:/", "fs02:/"])
    key = f"names.{sha256(b'folder').hexdigest()}"
    for junk in ({"names": {"7": ""}}, {"names": {"x": ""}}, {"names": {}, "whole": 7}, {"names": {"0": 7}}):
        await table._bucket.put(key, json.dumps(junk).encode())
        with pytest.raises(ClusterError, match="is damaged"):
            await TableNames(table, sources, 0).claim("folder", ["a"])


@pytest.mark.parametrize(
    "junk",
    [{"state": "READY"}, {"state": "READY", "id": 7, "epoch": 3}, {"owner": "m/scan.0.x"}],
    ids=["no id", "wrong id", "owner"],
)
async def test_a_folder_whose_entry_is_damaged_is_looked_for_before_it_is_created(cluster, junk) -> None:
    table = await cluster.table("cd-j-folders")
    await table._bucket.put(folder_key("p", "t"), json.dumps(junk).encode())
    taker = LeaseTaker(owner="me", length=1.0)
    folders = TableFolders(
        table=table, taker=taker, retry=RETRY, scan="scan.0", epoch=2, fence=NO_FENCE, sleep=no_sleep
    )

    async def create() -> str:
        return "created"

    async def find() -> str | None:
        return "found"

    assert await folders.get("p", "t") is None
    assert await folders.make("p", "t", create, find) == "found"


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)
