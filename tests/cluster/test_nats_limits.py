"""Limits of the NATS server that are too small: named at the start, or waited for until they are raised."""

import asyncio
import os
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from coredata_async.bulk.events import FileDone, Warned
from coredata_async.bulk.options import JobSpec, Rule, Selection
from coredata_async.cluster import Cluster, ClusterError, ClusterJob
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import parse_sources
from coredata_async.errors import ConfigurationError
from tests.cluster.fleet import LEASE, RETRY, check_report, check_service, fleet_of
from tests.cluster.servers import ClusterServer

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


class LimitedServer(ClusterServer):
    """A server whose limits are set while it does not run."""

    def limit(self, *, max_file_store: str = "", max_payload: str = "") -> None:
        text = re.sub(r"\n *max_(file_store|payload):.*", "", self.files.config.read_text())
        if max_file_store:
            text = text.replace("jetstream {", f"jetstream {{\n  max_file_store: {max_file_store}")
        if max_payload:
            text += f"max_payload: {max_payload}\n"
        self.files.config.write_text(text)


@pytest.fixture
def limited(tmp_path):
    server = LimitedServer(tmp_path / "server")
    yield server
    server.kill()


async def test_a_server_that_takes_small_messages_only_is_refused_with_the_setting(limited) -> None:
    limited.limit(max_payload="64KB")
    limited.start()

    with pytest.raises(ConfigurationError, match=r"65,536 bytes, .* `max_payload: 1MB`"):
        await Cluster.open(limited.address)


async def test_a_job_whose_description_is_too_large_is_an_error_that_names_the_setting(limited) -> None:
    limited.start()
    spec = JobSpec(selection=Selection(rules=[Rule(f"{number}{'x' * 1000}") for number in range(1100)]))
    async with await Cluster.open(limited.address) as cluster:
        jobs = await Jobs.open(cluster)
        with pytest.raises(ClusterError, match="larger than max_payload of the NATS server"):
            await jobs.begin(parse_sources(["fs01:/"]), "p1", spec)
        assert await jobs.all() == []


async def test_a_job_waits_with_the_reason_while_the_server_is_full_and_goes_on_when_it_has_room(
    box, limited, tmp_path
) -> None:
    limited.limit(max_file_store="30KB")  # enough for the scan, but not for all shards
    limited.start()
    warnings: list[str] = []
    async with (
        await Cluster.open(limited.address, lease=LEASE) as cluster,
        fleet_of(1, box, limited, cluster, tmp_path) as (_, paths),
    ):
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10)
        async with job:
            async for event in job:
                if isinstance(event, Warned) and not warnings:
                    limited.limit()
                    await asyncio.to_thread(limited.restart)
                    warnings.append(event.message)

    assert "insufficient resources" in warnings[0]
    assert "raise max_file_store of its jetstream" in warnings[0]
    check_service(box, paths)
    check_report(job.report, paths)


@pytest.fixture
def small_disk(tmp_path):
    """Yield a directory on a file system of its own, which the test can fill."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs root, and the right to mount a file system")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


async def test_a_job_says_that_the_disk_of_the_server_is_full_and_goes_on_when_it_has_room(
    box, small_disk, tmp_path
) -> None:
    server = ClusterServer(small_disk / "server")
    server.start()
    box.faults.delay("files.register", 0.2, times=None)
    warnings: list[str] = []
    try:
        async with (
            await Cluster.open(server.address, lease=LEASE) as cluster,
            fleet_of(1, box, server, cluster, tmp_path) as (_, paths),
        ):
            job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10)
            async with job:
                async for event in job:
                    if isinstance(event, FileDone) and not (tmp_path / "filled").exists():
                        (tmp_path / "filled").touch()
                        await asyncio.to_thread(fill, small_disk / "filler")
                    if isinstance(event, Warned) and not warnings:
                        (small_disk / "filler").unlink()
                        await asyncio.to_thread(server.restart)
                        warnings.append(event.message)
    finally:
        server.kill()

    assert re.search("its disk(, and| is full: then make room, and) start it again", warnings[0])
    check_service(box, paths)
    check_report(job.report, paths)


async def limit_stream(cluster: Cluster, stream: str, size: int) -> None:
    """Set `max_bytes`, as the administrator of the server can do it."""
    config = (await cluster._stream.stream_info(stream)).config
    config.max_bytes = size
    await cluster._stream.update_stream(config)


async def test_a_bucket_with_a_limit_of_its_own_is_waited_for_until_that_is_raised(
    box, limited, tmp_path
) -> None:
    limited.start()
    warnings: list[str] = []
    async with await Cluster.open(limited.address, lease=LEASE) as cluster:
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10)
        async with job:
            await cluster.objects(f"cd-{job.id}")
            await limit_stream(cluster, f"OBJ_cd-{job.id}", 3_000)
            async with fleet_of(1, box, limited, cluster, tmp_path) as (_, paths):
                async for event in job:
                    if isinstance(event, Warned) and not warnings:
                        await limit_stream(cluster, f"OBJ_cd-{job.id}", 10_000_000)
                        warnings.append(event.message)
        async with await Cluster.open(limited.address) as later:  # a bucket that is limited can be opened
            await later.objects(f"cd-{job.id}")

    assert "maximum bytes exceeded" in warnings[0]
    assert "or max_bytes of the stream" in warnings[0]
    check_service(box, paths)
    check_report(job.report, paths)


async def test_a_job_cannot_begin_on_a_server_without_room(limited) -> None:
    limited.limit(max_file_store="1KB")
    limited.start()
    async with await Cluster.open(limited.address) as cluster:
        jobs = await Jobs.open(cluster)

        async def fill() -> None:
            for number in range(100):
                await jobs.begin(parse_sources(["fs01:/"]), f"p{number}", JobSpec())

        with pytest.raises(ClusterError, match="raise max_file_store"):
            await fill()


async def test_a_stream_with_another_configuration_is_an_error_that_says_so(limited) -> None:
    limited.start()
    async with await Cluster.open(limited.address) as cluster:
        await limit_stream(cluster, "cd-work", 3_000)

    with pytest.raises(ClusterError, match=r"the stream cd-work: .*only max_bytes of buckets may differ"):
        await Cluster.open(limited.address)
