"""A file that kills each worker process: its shard is given up, and tried again on request."""

import asyncio
import html
import json
import os
import subprocess

import pytest

from coredata_async.cluster import Cluster, ClusterJob, ShardGivenUp, Worker
from coredata_async.cluster.attempts import MAX_DEATHS, MAX_REFUSALS
from coredata_async.cluster.dead_letters import retry_job
from coredata_async.cluster.jobs import Jobs
from coredata_async.errors import ConfigurationError
from tests.cluster.fleet import RETRY, check_service, plant
from tests.cluster.servers import coredata, environment

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

LEASE = 3.0
HOOK = """
import os, signal, sys

def kill(event, arguments):
    if event == "open" and "poison" in str(arguments[0]) and os.path.exists({flag!r}):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
"""


def run(box, server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command(box, server, "job", *arguments, "--cluster", server.files.url, "--json")


def run_command(box, server, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = coredata(*arguments)
    made = environment(box, server, os.environ)
    return subprocess.run(command, env=made, capture_output=True, text=True, timeout=100, check=False)


async def test_a_file_that_kills_each_process_ends_as_a_dead_letter_and_is_tried_again(
    box, server, tmp_path, monkeypatch
) -> None:
    root, flag = tmp_path / "share", tmp_path / "kill"
    paths = plant(root, 2, 4)
    (root / "folder-1/file-002.txt").rename(root / "folder-1/poison.txt")
    paths = paths - {"folder-1/file-002.txt"} | {"folder-1/poison.txt"}
    flag.touch()
    (tmp_path / "sitecustomize.py").write_text(HOOK.format(flag=str(flag)))
    monkeypatch.syspath_prepend(tmp_path)  # processes of the worker import what this one can
    async with (
        box.client() as client,
        await Cluster.open(server.address, lease=LEASE) as cluster,
        asyncio.TaskGroup() as group,
    ):
        worker = Worker(client, cluster, shares={"fs01": root}, directory=tmp_path / "machine")
        group.create_task(worker.run())
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=4)
        async with job:
            events = [event async for event in job]
        report = job.report
        letter = await cluster._stream.get_last_msg("cd-dead", f"cd.dead.fs01.{job.id}.shard")
        listed, watched = await asyncio.gather(
            *(asyncio.to_thread(run, box, server, *words) for words in (("list",), ("watch", job.id)))
        )
        flag.unlink()
        retried = await asyncio.to_thread(run, box, server, "retry", job.id)
        worker.drain()

    [lost] = report.lost_shards
    assert report.exit_code == 1
    assert report.adds_up
    assert (report.counts.planned, report.counts.done, report.counts.pending) == (8, 4, 4)
    assert "killed by SIGKILL" in report.lost_reasons[0]
    assert f"coredata job retry {job.id}" in report.message
    [given_up] = [event for event in events if isinstance(event, ShardGivenUp)]
    assert (given_up.shard, given_up.reason) == (lost, report.lost_reasons[0])

    found = json.loads(letter.data)
    assert (found["job"], found["key"], found["share"], found["files"]) == (job.id, lost, "fs01", 4)
    assert len({attempt["worker"] for attempt in found["attempts"]}) == MAX_DEATHS
    assert all("SIGKILL" in attempt["reason"] for attempt in found["attempts"])
    assert box.api_key not in letter.data.decode()

    assert json.loads(listed.stdout)["lost_shards"] == 1
    assert watched.returncode == 1
    assert json.loads(watched.stdout.splitlines()[-1])["lost_shards"] == [lost]
    assert retried.returncode == 0, retried.stderr
    end = json.loads(retried.stdout.splitlines()[-1])
    assert (end["counts"]["done"] + end["counts"]["skipped"], end["lost_shards"]) == (8, [])
    check_service(box, paths)


@pytest.mark.parametrize(
    "wrong",
    [
        ("", "unknown", "no Project, Folder or Filespace has the id 'nonsense'"),
        ("", "file", "is a File, but files go into"),
        ("nope", "project", "No such file or directory"),
        ("folder-0/file-000.txt/x", "project", "Not a directory"),
    ],
    ids=["unknown parent", "parent is a file", "unknown source", "source below a file"],
)
async def test_a_job_with_a_wrong_parent_or_source_ends_after_three_attempts_and_says_why(
    box, server, tmp_path, wrong
) -> None:
    path, parent, words = wrong
    page = tmp_path / "r.html"
    plant(tmp_path / "share", 1, 1)
    source = f"fs01:/{path}"
    async with (
        box.client() as client,
        await Cluster.open(server.address, lease=LEASE) as cluster,
        asyncio.TaskGroup() as group,
    ):
        up = await client.files.upload(b"x", parent=box.project, filename="x.txt")
        parents = {"unknown": "nonsense", "file": up.file_id, "project": box.project}
        worker = Worker(client, cluster, shares={"fs01": tmp_path / "share"}, directory=tmp_path / "machine")
        group.create_task(worker.run())
        arguments = ("upload", source, "--parent", parents[parent], "--cluster", server.files.url, "--json")
        done = await asyncio.to_thread(run_command, box, server, *arguments)
        [record] = await (await Jobs.open(cluster)).all()
        letter = json.loads(
            (await cluster._stream.get_last_msg("cd-dead", f"cd.dead.fs01.{record.id}.scan")).data
        )
        shown = await asyncio.to_thread(run, box, server, "report", record.id, "--report", str(page))
        watched = await asyncio.to_thread(run, box, server, "watch", record.id)
        worker.drain()

    assert done.returncode == shown.returncode == watched.returncode == 2, done.stderr
    report, later = (json.loads(each.stdout.splitlines()[-1]) for each in (done, shown))
    assert (report["exit_code"], report["ended"], report["lost_shards"]) == (2, "input", ["scan.0"])
    assert [later[name] for name in ("exit_code", "ended", "message")] == [2, "input", report["message"]]
    assert words in report["message"]
    assert f"the scan of {source}" in report["message"]
    for told in (done.stderr, watched.stderr, html.unescape(page.read_text())):
        assert report["message"] in told
        assert "begin a new job: another attempt would end in the same way" in told
        assert "job retry" not in told
        assert "Run the same command again" not in told
    assert words in letter["reason"]
    assert len(letter["attempts"]) == MAX_REFUSALS
    assert record.state == "complete"


async def give_up(cluster, job: str, key: str, **fields: object) -> None:
    table = await cluster.table(f"cd-{job}-shards")
    state = {"state": "dead", "reason": "x", "share": "fs01", "epoch": 5, "owner": None, **fields}
    assert await table.create(key, state) is not None


async def test_a_retry_that_was_interrupted_is_repeated(cluster) -> None:
    job = ClusterJob(cluster, ["fs01:/"], parent="p1", retry=RETRY)
    async with job:
        await give_up(cluster, job.id, "shard.0.1.0", id="a", files=1, bytes=1)
        await give_up(cluster, job.id, "scan.0")  # the last one: after it, the job ends at the next look
        async for _ in job:
            pass
    assert job.report.lost_shards == ("scan.0", "shard.0.1.0")
    assert (job.report.exit_code, job.report.scanned) == (1, False)

    await retry_job(cluster, job.id)
    record = await retry_job(cluster, job.id)

    assert record.is_open
    rows = await (await cluster.table(record.table)).rows()
    assert {key: row.fields["state"] for key, row in rows.items()} == {
        "scan.0": "open",
        "shard.0.1.0": "open",
    }


async def test_a_retry_is_refused_while_another_job_has_the_tree(cluster) -> None:
    job = ClusterJob(cluster, ["fs01:/"], parent="p1", retry=RETRY)
    async with job:
        await give_up(cluster, job.id, "scan.0")
        async for _ in job:
            pass
    other = ClusterJob(cluster, ["fs01:/docs"], parent="p1", retry=RETRY)
    async with other:
        assert other.id
    with pytest.raises(ConfigurationError, match=other.id):
        await retry_job(cluster, job.id)

    assert (await (await Jobs.open(cluster)).get(job.id)).state == "ended"


async def test_a_job_without_lost_shards_cannot_be_retried(cluster) -> None:
    async with ClusterJob(cluster, ["fs01:/"], parent="p1", retry=RETRY) as job:
        with pytest.raises(ConfigurationError, match="given up"):
            await retry_job(cluster, job.id)
