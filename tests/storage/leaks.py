"""What must not be left behind: reading threads, and open files."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any


def open_files() -> list[str]:
    """What the open descriptors of this process that are files lead to."""
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
    """No thread and no open file more than before."""
    before = open_files()
    yield
    patience = time.monotonic() + 2
    while (readers() or open_files() != before) and time.monotonic() < patience:
        time.sleep(0.001)  # a thread that has said its last word needs a moment to go
    assert readers() == []
    assert open_files() == before


async def cancelled_after(steps: int, work: Coroutine[Any, Any, object]) -> bool:
    """Cancel some work after so many turns of the loop; whether it was still in flight."""
    task = asyncio.ensure_future(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    return task.cancelled()


async def until(met: Callable[[], bool], patience: float = 1) -> None:
    """Wait for something that nobody can be asked to tell."""
    late = time.monotonic() + patience
    while not met():
        assert time.monotonic() < late
        await asyncio.sleep(0.001)


async def drained(
    blocks: AsyncGenerator[bytes, None], into: list[bytes], then: Callable[[], object] | None = None
) -> None:
    """Take block after block, and do something after the first."""
    async with aclosing(blocks):
        async for block in blocks:
            into.append(block)
            if then and len(into) == 1:
                then()


async def everything(blocks: AsyncGenerator[bytes, None]) -> bytes:
    async with aclosing(blocks):
        return b"".join([block async for block in blocks])
