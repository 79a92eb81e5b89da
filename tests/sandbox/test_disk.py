"""Tests of files that are being written."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from coredata_async.sandbox.disk import Writing

from .api import until


@pytest.mark.parametrize("step", ["add", "finish"])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_write_that_opens_its_file_only_after_it_was_given_up_leaves_no_part(tmp_path, step, times):
    with ThreadPoolExecutor(1) as workers:
        writing = Writing(tmp_path / "blob", workers)

        async def write():
            async with writing:
                await writing.add(b"x" * (1024 * 1024 if step == "add" else 1))
                await writing.finish()

        with writing._lock:
            task = asyncio.create_task(write())
            await asyncio.sleep(0)
            await until(workers._work_queue.empty)  # the thread waits for the lock
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await task

    assert list(tmp_path.glob("*.part")) == []
    assert writing._file is None or writing._file.closed  # garbage that is not closed is a ResourceWarning


async def test_a_file_has_its_name_once_it_is_whole(tmp_path):
    with ThreadPoolExecutor(1) as workers:
        async with Writing(tmp_path / "blob", workers) as writing:
            await writing.add(b"hel")
            await writing.add(b"lo")
            assert await writing.finish() == (5, "5d41402abc4b2a76b9719d911017c592")

    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("blob", b"hello")]
