"""A job is monitored by its worker's metrics and by its merged report; a cluster also has event workers."""

import asyncio
import json
import os
import signal
import urllib.request

import pytest

from coredata_async.bulk.events import Scanned, Started
from coredata_async.cluster import ClusterJob
from coredata_async.cluster.handshake import introduce
from tests.cluster.fleet import RETRY, check_service, fleet_of
from tests.cluster.servers import ClusterServer, coredata, environment

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


async def logged(log, words: str) -> str:
    """Wait for a line of a log with these words; return what follows them."""
    async with asyncio.timeout(40):
        while words not in log.read_text():  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.1)
    return log.read_text().partition(words)[2].partition("\n")[0]


async def scrape(url: str) -> dict[str, float]:
    text = await asyncio.to_thread(lambda: urllib.request.urlopen(url).read().decode())
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("coredata_cluster_worker_"): float(number) for name, _, number in pairs}


async def test_metrics_and_the_merged_report_agree(box, server, cluster, tmp_path) -> None:
    async with fleet_of(0, box, server, cluster, tmp_path) as (fleet, paths):
        await fleet.start("--metrics", "127.0.0.1:0", "--processes", "2")
        url = f"http://{await logged(fleet.log, 'metrics at http://')}"
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10)
        async with job:
            events = [event async for event in job]
        report = job.report
        await asyncio.sleep(1.5)  # a process counts once a second
        metrics = await scrape(url)
        pages = [tmp_path / "r.html", tmp_path / "r.json"]
        shown = await asyncio.create_subprocess_exec(
            *coredata("job", "report", job.id, "--cluster", server.files.url),
            *(part for page in pages for part in ("--report", str(page))),
            env=environment(box, server, os.environ),
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await shown.wait() == 0

    check_service(box, paths)
    started = [event for event in events if isinstance(event, Started | Scanned)]
    assert [event.journal for event in started if isinstance(event, Started)] == [job.id]
    assert [event.files for event in started if isinstance(event, Scanned)] == [len(paths)]
    assert metrics['files_total{outcome="done"}'] == report.counts.done == len(paths)
    assert metrics["bytes_total"] == report.bytes.done
    assert metrics['tasks_total{kind="shard"}'] == report.shards.done == 4
    assert metrics['tasks_total{kind="scan"}'] == 1
    assert (metrics["processes"], metrics["processes_busy"], metrics["files_in_flight"]) == (2, 0, 0)
    merged = json.loads(pages[1].read_text())
    assert merged["counts"]["done"] == sum(each["files"] for each in merged["workers"]) == len(paths)
    assert merged["shards"] == {"planned": 4, "done": 4, "moved": 0}
    assert merged["adds_up"]
    assert merged["seconds"] == report.seconds
    page = pages[0].read_text()
    assert "<h2>Machines</h2>" in page
    assert "4 of 4" in page
    assert merged["workers"][0]["host"] in page


async def test_a_killed_process_is_counted_and_replaced(box, server, cluster, tmp_path) -> None:
    box.faults.delay("files.register", 0.4, times=20)
    async with fleet_of(0, box, server, cluster, tmp_path) as (fleet, paths):
        await fleet.start("--metrics", "127.0.0.1:0")
        url = f"http://{await logged(fleet.log, 'metrics at http://')}"
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=10)
        async with job:
            os.kill((await fleet.busy())[0], signal.SIGKILL)
            async for _ in job:
                pass
        await asyncio.sleep(1.5)
        metrics = await scrape(url)

    check_service(box, paths)
    assert not list(tmp_path.rglob("*.journal*"))  # nor those of the process that was killed
    assert metrics["process_restarts_total"] == 1
    assert metrics["tasks_moved_total"] >= 1
    assert job.report.shards.moved == job.report.fences == metrics["tasks_moved_total"]


async def test_the_server_of_a_cluster_also_carries_messages(box, tmp_path) -> None:
    nats = pytest.importorskip("nats")
    server = ClusterServer(tmp_path / "server", tls=True)
    server.start()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.txt").write_text("content")
    log = tmp_path / "log"
    try:
        with log.open("ab") as output:
            worker = await asyncio.create_subprocess_exec(
                *coredata("worker", "--cluster", server.files.url, "--events", "uploads"),
                *("--cluster-fingerprint", str(server.files.fingerprint), "--root", str(tmp_path / "docs")),
                env=environment(box, server, os.environ),
                stdout=output,
                stderr=output,
            )
        await logged(log, "waiting for messages of uploads")
        introduction = await introduce(server.address)
        connection = await nats.connect(
            server.files.url,
            tls=introduction.tls,
            tls_handshake_first=True,
            token=server.files.token_file.read_text().strip(),
        )
        message = {"source": "a.txt", "parent": box.project, "filename": "a.txt", "key": "a@1"}
        await connection.jetstream().publish("uploads", json.dumps(message).encode())
        async with asyncio.timeout(40):
            while not box.state.files:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.1)
        await connection.close()
        worker.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(worker.wait(), 30)
    finally:
        server.kill()

    assert code == 0, log.read_text()
    assert "eof_received" not in log.read_text()
    assert [str(file.fields["filename"]) for file in box.state.files] == ["a.txt"]
