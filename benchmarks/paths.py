"""Length of the paths through the package: files, calls and returns of uploads, listings and bulk jobs.

`python -m benchmarks.paths` prints a table. The counts need neither rounds nor a quiet machine.
Only frames of the package are counted, without the sandbox, which runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

from attrs import define, field, frozen

import coredata_async
from coredata_async import CoreData
from coredata_async.bulk import Effort, UploadJob
from coredata_async.bulk.journal.journal import Journal
from coredata_async.sandbox.embedded import SandboxThread

ROOT: Final = str(Path(coredata_async.__file__).parent)
SANDBOX: Final = str(Path(ROOT) / "sandbox")
SIZE: Final = 5_000
"""Bytes of the file that is uploaded."""
FEW: Final = 50
MANY: Final = 250
OFTEN: Final = 0.1
"""A function belongs to the path of a planned file if it is called for one file in ten."""


@define(eq=False)
class Trace:
    """The calls of one path, in their order for each thread."""

    calls: Counter[CodeType] = field(factory=Counter[CodeType])
    moves: int = 0
    """Calls in another file than the call before."""
    returns: int = 0
    """Moves to a file that was left before."""
    _seen: set[str] = field(factory=set[str])
    _last: str = ""

    @property
    def files(self) -> set[str]:
        """Return the modules that were entered."""
        return {code.co_filename for code in self.calls}

    @property
    def count(self) -> int:
        """Return the number of calls."""
        return self.calls.total()

    def add(self, frame: FrameType, event: str, argument: object) -> None:
        """Count a call: a profile function for `sys.setprofile`. A resumed coroutine is not a call."""
        del argument
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(ROOT) or name.startswith(SANDBOX) or _is_resumed(frame):
            return
        self.calls[frame.f_code] += 1
        if name != self._last:
            self.moves += 1
            self.returns += name in self._seen
            self._last = name
            self._seen.add(name)


@frozen
class JobCounts:
    """Tasks and journal requests of one bulk job."""

    tasks: int
    round_trips: int
    """Requests to the journal's thread that a task waited for."""


@contextmanager
def record_calls() -> Iterator[Trace]:
    """Trace this thread, and the threads that are started meanwhile."""
    trace = Trace()
    threading.setprofile(trace.add)
    sys.setprofile(trace.add)
    try:
        yield trace
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def upload() -> Trace:
    """Trace the upload of a small file by a client that has uploaded one before."""
    return _second_time(_upload)


def listing() -> Trace:
    """Trace a listing of one page with one File, likewise."""

    async def read(client: CoreData, parent: str, directory: Path) -> None:
        del directory
        async for _ in client.files.list(parent=parent):
            pass

    return _second_time(read)


def trace_planned_file() -> Trace:
    """Trace a bulk job, and keep what each further file adds."""
    few, many = _job(FEW), _job(MANY)
    added = Counter(
        {code: count - few.calls[code] for code, count in many.calls.items() if count > few.calls[code]}
    )
    further = MANY - FEW
    calls = Counter(
        {code: round(count / further) or 1 for code, count in added.items() if count >= OFTEN * further}
    )
    return Trace(calls=calls)


def whole_job() -> Trace:
    """Trace a bulk job of one file."""
    return _job(1)


def job_counts() -> JobCounts:
    """Count the tasks and journal round trips of a bulk job of one file."""
    tasks = trips = 0
    put = Journal._put  # noqa: SLF001  # the one place that all questions go through

    def start(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        nonlocal tasks
        tasks += 1
        return asyncio.Task(work, loop=loop, **options)

    async def count(self: Journal, *arguments: Any) -> None:
        nonlocal trips
        trips += 1
        await put(self, *arguments)

    async def run(client: CoreData, parent: str, directory: Path) -> None:
        asyncio.get_running_loop().set_task_factory(start)
        await _run_job(client, parent, directory, 1)

    Journal._put = count  # type: ignore[method-assign]  # noqa: SLF001
    try:
        _with_client(run)
    finally:
        Journal._put = put  # type: ignore[method-assign]  # noqa: SLF001
    return JobCounts(tasks, trips)


def main() -> None:
    """Print the table."""
    print(f"{'path':<34}{'files':>7}{'calls':>7}{'moves':>7}{'returns':>9}")
    for name, measure in (
        ("upload, 5 kB, second time", upload),
        ("list, one page, second time", listing),
        ("bulk job, one file", whole_job),
        ("bulk job, each further file", trace_planned_file),
    ):
        trace = measure()
        moves = f"{trace.moves:>7}{trace.returns:>9}" if trace.moves else ""
        print(f"{name:<34}{len(trace.files):>7}{trace.count:>7}{moves}")
    counts = job_counts()
    print(f"bulk job, one file: {counts.tasks} tasks, {counts.round_trips} journal round trips")


_Use = Callable[[CoreData, str, Path], Awaitable[None]]


def _second_time(use: _Use) -> Trace:
    traces: list[Trace] = []

    async def twice(client: CoreData, parent: str, directory: Path) -> None:
        await _upload(client, parent, directory)
        await use(client, parent, directory)
        with record_calls() as trace:
            await use(client, parent, directory)
        traces.append(trace)

    _with_client(twice)
    return traces[0]


def _job(files: int) -> Trace:
    traces: list[Trace] = []

    async def run(client: CoreData, parent: str, directory: Path) -> None:
        with record_calls() as trace:
            await _run_job(client, parent, directory, files)
        traces.append(trace)

    _with_client(run)
    return traces[0]


async def _upload(client: CoreData, parent: str, directory: Path) -> None:
    path = directory / "report.pdf"
    path.write_bytes(b"%" * SIZE)
    await client.files.upload(path, parent=parent)


async def _run_job(client: CoreData, parent: str, directory: Path, files: int) -> None:
    tree = directory / "tree"
    tree.mkdir()
    for number in range(files):
        (tree / f"{number:05}.txt").write_text(f"file {number}")
    job = UploadJob(client, [tree], parent=parent, journal=directory / "job.db", effort=Effort())
    report = await job.run()
    if report.counts.done != files:
        raise RuntimeError(f"only {report.counts.done} of {files} files were uploaded")


def _with_client(use: _Use) -> None:
    async def run(box: SandboxThread, directory: Path) -> None:
        async with box.client() as client:
            await use(client, box.project, directory)

    with SandboxThread() as box, tempfile.TemporaryDirectory(prefix="coredata-paths-") as name:
        asyncio.run(run(box, Path(name)))


def _is_resumed(frame: FrameType) -> bool:
    """Check if a generator or coroutine continues: the argument of its RESUME instruction is not 0."""
    return frame.f_code.co_code[frame.f_lasti + 1] & 3 != 0


if __name__ == "__main__":
    main()
