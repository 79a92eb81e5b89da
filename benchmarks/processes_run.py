"""One job, in this process and so many workers: files per second, and the CPU that each part takes.

    python -m benchmarks.processes_run TREE FILES --processes 2 --api http://…      # prints a JSON line

What is measured is the steady state, from the first files that are done to nearly the last, so that the half
second in which Python starts does not count; `whole` counts it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from attrs import asdict, define, field, frozen

from benchmarks.served import PARENT, cpu
from coredata_async import CoreData
from coredata_async.bulk import Effort, Progress, UploadJob

NEARLY = 0.97
"""Share of the files after which the end begins, which is not steady."""


@frozen
class Mark:
    """Progress of a job at some moment, and the CPU used by then."""

    at: float
    files: int
    parent: float
    workers: float


@frozen
class Spent:
    """Files per second, and seconds of CPU per file, of one run."""

    rate: float
    whole: float
    """Files per second, from the start of the job to its end."""
    parent: float
    workers: float
    far: float = 0.0


@define
class Workers:
    """Worker processes of this one: searched for until they exist, because a search takes 5 ms of CPU."""

    count: int
    _found: list[psutil.Process] = field(factory=list[psutil.Process], init=False)

    def cpu(self) -> float:
        """Return the seconds of CPU that they used."""
        if len(self._found) < self.count:
            self._found = psutil.Process().children()
        found = 0.0
        for child in self._found:
            with suppress(psutil.Error):
                found += cpu(child)
        return found


async def run(root: Path, files: int, processes: int, concurrency: int | None, url: str) -> Spent:
    """Run one job.

    Raises:
        RuntimeError: If not all files were done.
    """
    workers = Workers(processes if processes > 1 else 0)
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as folder:
        async with CoreData(url, api_user="u", api_key="k") as client:
            began = time.perf_counter()
            job = UploadJob(
                client,
                root,
                parent=PARENT,
                journal=Path(folder) / "job.sqlite",
                effort=Effort(concurrency=concurrency, processes=processes),
            )
            async with job:
                marks = [
                    Mark(time.perf_counter(), event.done, time.process_time(), workers.cpu())
                    async for event in job
                    if isinstance(event, Progress) and event.done > 0
                ]
            whole = time.perf_counter() - began
    if job.report.exit_code or job.report.counts.done != files:
        raise RuntimeError(f"{job.report.counts} {job.report.message} {job.report.failures[:2]}")
    return steady(marks, files, whole)


def steady(marks: list[Mark], files: int, whole: float) -> Spent:
    """Return the figures between the first files and nearly the last; ended workers no longer report CPU.

    Raises:
        RuntimeError: If the job was too short to measure.
    """
    marks = [mark for number, mark in enumerate(marks) if mark.workers >= marks[max(0, number - 1)].workers]
    last = next((mark for mark in marks if mark.files >= files * NEARLY), marks[-1]) if marks else None
    if last is None or last.files == marks[0].files:
        raise RuntimeError(f"{files} files are done too soon to measure anything: take more")
    first, count = marks[0], last.files - marks[0].files
    return Spent(
        rate=count / (last.at - first.at),
        whole=files / whole,
        parent=(last.parent - first.parent) / count,
        workers=(last.workers - first.workers) / count,
    )


def main() -> None:
    """Run one job."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path)
    parser.add_argument("files", type=int)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--concurrency", type=int)
    parser.add_argument("--api", required=True)
    wanted = parser.parse_args()
    spent = asyncio.run(run(wanted.tree, wanted.files, wanted.processes, wanted.concurrency, wanted.api))
    sys.stdout.write(json.dumps(asdict(spent)) + "\n")


if __name__ == "__main__":
    main()
