"""Detection of leftovers: reading threads, and open files."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any


def open_files() -> list[str]:
    """Return the targets of this process's open descriptors that are files."""
    targets = []
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208  # numbers, not paths
        try:
            targets.append(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115
        except FileNotFoundError:
            continue  # that of the listing itself
    return sorted(target for target in targets if target.startswith("/") and "/proc/" not in target)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def readers() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "coredata-read-ahead"]


@contextmanager
def nothing_left() -> Iterator[None]:
    """Check that no thread and no open file remains."""
    before = open_files()
    yield
    patience = time.monotonic() + 2
    while (readers() or open_files() != before) and time.monotonic() < patience:
        time.sleep(0.001)  # a thread needs a moment to end after its last call
    assert readers() == []
    assert open_files() == before


async def cancelled_after(steps: int, work: Coroutine[Any, Any, object]) -> bool:
    """Cancel some work after a number of turns of the loop; return whether it was still in progress."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    return task.cancelled()


async def until(met: Callable[[], bool], patience: float = 1) -> None:
    """Wait until a condition holds that cannot be awaited."""
    late = time.monotonic() + patience
    while not met():
        assert time.monotonic() < late
        await asyncio.sleep(0.001)


async def drained(
    blocks: AsyncGenerator[bytes, None], into: list[bytes], then: Callable[[], object] | None = None
) -> None:
    """Read block after block, and run an action after the first."""
    async with aclosing(blocks):
        async for block in blocks:
            into.append(block)
            if then and len(into) == 1:
                then()


async def everything(blocks: AsyncGenerator[bytes, None]) -> bytes:
    async with aclosing(blocks):
        return b"".join([block async for block in blocks])
