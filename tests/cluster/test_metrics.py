"""Counts of worker processes are added up, and outlive the processes."""

import asyncio

from coredata_async.bulk.events import FileDone, FileFailed, FileSkipped, FolderCreated
from coredata_async.bulk.states import Reason
from coredata_async.cluster.metrics import ProcessMetrics, WorkerMetrics


def process(files: int) -> ProcessMetrics:
    """Return the metrics of a process in the middle of a shard."""
    metrics = ProcessMetrics()
    metrics.begin("shard")
    metrics.take({"event": "ShardMoved", "shard": "shard.1"})
    for number in range(files):
        metrics.take(FileDone(path=f"{number}", file_id="f", size=10))
    return metrics


async def follow(worker: WorkerMetrics, number: int, *lines: bytes) -> None:
    reader = asyncio.StreamReader(limit=1000)
    for line in lines:
        reader.feed_data(line)
    reader.feed_eof()
    await worker.follow(number, reader)


def test_files_are_counted_once_by_outcome() -> None:
    metrics = process(2)
    for event in (
        FileDone(path="a", file_id="f", size=10, earlier=True),
        FileSkipped(path="b", reason=Reason.SAME),
        FileFailed(path="c", reason=Reason.UNREADABLE, message="no"),
        FolderCreated(path="d", folder_id="f"),
    ):
        metrics.take(event)

    assert metrics.counts == {
        "task shard": 1,
        "moved": 1,
        "file done": 2,
        "bytes": 20,
        "file skipped": 1,
        "file failed": 1,
    }


async def test_counts_of_ended_processes_are_kept() -> None:
    worker = WorkerMetrics()
    await follow(worker, 1, process(1).line(), process(2).line())
    await follow(worker, 2, process(3).line())

    text = worker.render()

    assert 'coredata_cluster_worker_files_total{outcome="done"} 5\n' in text
    assert "coredata_cluster_worker_bytes_total 50\n" in text
    assert 'coredata_cluster_worker_tasks_total{kind="shard"} 2\n' in text
    assert "coredata_cluster_worker_processes 0\n" in text
    assert "coredata_cluster_worker_files_in_flight 0\n" in text


async def test_a_running_process_is_counted_with_its_task() -> None:
    worker, reader = WorkerMetrics(), asyncio.StreamReader()
    following = asyncio.create_task(worker.follow(1, reader))
    reader.feed_data(process(1).line())
    await asyncio.sleep(0.01)

    assert "coredata_cluster_worker_processes 1\n" in worker.render()
    assert "coredata_cluster_worker_processes_busy 1\n" in worker.render()

    reader.feed_eof()
    await following
    assert "coredata_cluster_worker_processes_busy 0\n" in worker.render()


async def test_a_line_that_a_killed_process_did_not_finish_is_left_out() -> None:
    worker = WorkerMetrics()

    await follow(worker, 1, process(2).line(), process(3).line()[:-9])
    await follow(worker, 2, process(1).line(), b"x" * 2000)

    assert 'files_total{outcome="done"} 3\n' in worker.render()


def test_the_end_of_a_task_is_counted() -> None:
    metrics = process(1)
    metrics.end()

    assert metrics.task is None
    assert b'"busy": false' in metrics.line()
