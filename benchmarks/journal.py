"""Cost of the journal: the writes of one file, against the same workers without a journal.

    python benchmarks/journal.py --files 3000 --work 500

Per file: PUTTING and STORED noted, REGISTERING written and waited for, CONFIRMED noted, DONE with a page of
others. A worker is also measured with `--work` microseconds of other computing per file, as a busy loop has
to share Python's lock with the journal's thread. Then: planning `--planned` files, the size on disk, and
opening them again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

from attrs import asdict, frozen

from coredata_async.bulk.journal.batching import Statement
from coredata_async.bulk.journal.items import CONFIRMED, PUTTING, SENT, STORED, mark_done
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity
from coredata_async.bulk.states import State

WORKERS = (1, 16, 64, 256)
REPEATS = 3
HEX = "0123456789abcdef0123456789abcdef"
BINDING = JobIdentity("https://acme.coredata.is", "anna", "p1", (b"/data",))

PLANNED = (
    "INSERT INTO item (id, folder, name, filename, size, mtime, ctime, inode, state, seen) "
    "VALUES (?, ?, ?, ?, 10000, 1700000000123456789, 1700000000123456789, ?, 0, 1)"
)
PAGE = 200
"""Files on a page of a listing, which become DONE together."""

Pause = Callable[[], Awaitable[None]]


@frozen
class Cost:
    """Cost of one file, in microseconds."""

    elapsed: float
    cpu: float
    """CPU of the whole process."""
    loop: float
    """CPU of the loop's thread alone."""
    commits: float
    """Commits per second."""
    wait_ms: float
    """Median of REGISTERING's wait for the disk, in milliseconds."""


