"""A job on three nats-servers that keep replicas: one of them may be lost, whatever it does."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from coredata_async.cluster import Cluster, ClusterJob, Worker
from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.certificate import make_certificate, read_fingerprint
from coredata_async.cluster.errors import ClusterError
from coredata_async.errors import ConfigurationError
from tests.cluster.fleet import RETRY, check_report, check_service, plant
from tests.cluster.servers import coredata
from tests.records.servers import NatsServer, nats_cluster

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

LEASE = 30.0
"""The default: on a busy machine, another server may take ten seconds to be elected."""


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


@asynccontextmanager
async def job_of(box, root: Path, address: ClusterAddress) -> AsyncGenerator[tuple[Cluster, ClusterJob]]:
    """Run a job on two processes of one worker, and yield it when it uploads."""
    async with box.client() as client, await connect(address) as cluster, asyncio.TaskGroup() as group:
        worker = Worker(
            client, cluster, shares={"fs01": root}, processes=2, directory=root.with_name("machine")
        )
        group.create_task(worker.run())
        try:
            async with ClusterJob(
                cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10
            ) as job:
                async with asyncio.timeout(60):
                    while not box.state.files:  # noqa: ASYNC110  # another process
                        await asyncio.sleep(0.05)
                yield cluster, job
        finally:
            worker.drain()


def list_jobs(url: str, *more: str) -> list[str]:
    command = coredata("job", "list", "--json", "--cluster", url, "--cluster-replicas", "3", *more)
    listed = subprocess.run(command, capture_output=True, timeout=30, check=True)
    return [json.loads(line)["job"] for line in listed.stdout.splitlines()]


async def test_a_job_survives_the_server_that_leads_its_table(box, tmp_path) -> None:
    root = tmp_path / "share"
    paths = plant(root, 4, 10)
    box.faults.delay("files.register", 0.5, times=None)
    (tmp_path / "nats").mkdir()
    with nats_cluster(tmp_path / "nats") as servers:
        async with job_of(box, root, ClusterAddress(url=servers[0].url)) as (cluster, job):
            stream = f"KV_cd-{job.id}-shards"
            leader = await lead_elsewhere(cluster, stream, 0)
            servers[leader].kill()
            async for _ in job:
                pass
            led = await find_leader(cluster, stream)
        living = next(server for number, server in enumerate(servers) if number != leader)
        listed = await asyncio.to_thread(list_jobs, living.url)

    assert led != leader
    assert listed == [job.id]
    check_service(box, paths)
    check_report(job.report, paths)


def secure(directory: Path, number: int) -> tuple[str, str]:
    """Return the settings of a server with a certificate of its own, and the fingerprint of that."""
    certificate, key = directory / f"{number}.pem", directory / f"{number}.key"
    make_certificate("127.0.0.1", certificate, key)
    settings = f"tls {{ cert_file: '{certificate}', key_file: '{key}', handshake_first: true }}"
    return settings, read_fingerprint(certificate)


@pytest.mark.parametrize("loss", [NatsServer.kill, NatsServer.freeze], ids=["dies", "is gone"])
async def test_workers_and_job_go_on_with_another_server_than_the_one_that_is_lost(
    box, tmp_path, loss: Callable[[NatsServer], None]
) -> None:
    root = tmp_path / "share"
    paths = plant(root, 4, 10)
    box.faults.delay("files.register", 0.5, times=None)
    (tmp_path / "nats").mkdir()
    settings, fingerprints = zip(*(secure(tmp_path, number) for number in range(3)), strict=True)
    with nats_cluster(tmp_path / "nats", advertise=False, settings=settings) as servers:
        url = ",".join(f"tls://127.0.0.1:{server.port}" for server in servers)
        address = ClusterAddress(url=url, fingerprint=",".join(fingerprints))
        async with job_of(box, root, address) as (cluster, job):
            await lead_elsewhere(cluster, f"KV_cd-{job.id}-shards", 0)  # otherwise it takes an election, too
            loss(servers[0])
            async for _ in job:
                pass
        listed = await asyncio.to_thread(list_jobs, url, "--cluster-fingerprint", ",".join(fingerprints))

    assert listed == [job.id]
    check_service(box, paths)
    check_report(job.report, paths)
    assert job.report.fences == 0


async def test_servers_that_do_not_form_a_cluster_are_refused(server) -> None:
    url = f"{server.files.url},nats://127.0.0.1:1"

    with pytest.raises(ConfigurationError, match="not one NATS cluster"):
        await Cluster.connect(url, token_file=server.files.token_file)
