"""Messages of the queue that no worker can read: they end no process, and delay no job."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.states import JobInputError
from coredata_async.cluster import Cluster, ClusterJob, Worker
from coredata_async.cluster.attempts import MAX_FAILURES
from coredata_async.cluster.errors import AccountMismatchError, ClusterError, UnreadableTaskError
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import JobRecord, Task, parse_sources
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.task_queue import TaskQueue
from coredata_async.errors import ConfigurationError
from tests.cluster.fleet import RETRY, check_report, check_service, plant

JOB = "20261129-000000-aaaaaa"


def encode(kind: str, key: object, *, job: object = JOB, share: object = "fs01") -> bytes:
    return json.dumps({"job": job, "kind": kind, "key": key, "share": share}).encode()


UNREADABLE = [
    b"",
    b"\xff\xfe",
    b"[1]",
    b"[" * 100_000,
    b'{"job": 1}',
    encode("scan", "scan.x"),
    encode("scan", "shard.0.1.0"),
    encode("shard", "shard.0"),
    encode("shard", "a b*>"),
    encode("shard", "shard.0.1.0", job="a b*>"),
    encode("shard", "shard.0.1.0", share="other"),
    encode("shard", "shard.0.1.0", share="a.>"),
    encode("verify", "verify.0.1.0"),
    encode("shard", f"shard.{'9' * 5000}.1.0"),
    encode("shard", f"shard.0.1.{'9' * 5000}"),
    encode("shard", "shard.٣.1.0"),
]


def message_of(
    data: bytes, subject: str = f"cd.work.fs01.{JOB}.shard", delivered: int = 1
) -> SimpleNamespace:
    answers: list[object] = []

    async def ack_sync() -> None:
        answers.append("ack")

    async def nak(delay: float) -> None:
        answers.append(delay)

    metadata = SimpleNamespace(num_delivered=delivered)
    return SimpleNamespace(
        data=data,
        subject=f"cd.work.fs01.{JOB}.shard",
        metadata=metadata,
        ack_sync=ack_sync,
        nak=nak,
        answers=answers,
    )


@pytest.mark.parametrize("data", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_not_a_task_of_this_version_is_unreadable(data: bytes) -> None:
    queue = TaskQueue(None, None, {})

    with pytest.raises(UnreadableTaskError, match="cannot be read"):
        queue.read(message_of(data))


def test_a_task_is_read_as_it_was_written() -> None:
    task = Task(JOB, "shard", "shard.0.12.3", "fs01")

    assert TaskQueue(None, None, {}).read(message_of(json.dumps(task.to_dict()).encode())) == task


@pytest.mark.parametrize(("key", "share"), [("scan.2", "fs01"), ("scan.1", "fs01"), ("shard.0.1.0", "fs02")])
def test_a_task_of_a_source_that_the_job_does_not_have_does_not_belong_to_it(key: str, share: str) -> None:
    sources = parse_sources(["fs01:/", "fs02:/"])
    job = JobRecord(id=JOB, sources=sources, parent="p", spec=JobSpec(), created=1.0)
    kind = key.partition(".")[0]

    assert not Task(job.id, kind, key, share).belongs_to(job)
    assert Task(job.id, "shard", "shard.1.1.0", "fs02").belongs_to(job)


@pytest.mark.parametrize(
    ("kind", "error", "delay", "fetched"),
    [
        ("scan", AccountMismatchError("another account"), 5.0, 0),
        ("shard", AccountMismatchError("another account"), 5.0, 0),
        ("scan", JobInputError("the source does not exist"), 0.5, 0),
        ("shard", JobInputError("the source does not exist"), 5.0, 1),
        ("shard", ClusterError("the object store does not answer"), 5.0, 1),
    ],
)
async def test_a_task_for_which_only_another_worker_can_do_better_is_left_to_it(
    tmp_path, kind, error, delay, fetched
) -> None:
    fetches: list[float] = []

    async def fetch(batch: int, timeout: float) -> list[SimpleNamespace]:  # noqa: ASYNC109  # as nats-py
        fetches.append(timeout)
        return [SimpleNamespace()]

    roots = {"fs01": ShareRoot.of(tmp_path)}
    queue = TaskQueue(None, None, roots, {"fs01": SimpleNamespace(fetch=fetch)})
    key = "scan.0" if kind == "scan" else "shard.0.1.0"

    assert queue.delay_after(Task(JOB, kind, key, "fs01"), error) == delay
    await queue.pull("fs01")

    assert len(fetches) == fetched


@pytest.mark.servers
async def test_an_unreadable_message_is_delivered_later_and_later_and_ends_as_a_dead_letter(cluster) -> None:
    queue = TaskQueue(cluster, None, {})
    first, last = message_of(b"?", delivered=1), message_of(b"?", delivered=MAX_FAILURES)

    await queue.refuse(first, "it cannot be read", 5)
    await queue.refuse(last, "it cannot be read", 5)

    assert first.answers == [pytest.approx(5.6, abs=0.65)]  # at random, so that another worker gets it
    assert last.answers == ["ack"]
    letter = json.loads((await cluster._stream.get_last_msg("cd-dead", f"cd.dead.fs01.{JOB}.shard")).data)
    assert letter == {"reason": "it cannot be read", "subject": first.subject, "data": "Pw=="}


@pytest.mark.servers
async def test_an_unreadable_message_of_any_length_becomes_a_dead_letter(cluster) -> None:
    message = message_of(b"?" * 1_000_000, delivered=MAX_FAILURES)

    await TaskQueue(cluster, None, {}).refuse(message, "it cannot be read", 5)

    assert message.answers == ["ack"]


@pytest.mark.servers
@pytest.mark.timeout(120)
async def test_unreadable_messages_end_no_worker_and_delay_no_job(box, server, tmp_path) -> None:
    root = tmp_path / "share"
    paths = plant(root, 2, 4)
    async with (
        box.client() as client,
        await Cluster.open(server.address, lease=3) as cluster,
        asyncio.TaskGroup() as group,
    ):
        for data in UNREADABLE:
            await cluster._stream.publish(f"cd.work.fs01.{JOB}.shard", data)
        worker = Worker(client, cluster, shares={"fs01": root}, directory=tmp_path / "machine")
        running = group.create_task(worker.run())
        job = ClusterJob(cluster, ["fs01:/"], parent=box.project, retry=RETRY, shard_files=4)
        async with job:
            foreign = Task(job.id, "scan", "scan.9", "fs01")
            await cluster.enqueue(foreign.subject, foreign.to_dict(), "foreign")
            async for _ in job:
                pass
        assert not running.done()
        worker.drain()

    assert worker.metrics.restarts == 0
    check_report(job.report, paths)
    check_service(box, paths)


@pytest.mark.servers
async def test_a_job_of_another_version_is_not_one_that_does_not_exist(cluster) -> None:
    jobs = await Jobs.open(cluster)
    await jobs.table.create(JOB, {"id": JOB, "format": 2})

    assert await jobs.find("other") is None
    with pytest.raises(ConfigurationError):
        await jobs.find(JOB)