def insert(number: int) -> Statement:
    return PLANNED, (number, number // 100, b"report-%08d.pdf" % number, f"report-{number:08}.pdf", number)


async def write_file(journal: Journal, number: int, *, pause: Pause, waits: list[float]) -> None:
    """Write what one file causes."""
    now = time.time()
    await pause()
    journal.note((PUTTING, (int(State.PUTTING), HEX, now, number)))
    await pause()
    journal.note((STORED, (int(State.STORED), HEX, 1, now, number)))
    began = time.perf_counter()
    await journal.write((SENT, (int(State.REGISTERING), now, number)))
    waits.append(time.perf_counter() - began)
    await pause()
    journal.note((CONFIRMED, (int(State.CONFIRMED), HEX, number)))
    await pause()
    if number % PAGE == 0:
        journal.note(*mark_done(range(number - PAGE + 1, number + 1)))


async def plain(number: int, *, pause: Pause) -> None:
    """Do the same without a journal."""
    for _ in range(4):
        await pause()


async def measure(numbers: Iterator[int], workers: int, one: Callable[[int], Awaitable[None]]) -> list[float]:
    """Let workers process the numbers; return seconds: elapsed, of the process, of this thread."""

    async def worker() -> None:
        for number in numbers:
            await one(number)

    began = (time.perf_counter(), time.process_time(), time.thread_time())
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(worker())
    ended = (time.perf_counter(), time.process_time(), time.thread_time())
    return [after - before for before, after in zip(began, ended, strict=True)]


async def cost(journal: Journal, files: int, workers: int, pause: Pause) -> Cost:
    """Return the cost of a journal per file, as the best of several runs, because other processes disturb."""
    waits: list[float] = []
    one = partial(write_file, journal, pause=pause, waits=waits)
    having: list[list[float]] = []
    without: list[list[float]] = []
    for _ in range(REPEATS):
        without.append(await measure(iter(range(files)), workers, partial(plain, pause=pause)))
        having.append(await measure(iter(range(1, files + 1)), workers, one))
    wait = 1e3 * statistics.median(waits)
    commits: list[str] = []
    await journal.read(
        lambda db: db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    )
    traced = await measure(iter(range(1, files + 1)), workers, one)  # separately, because tracing costs time
    await journal.read(lambda db: db.set_trace_callback(None))
    elapsed, cpu, loop = (
        1e6 * (min(a) - min(b)) / files
        for a, b in zip(zip(*having, strict=True), zip(*without, strict=True), strict=True)
    )
    return Cost(elapsed, cpu, loop, len(commits) / traced[0], wait)


def busy(microseconds: float) -> Pause:
    """Return a pause in which the loop's thread computes for so long, and lets others continue."""
    rounds = 100_000
    began = time.perf_counter()
    for _ in range(rounds):
        pass
    count = int(microseconds * 1e-6 * rounds / (time.perf_counter() - began))

    async def pause() -> None:
        for _ in range(count):
            pass
        await asyncio.sleep(0)

    return pause


async def costs(folder: Path, files: int, work: float, only: str | None) -> dict[str, Cost]:
    """Measure all numbers of workers, in an idle loop and in a busy one."""
    journal = await Journal.open(folder / "workers.sqlite", BINDING)
    try:
        await journal.write(*map(insert, range(1, files + 1)))
        found: dict[str, Cost] = {}
        for name, micros in (("idle", 0.0), ("busy", work / 4)):
            for workers in WORKERS:
                count, row = files if workers > 1 else files // 10, f"{workers} workers, {name} loop"
                if only in {None, row}:
                    found[row] = await cost(journal, count, workers, busy(micros))
        return found
    finally:
        await journal.aclose()


async def planning(folder: Path, count: int) -> dict[str, float]:
    """Plan files a thousand at a time, then open the journal again and read it."""
    path = folder / "planned.sqlite"
    journal = await Journal.open(path, BINDING)
    began = time.perf_counter()
    for first in range(0, count, 1000):
        await journal.write(*map(insert, range(first + 1, min(first + 1000, count) + 1)))
    seconds = time.perf_counter() - began
    await journal.aclose()
    size = path.stat().st_size

    began = time.perf_counter()
    journal = await Journal.open(path, BINDING)
    opening = time.perf_counter() - began
    began = time.perf_counter()
    seen = await journal.read(_scan)
    scan = time.perf_counter() - began
    await journal.aclose()
    return {
        "files": seen,
        "plan_seconds": round(seconds, 2),
        "megabytes": round(size / 1e6, 1),
        "open_and_check_seconds": round(opening, 2),
        "scan_seconds": round(scan, 2),
    }


def _scan(db: sqlite3.Connection) -> int:
    """Count every row that a resumed run would claim."""
    return sum(1 for _ in db.execute("SELECT * FROM item WHERE state NOT IN (5, 6, 8, 10)"))


def table(found: dict[str, Cost]) -> Iterator[str]:
    """Yield the lines of a table for people."""
    yield f"{'added per file':>22} {'elapsed':>9} {'cpu':>9} {'loop':>9} {'commits/s':>10} {'wait':>9}"
    for name, each in found.items():
        micros = " ".join(f"{value:6.1f} us" for value in (each.elapsed, each.cpu, each.loop))
        yield f"{name:>22} {micros} {each.commits:10.0f} {each.wait_ms:6.1f} ms"


def main() -> None:
    """Run it, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=3000, help="that go through the workers")
    parser.add_argument("--planned", type=int, default=200_000, help="that are planned")
    parser.add_argument("--work", type=float, default=500, help="microseconds per file of a busy loop")
    parser.add_argument("--folder", help="where to put the journals: on the disk to be measured")
    parser.add_argument("--only", help="one row of the table, by its name")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coredata-bench-", dir=wanted.folder) as name:
        found = asyncio.run(costs(Path(name), wanted.files, wanted.work, wanted.only))
        plan = asyncio.run(planning(Path(name), wanted.planned))
    if wanted.json:
        rows = {
            name: {key: round(value, 1) for key, value in asdict(each).items()}
            for name, each in found.items()
        }
        sys.stdout.write(json.dumps({"per_file_microseconds": rows, "planned": plan}) + "\n")
        return
    words = (f"{key.replace('_', ' ')}: {value}" for key, value in plan.items())
    sys.stdout.write("\n".join([*table(found), "planned: " + ", ".join(words)]) + "\n")


if __name__ == "__main__":
    main()
