"""Shared helpers of the tests above the wire: a policy that never waits, leftovers, cancellation."""

import asyncio
import hashlib
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
from attrs import field, frozen

from coredata_async import Retry

QUICK = Retry(base=0, cap=0, settle=0, probe_gap=0)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def some_bytes(size: int, seed: int = 0) -> bytes:
    """Return bytes without two equal blocks."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


def once(*blocks: bytes):
    """An async iterator, which can be read once."""

    async def give():
        for block in blocks:
            yield block

    return give()


async def the_only_content(box) -> bytes:
    """Return the bytes of the only File."""
    (file,) = box.state.files
    return await box.content(file.id)


def _open_files() -> frozenset[str]:
    """Threads of the sandbox, which may be in this process, are ignored."""
    paths = (each.path for each in psutil.Process().open_files())
    return frozenset(path for path in paths if "coredata-sandbox-" not in path)


def _readers() -> int:
    """Threads that read ahead. A finished one may need a moment to end."""
    readers = [thread for thread in threading.enumerate() if thread.name == "coredata-read-ahead"]
    for thread in readers:
        thread.join(0.5)
    return sum(thread.is_alive() for thread in readers)


def _spooled() -> frozenset[str]:
    return frozenset(path.name for path in Path(tempfile.gettempdir()).glob("coredata-spool-*"))


@frozen
class Leftovers:
    """State at the beginning; `found()` returns the leftovers since then."""

    tasks: frozenset[object] = field(factory=lambda: frozenset(asyncio.all_tasks()))
    files: frozenset[str] = field(factory=_open_files)
    spooled: frozenset[str] = field(factory=_spooled)

    def found(self) -> dict[str, object]:
        return {
            name: left
            for name, left in {
                "tasks": asyncio.all_tasks() - self.tasks - {asyncio.current_task()},
                "files": _open_files() - self.files,
                "spooled": _spooled() - self.spooled,
                "readers": _readers(),
            }.items()
            if left
        }


async def cancelled_at(steps: int, make: Callable[[], Awaitable[object]]) -> bool:
    """Run it and cancel it after a number of steps of the event loop; return True if it was complete."""
    task = asyncio.ensure_future(make())
    for _ in range(steps):
        await asyncio.sleep(0)
        if task.done():
            break
    complete = task.done()
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled() and task.exception() is not None:
        raise task.exception()
    return complete
