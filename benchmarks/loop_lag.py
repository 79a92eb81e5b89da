"""Delay of a heartbeat of 2 ms while the library uploads: the effect on other tasks of a program's loop.

An absolute figure, so it depends on the machine; the bound applies to the best round, because other
processes on the machine make it worse and never better.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks.clients.ours import client_for, upload
from benchmarks.files import large_file, ram, small_files
from benchmarks.result import Result
from benchmarks.served import PARENT, serve

BEAT: Final = 0.002
MUST, STRETCH = 20.0, 8.0
WIDTH, FILES, MANY = 32, 1000, 4
SIZE: Final = 128 << 20
IDLE: Final = 1.0
QUIET: Final = 4.0
"""Milliseconds: a later idle heartbeat means that other processes are measured instead of this library."""
NOTE: Final = "absolute; the interval is min-max, and its low end counts"


@frozen
class Beats:
    """99th percentiles of one run, in milliseconds."""

    late: float
    computed: float
    """CPU time of the loop's thread between two beats, which other processes cannot lengthen."""


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure one row for small files, one for large ones with MD5."""
    turns = max(2, rounds // 2) if quick else rounds
    return [asyncio.run(_small(turns)), asyncio.run(_large(turns))]


async def _small(turns: int) -> Result:
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        paths = await asyncio.to_thread(small_files, Path(name), FILES)
        async with serve() as where, client_for(where) as client:
            return await _row(f"small files, c={WIDTH}", turns, lambda: upload(client, paths, WIDTH))


async def _large(turns: int) -> Result:
    with ram(MANY * SIZE) as folder:
        paths = [await asyncio.to_thread(large_file, folder, SIZE, number) for number in range(MANY)]
        async with serve(large=True) as where, client_for(where) as client:

            async def all_of_them() -> None:
                async with asyncio.TaskGroup() as group:
                    for path in paths:
                        group.create_task(client.files.upload(path, parent=PARENT, verify=False))

            return await _row(f"{MANY} x {SIZE >> 20} MiB, MD5", turns, all_of_them)


async def _row(name: str, turns: int, work: Callable[[], Awaitable[None]]) -> Result:
    await work()  # warms up
    idle, busy = [], []
    for _ in range(turns):
        idle.append(await _p99(lambda: asyncio.sleep(IDLE)))
        busy.append(await _p99(work))
    late = [each.late for each in busy]
    quiet = min(each.late for each in idle) < QUIET
    return Result(
        name=f"heartbeat p99, {name}",
        baseline="2 ms, asleep",
        ratio=statistics.median(late),
        low=min(late),
        high=max(late),
        must=MUST if quiet else None,
        stretch=STRETCH,
        higher_is_better=False,
        unit="ms",
        figures={
            "idle p99 ms": round(statistics.median(each.late for each in idle), 2),
            "loop CPU p99 ms": round(statistics.median(each.computed for each in busy), 2),
        },
        note=NOTE if quiet else f"{NOTE}; not held, as the machine is busy: even an idle heartbeat is late",
    )


async def _p99(work: Callable[[], Awaitable[None]]) -> Beats:
    """Return the delay of the heartbeat that 99 of 100 beats do not exceed."""
    late: list[float] = []
    computed: list[float] = []

    async def beat() -> None:
        while True:
            began, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(BEAT)
            late.append(time.perf_counter() - began - BEAT)
            computed.append(time.thread_time() - cpu)

    beating = asyncio.create_task(beat())
    try:
        await work()
    finally:
        beating.cancel()
        await asyncio.wait({beating})
    return Beats(_worst(late), _worst(computed))


def _worst(seconds: Sequence[float]) -> float:
    """Return the 99th percentile, in milliseconds."""
    return 1e3 * statistics.quantiles(seconds, n=100)[-1] if len(seconds) > 1 else 0.0
