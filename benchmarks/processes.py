"""One job in one process, and over worker processes: files per second, and the CPU that each part takes.

    python -m benchmarks.processes                      # 1 and 2 processes, small and middle-sized files
    python -m benchmarks.processes --files 6000 --rounds 5 --processes 2

The ways are interleaved in shuffled rounds, ratios are taken by round. The far end has a process of its own,
and takes its part of the same cores: `far_us` says how much. What is measured is the steady state, from
the first files that are done to the last, so that the half second in which Python starts does not count;
`whole_ratio` counts it. `at_most` is what two full cores could give, with the far end on them, and `model`
with a far end elsewhere: both from the CPU that a file takes. `busy_one` says how many cores one process
and the far end keep busy: large files are hashed in threads, so there one process uses two by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from attrs import define, field, frozen

from benchmarks.intervals import median_interval
from benchmarks.served import started
from coredata_async import CoreData
from coredata_async.bulk import Effort, Progress, UploadJob

PARENT = "00000000-0000-4000-8000-000000000001"
CORES = 2
BOUND = 1.6


@frozen
class Mark:
    """How far a job was at some moment, and what CPU had been taken by then."""

    at: float
    files: int
    parent: float
    workers: float
    far: float


@frozen
class Spent:
    """Of one run: files per second, and seconds of CPU per file."""

    rate: float
    whole: float
    parent: float
    workers: float
    far: float


@asynccontextmanager
async def served() -> AsyncGenerator[tuple[str, psutil.Process], None]:
    """The far end, in a process of its own."""
    async with started("benchmarks.processes_far") as (where, pid):
        yield where["api"], psutil.Process(pid)


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return spent.user + spent.system


@define
class Workers:
    """The worker processes of this one: looked for until they are there, as that takes 5 ms of CPU."""

    far: psutil.Process
    count: int
    _found: list[psutil.Process] = field(factory=list[psutil.Process], init=False)

    def cpu(self) -> float:
        """Seconds that they have taken."""
        if len(self._found) < self.count:
            self._found = [each for each in psutil.Process().children() if each.pid != self.far.pid]
        found = 0.0
        for child in self._found:
            with suppress(psutil.Error):
                found += _cpu(child)
        return found


async def measured(root: Path, files: int, processes: int, lanes: int) -> Spent:
    """Run one job."""
    marks: list[Mark] = []
    async with served() as (url, far), CoreData(url, api_user="u", api_key="k") as client:
        with tempfile.TemporaryDirectory(prefix="coredata-bench-") as folder:
            workers = Workers(far, processes if processes > 1 else 0)
            began = time.perf_counter()
            job = UploadJob(
                client,
                root,
                parent=PARENT,
                journal=Path(folder) / "job.sqlite",
                effort=Effort(lanes=lanes),
                processes=processes,
            )
            async with job:
                async for event in job:
                    if isinstance(event, Progress) and event.done > 0:
                        now, mine = time.perf_counter(), time.process_time()
                        marks.append(Mark(now, event.done, mine, workers.cpu(), _cpu(far)))
            whole = time.perf_counter() - began
    if job.report.exit_code or job.report.counts.done != files:
        raise RuntimeError(f"{job.report.counts} {job.report.words} {job.report.failures[:2]}")
    marks = [mark for number, mark in enumerate(marks) if mark.workers >= marks[max(0, number - 1)].workers]
    first = marks[0]
    last = next((mark for mark in marks if mark.files >= files * 0.97), marks[-1])
    count = last.files - first.files
    return Spent(
        rate=count / (last.at - first.at),
        whole=files / whole,
        parent=(last.parent - first.parent) / count,
        workers=(last.workers - first.workers) / count,
        far=(last.far - first.far) / count,
    )


async def compared(root: Path, files: int, wanted: argparse.Namespace) -> dict[str, Any]:
    """Both ways, round by round."""
    numbers, ways = random.Random(5), (1, wanted.processes)
    found: dict[int, list[Spent]] = {way: [] for way in ways}
    for number in range(wanted.rounds + 1):
        for way in numbers.sample(ways, len(ways)):
            spent = await measured(root, files, way, wanted.lanes)
            if number:  # the first round warms up
                found[way].append(spent)
    one, many = found[1], found[wanted.processes]
    ratio = median_interval([two.rate / each.rate for each, two in zip(one, many, strict=True)])
    whole = [two.whole / each.whole for each, two in zip(one, many, strict=True)]
    return {
        "files": files,
        "ratio": round(ratio.median, 3),
        "ratio_95": [round(ratio.low, 3), round(ratio.high, 3)],
        "whole_ratio": round(statistics.median(whole), 3),
        "at_most": round(_at_most(one, many, far=True), 3),
        "model": round(_at_most(one, many, far=False), 3),
        "busy_one": round(statistics.median(each.rate * (each.parent + each.far) for each in one), 2),
        **{f"processes_{way}": _told(spent) for way, spent in found.items()},
    }


def _at_most(one: list[Spent], many: list[Spent], *, far: bool) -> float:
    """Files per second on full cores, the parent's loop on one of them at most, over those of one process."""
    parent = statistics.median(each.parent for each in many)
    others = statistics.median(each.workers + (each.far if far else 0.0) for each in many)
    rate = 1 / max(parent, (parent + others) / CORES)
    return rate / statistics.median(each.rate for each in one)


def _told(rows: list[Spent]) -> dict[str, float]:
    def median(name: str) -> float:
        return statistics.median(getattr(each, name) for each in rows)

    return {
        "files_per_second": round(median("rate"), 1),
        **{f"{name}_us": round(median(name) * 1e6, 1) for name in ("parent", "workers", "far")},
    }


def tree(root: Path, count: int, sizes: list[int]) -> Path:
    """Files in directories of 250 at most."""
    numbers = random.Random(1)
    for number in range(count):
        place = root / f"{number // 250:03}"
        place.mkdir(parents=True, exist_ok=True)
        data = numbers.randbytes(min(sizes[number % len(sizes)], 1 << 20))
        with (place / f"{number}.bin").open("wb") as file:
            for start in range(0, sizes[number % len(sizes)], 1 << 20):
                file.write(data[: sizes[number % len(sizes)] - start])
    return root


def main() -> None:
    """Run it, print JSON, and exit with 1 if a ratio misses its bound."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=4000, help="of 4 to 64 KiB; 0 leaves them out")
    parser.add_argument("--middle", type=int, default=200, help="of 8 MiB; 0 leaves them out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--lanes", type=int, default=64)
    parser.add_argument("--bound", type=float, default=BOUND)
    wanted = parser.parse_args()
    numbers = random.Random(2)
    sets = {
        "small": (wanted.files, [int(4096 * 16 ** numbers.random()) for _ in range(997)]),
        "middle": (wanted.middle, [8 << 20]),
    }
    found: dict[str, Any] = {"cores": os.cpu_count()}
    missed = False
    for name, (count, sizes) in sets.items():
        if not count:
            continue
        with tempfile.TemporaryDirectory(prefix="coredata-bench-") as folder:
            root = tree(Path(folder) / name, count, sizes)
            found[name] = asyncio.run(compared(root, count, wanted))
        if name == "small":  # one process hashes large files on all cores already
            missed = found[name]["ratio_95"][1] < wanted.bound
        sys.stdout.write(json.dumps({name: found[name]}) + "\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps(found) + "\n")
    raise SystemExit(missed)


if __name__ == "__main__":
    main()
