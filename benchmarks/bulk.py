"""Cost of the journal, the limiters and the confirmation of a bulk job beside `upload_many`, and its memory.

    python -m benchmarks.bulk                       # all of it
    python -m benchmarks.bulk --files 2000 --rounds 5 --planned 200000

Against a server in a process of its own; for memory and resuming, a sandbox. The two ways are interleaved in
one process, round by round, and their ratio is taken by round. Memory is the peak of a process of its own,
and its growth over the moment before the job. Resuming reads the tree again and compares every file with the
journal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from benchmarks.apart import run_part
from benchmarks.memory import MIB, Peak
from benchmarks.served import PARENT, start_server
from coredata_async import CoreData
from coredata_async.bulk import Effort, State, UploadJob
from coredata_async.cli.sandbox_process import SandboxAddress, sandbox_process

Found = dict[str, float]
"""Figures of one part."""


@frozen
class Spent:
    """Duration and CPU of one round."""

    seconds: float
    cpu: float


@asynccontextmanager
async def serve_job() -> AsyncGenerator[tuple[SandboxAddress, CoreData], None]:
    """Yield a sandbox in another process, and a client for it."""
    async with (
        sandbox_process() as (_, box),
        CoreData(box.url, api_user=box.api_user, api_key=box.api_key) as client,
    ):
        yield box, client


@asynccontextmanager
async def fast() -> AsyncGenerator[CoreData, None]:
    """Yield a client of a fast server, which knows folders and listings, and hashes nothing."""
    async with (
        start_server("benchmarks.processes_far") as (where, _),
        CoreData(where["api"], api_user="u", api_key="k") as client,
    ):
        yield client


def small_files(folder: Path, count: int) -> Path:
    """Create files of 4 to 64 KiB, log-uniform, in twenty directories."""
    numbers = random.Random(1)
    root = folder / "small"
    for number in range(count):
        place = root / f"{number % 20:02}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.bin").write_bytes(numbers.randbytes(int(4096 * 16 ** numbers.random())))
    return root


def empty_files(folder: Path, count: int) -> Path:
    """Create many files that use no disk, a thousand in each directory."""
    root = folder / f"empty-{count}"
    for number in range(count):
        place = root / f"{number // 1000:03}"
        if number % 1000 == 0:
            place.mkdir(parents=True)
        (place / f"{number}.txt").touch()
    return root


async def bare(client: CoreData, parent: str, root: Path, concurrency: int) -> int:
    """Upload all files with `upload_many`."""
    paths = await asyncio.to_thread(lambda: [path for path in root.rglob("*") if path.is_file()])
    uploads = client.files.upload_many(paths, parent=parent, concurrency=concurrency, verify=False)
    async with uploads as outcomes:
        return sum([1 async for _ in outcomes])


async def job(client: CoreData, parent: str, root: Path, journal: Path, effort: Effort) -> int:
    """Upload all files with a job."""
    report = await UploadJob(client, root, parent=parent, journal=journal, effort=effort).run()
    if report.exit_code:
        raise RuntimeError(f"the job failed: {report.counts}, {report.failures[:3]}")
    return report.counts.done


async def beside(folder: Path, files: int, rounds: int, concurrency: int) -> Found:
    """Return files per second of the job over those of `upload_many`, and CPU per file of both."""
    root = small_files(folder, files)
    spent: dict[str, list[Spent]] = {"upload_many": [], "job": []}
    numbers = random.Random(rounds)
    for number in range(rounds + 1):
        for name in numbers.sample(sorted(spent), len(spent)):
            # A separate server for each, because a job expects a parent without files.
            async with fast() as client:
                wall, cpu = time.perf_counter(), time.process_time()
                if name == "job":
                    journal = folder / f"{number}.sqlite"
                    done = await job(client, PARENT, root, journal, Effort(concurrency=concurrency))
                else:
                    done = await bare(client, PARENT, root, concurrency)
                if done != files:
                    raise RuntimeError(f"{name}: {done} of {files} files")
                if number:  # the first round warms up
                    spent[name].append(Spent(time.perf_counter() - wall, time.process_time() - cpu))
    ratios = [one.seconds / two.seconds for one, two in zip(spent["upload_many"], spent["job"], strict=True)]
    return {
        "files": files,
        "concurrency": concurrency,
        "rounds": rounds,
        **{
            f"{name}_files_per_second": round(files / statistics.median(each.seconds for each in rows))
            for name, rows in spent.items()
        },
        **{
            f"{name}_cpu_us_per_file": round(statistics.median(each.cpu for each in rows) / files * 1e6)
            for name, rows in spent.items()
        },
        "ratio": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
    }


async def plan(folder: Path, count: int, seconds: float) -> Found:
    """Return the growth of the resident set while `count` files are planned, and some of them uploaded."""
    root = empty_files(folder, count)
    async with serve_job() as (box, client):
        await client.files.upload(b"warm", parent=box.project, filename="warm.txt")
        upload = UploadJob(
            client,
            root,
            parent=box.project,
            journal=folder / f"planned-{count}.sqlite",
            effort=Effort(max_duration=seconds, drain=5),
        )
        with Peak() as peak:
            report = await upload.run()
    return {
        "planned": report.counts.planned,
        "uploaded": report.counts.done,
        "rss_before_mib": round(peak.before / MIB, 1),
        "rss_peak_mib": round(peak.highest / MIB, 1),
        "growth_mib": round((peak.highest - peak.before) / MIB, 1),
    }


async def resume(folder: Path, count: int) -> Found:
    """Return the seconds that a job of `count` finished files needs to find that out."""
    root = empty_files(folder, count)
    journal = folder / "resumed.sqlite"
    async with serve_job() as (box, client):
        first = UploadJob(
            client, root, parent=box.project, journal=journal, effort=Effort(max_duration=0.001)
        )
        report = await first.run()
        while not report.scanned:  # it must be planned completely, and not uploaded
            longer = Effort(max_duration=report.seconds * 2 + 1)
            report = await UploadJob(client, root, parent=box.project, journal=journal, effort=longer).run()
        with sqlite3.connect(journal) as db:
            db.execute("UPDATE item SET state = ?, file = 'x'", (int(State.DONE),))
        db.close()
        with Peak() as peak:
            began = time.perf_counter()
            report = await UploadJob(client, root, parent=box.project, journal=journal).run()
            seconds = time.perf_counter() - began
    if report.counts.done != count:
        raise RuntimeError(f"{report.counts}")
    return {
        "files": count,
        "seconds": round(seconds, 2),
        "journal_mib": round(journal.stat().st_size / MIB, 1),
        "growth_mib": round((peak.highest - peak.before) / MIB, 1),
    }


def apart(part: str, *options: object) -> Found:
    """Run one part in a process of its own, so that its memory is measured alone."""
    found: Found = run_part("benchmarks.bulk", "--part", part, *options)
    return found


def main() -> None:
    """Run all parts, or one, and print JSON: one object per line, the last one contains them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000, help="small files per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--planned", type=int, default=200_000, help="files for memory and resuming")
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long planned files are uploaded")
    parser.add_argument("--part", choices=("beside", "planned", "resumed"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.part is None:
        _all(wanted)
        return
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        folder = Path(name)
        work: dict[str, Callable[[], Coroutine[Any, Any, Found]]] = {
            "beside": lambda: beside(folder, wanted.files, wanted.rounds, wanted.concurrency),
            "planned": lambda: plan(folder, wanted.planned, wanted.seconds),
            "resumed": lambda: resume(folder, wanted.planned),
        }
        _say(asyncio.run(work[wanted.part]()))


def _all(wanted: argparse.Namespace) -> None:
    scale = ("--planned", wanted.planned, "--seconds", wanted.seconds)
    found: dict[str, Found] = {}
    for name, part, options in (
        (
            "job_over_upload_many",
            "beside",
            ("--files", wanted.files, "--rounds", wanted.rounds, "--concurrency", wanted.concurrency),
        ),
        ("memory_at_1000", "planned", ("--planned", 1000, "--seconds", wanted.seconds)),
        ("memory_at_all", "planned", scale),
        ("resuming", "resumed", scale),
    ):
        found[name] = apart(part, *options)
        _say({name: found[name]})
    _say(found)


def _say(found: object) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
