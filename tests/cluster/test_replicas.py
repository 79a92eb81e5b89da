"""A job on three nats-servers that keep replicas: one of them may be killed."""

import asyncio
import json
import subprocess
from contextlib import suppress

import pytest

from coredata_async.cluster import Cluster, ClusterJob, Worker
from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.errors import ClusterError
from tests.cluster.fleet import RETRY, check_report, check_service, plant
from tests.cluster.servers import coredata
from tests.records.servers import nats_cluster

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

LEASE = 6.0


async def connect(address: ClusterAddress) -> Cluster:
    """Connect when the servers have elected one that creates tables."""
    async with asyncio.timeout(60):
        while True:
            with suppress(ClusterError):
                return await Cluster.open(address, replicas=3, lease=LEASE)
            await asyncio.sleep(0.5)


async def find_leader(cluster: Cluster, stream: str) -> int:
    """Return the number of the server that decides about a stream."""
    reply = await cluster._connection.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=5)
    return int(json.loads(reply.data)["cluster"]["leader"].removeprefix("n"))


async def lead_elsewhere(cluster: Cluster, stream: str, server: int) -> int:
    """Let another server than this one decide about a stream, and return its number."""
    while (leader := await find_leader(cluster, stream)) == server:
        await cluster._connection.request(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}", b"", timeout=5)
        await asyncio.sleep(0.5)
    return leader


async def test_a_job_survives_the_server_that_leads_its_table(box, tmp_path) -> None:
    root = tmp_path / "share"
    paths = plant(root, 4, 10)
    box.faults.delay("files.register", 0.5, times=None)
    (tmp_path / "nats").mkdir()
    with nats_cluster(tmp_path / "nats") as servers:
        address = ClusterAddress(url=servers[0].url)
        async with (
            box.client() as client,
            await connect(address) as cluster,
            asyncio.TaskGroup() as group,
        ):
            worker = Worker(
                client, cluster, shares={"fs01": root}, processes=2, directory=tmp_path / "machine"
            )
            group.create_task(worker.run())
            job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10)
            async with job:
                table = await cluster.table(f"cd-{job.id}-shards")
                leader = await lead_elsewhere(cluster, f"KV_{table.name}", 0)
                async with asyncio.timeout(60):
                    while not box.state.files:  # noqa: ASYNC110  # another process
                        await asyncio.sleep(0.05)
                servers[leader].kill()
                async for _ in job:
                    pass
            led = await find_leader(cluster, f"KV_{table.name}")
            worker.drain()
            living = next(server for number, server in enumerate(servers) if number != leader)
            command = coredata("job", "list", "--json", "--cluster", living.url, "--cluster-replicas", "3")
            listed = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=30)

    assert led != leader
    assert json.loads(listed.stdout)["job"] == job.id
    check_service(box, paths)
    check_report(job.report, paths)
