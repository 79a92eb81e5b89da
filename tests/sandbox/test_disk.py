"""Tests of files that are being written or read."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coredata_async.sandbox.disk import FileReader, FileWriter, open_range

from .api import until


@pytest.mark.parametrize("step", ["add", "finish"])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_write_that_opens_its_file_only_after_it_was_given_up_leaves_no_part(tmp_path, step, times):
    with ThreadPoolExecutor(1) as workers:
        writer = FileWriter(tmp_path / "blob", workers)

        async def write():
            async with writer:
                await writer.add(b"x" * (1024 * 1024 if step == "add" else 1))
                await writer.finish()

        with writer._lock:
            task = asyncio.create_task(write())
            await asyncio.sleep(0)
            await until(workers._work_queue.empty)  # the thread waits for the lock
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await task

    assert list(tmp_path.glob("*.part")) == []
    assert writer._file is None or writer._file.closed  # garbage that is not closed is a ResourceWarning


async def test_a_file_has_its_name_once_it_is_whole(tmp_path):
    with ThreadPoolExecutor(1) as workers:
        async with FileWriter(tmp_path / "blob", workers) as writer:
            await writer.add(b"hel")
            await writer.add(b"lo")
            assert await writer.finish() == (5, "5d41402abc4b2a76b9719d911017c592")

    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("blob", b"hello")]


async def test_a_file_that_is_opened_after_its_reader_was_cancelled_is_closed(tmp_path, monkeypatch):
    path = tmp_path / "blob"
    path.write_bytes(b"x" * 2_000_000)
    begun, may_open = threading.Event(), threading.Event()
    opened, real = [], Path.open

    def open_late(self, *arguments):
        begun.set()
        may_open.wait(10)
        opened.append(real(self, *arguments))
        return opened[0]

    monkeypatch.setattr(Path, "open", open_late)
    with ThreadPoolExecutor(1) as workers:
        task = asyncio.create_task(open_range(path, 0, 2_000_000, workers))
        await until(begun.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_open.set()

    assert opened[0].closed


async def test_a_reader_that_is_cancelled_while_a_thread_reads_closes_its_file(tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(b"x" * 2_000_000)
    with ThreadPoolExecutor(1) as workers:
        reader = await open_range(path, 0, 2_000_000, workers)
        assert isinstance(reader, FileReader)
        busy = threading.Event()
        workers.submit(busy.wait, 10)

        async def read_then_close() -> None:
            try:
                await reader.read(10)
            finally:
                reader.close()

        task = asyncio.create_task(read_then_close())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        busy.set()

    assert reader.file.closed
