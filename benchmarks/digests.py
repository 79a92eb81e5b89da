"""Digests of uploads to a slow storage: row 20.

A buffer that is read into again while asyncio still holds a view of it corrupts an upload, but only if the
server is slow, so this server pauses after each receive. It hashes the received bytes, and the digests are
compared.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from benchmarks.clients.ours import client_for
from benchmarks.result import Result
from benchmarks.served import PARENT, serve
from coredata_async import CoreData

KIB: Final = 1 << 10
CHUNKS: Final = (64 * KIB, 128 * KIB, 256 * KIB, 1024 * KIB)
SIZES: Final = (1, 64 * KIB, 64 * KIB + 1, 1024 * KIB, 1024 * KIB + 1, 5 * 1024 * KIB + 7)
REST: Final = 0.001

Run = Callable[[Coroutine[Any, Any, tuple[int, int]]], tuple[int, int]]


@frozen
class Sent:
    """One upload, under a name."""

    name: str
    data: bytes
    chunk: int
    """0: a path, else an async iterable of chunks of this size."""


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # right or wrong, not timed
    """Measure one row for each event loop."""
    loops: dict[str, Run] = {"asyncio": asyncio.run}
    name = "digests right, slow server"
    found: list[Result] = []
    try:
        import uvloop  # noqa: PLC0415  # it may not be there

        loops["uvloop"] = uvloop.run
    except ImportError:
        found.append(Result(name=name, baseline="uvloop", note="uvloop is not installed", row="20"))
    for loop, run in loops.items():
        right, total = run(_right())
        figures = {"right": float(right), "uploads": float(total)}
        share = right / total
        found.append(Result(name=name, baseline=loop, ratio=share, must=1, figures=figures, row="20"))
    return found


def uploads() -> Iterator[Sent]:
    """Yield every size as a path, and in every chunk."""
    numbers = random.Random(20)
    for size in SIZES:
        for chunk in (0, *CHUNKS):
            yield Sent(f"{size}-by-{chunk}.bin", numbers.randbytes(size), chunk)


async def _right() -> tuple[int, int]:
    """Return the number of correct uploads, and of all uploads."""
    wanted = list(uploads())
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        async with serve(pause=REST) as where, client_for(where) as client:
            async with asyncio.TaskGroup() as group:
                for each in wanted:
                    group.create_task(_upload(client, Path(name), each))
            await asyncio.to_thread(where.check, len(wanted))
            arrived: dict[str, int] = (await asyncio.to_thread(where.ask, "/counts"))["digests"]
    return sum(arrived.get(_md5(each.data), 0) == 1 for each in wanted), len(wanted)


async def _upload(client: CoreData, folder: Path, sent: Sent) -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for at in range(0, len(sent.data), sent.chunk):
            yield sent.data[at : at + sent.chunk]

    if sent.chunk:
        size = len(sent.data)
        await client.files.upload(chunks(), parent=PARENT, filename=sent.name, size=size, verify=False)
        return
    path = folder / sent.name
    await asyncio.to_thread(path.write_bytes, sent.data)
    await client.files.upload(path, parent=PARENT, verify=False)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
