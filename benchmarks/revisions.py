"""Speed of another revision of this library beside the present one: small files, a bulk job, the import.

    python -m benchmarks.revisions 825ad29 --rounds 9

Both revisions run in processes of their own against one server of the present revision, in turn. A ratio is
the present rate over the earlier one, round by round; for the import, the earlier CPU time over the present
one. For small files, the CPU time of the client is printed, too: it is the better guide on a busy machine.
Exits with 1 if a whole 95 % interval lies below 0.97.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from attrs import define, evolve, field

from benchmarks.bulk import small_files as tree_of_files
from benchmarks.files import small_files
from benchmarks.import_time import MADE
from benchmarks.intervals import median_interval, ratios
from benchmarks.result import Result
from benchmarks.served import PARENT, ROOT, serve, start_server
from benchmarks.table import lines

BOUND: Final = 0.97
FILES: Final = 1000
"""Small files of one slice."""
WIDTHS: Final = {32: "1", 8: "1b", 64: "1b"}
JOB_FILES: Final = 1000
IMPORTS: Final = {"import": "import coredata_async", "import, a client made": MADE}
NOW, BEFORE = "present", "earlier"
Seconds = dict[str, list[float]]
"""Seconds of each round, by revision."""


@define
class Revision:
    """Process that works with one revision of the library."""

    name: str
    process: asyncio.subprocess.Process
    cpu: list[float] = field(factory=list[float])
    """Seconds of CPU time of each piece of work."""

    async def run(self, work: str, **options: object) -> float:
        """Carry out one piece of work and return its seconds.

        Raises:
            RuntimeError: If the process ends or reports an error.
        """
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self.process.stdin.write(json.dumps({"work": work, **options}).encode() + b"\n")
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: the process ended, see its message above")
        spent = json.loads(line)
        self.cpu.append(float(spent["cpu"]))
        return float(spent["seconds"])


@asynccontextmanager
async def revision(name: str, tree: Path) -> AsyncGenerator[Revision, None]:
    """Start a process whose library is the one in `tree`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(Path(__file__).with_name("revision_process.py")), str(tree)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Revision(name, process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def extract(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder."""
    packed = subprocess.run(["git", "archive", commit, "coredata_async"], check=True, cwd=ROOT, stdout=-1)
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], check=True, input=packed.stdout)
    return folder


async def uploads(both: Sequence[Revision], folder: Path, rounds: int) -> list[Result]:
    """Compare `upload_many` of small files at several concurrencies."""
    await asyncio.to_thread(folder.mkdir)
    paths = [str(path) for path in small_files(folder, FILES)]
    found: list[Result] = []
    async with serve() as where:
        for width, row in WIDTHS.items():
            options = {"url": where.api, "paths": paths, "parent": PARENT, "width": width}
            for each in both:
                each.cpu.clear()
            seconds = await _in_turn(both, rounds, "upload_many", options)
            result = _result(f"small files, c={width}", seconds, FILES, row)
            # The least of all rounds, because other processes of the machine only add to it.
            cpu = {f"{each.name} CPU us": min(each.cpu) / FILES * 1e6 for each in both}
            found.append(evolve(result, figures={**result.figures, **cpu}))
    return found


async def jobs(both: Sequence[Revision], folder: Path, rounds: int) -> Result:
    """Compare a bulk job of small files."""
    root = tree_of_files(folder, JOB_FILES)
    seconds: Seconds = {each.name: [] for each in both}
    numbers = random.Random(rounds)
    for turn in range(rounds + 1):
        for each in numbers.sample(both, len(both)):
            # A separate server for each, because a job expects a parent without files.
            async with start_server("benchmarks.processes_far") as (where, _):
                journal = str(folder / f"{each.name}-{turn}.sqlite")
                options = {"url": where["api"], "root": str(root), "parent": PARENT, "journal": journal}
                spent = await each.run("job", **options, files=JOB_FILES)
            if turn:
                seconds[each.name].append(spent)
    return _result("bulk job", seconds, JOB_FILES, "bulk")


async def imports(both: Sequence[Revision], rounds: int) -> list[Result]:
    """Compare the CPU time of fresh interpreters that import the library."""
    return [
        _result(name, await _in_turn(both, 2 * rounds, "import", {"code": code}), 1, "18")
        for name, code in IMPORTS.items()
    ]


async def _in_turn(both: Sequence[Revision], rounds: int, work: str, options: dict[str, object]) -> Seconds:
    seconds: Seconds = {each.name: [] for each in both}
    numbers = random.Random(rounds)
    for turn in range(rounds + 1):  # the first round warms up
        for each in numbers.sample(both, len(both)):
            spent = await each.run(work, **options)
            if turn:
                seconds[each.name].append(spent)
    return seconds


def _result(name: str, seconds: Seconds, amount: int, row: str) -> Result:
    now, before = seconds[NOW], seconds[BEFORE]
    found = median_interval(ratios(before, now))
    return Result(
        name=name,
        baseline=BEFORE,
        ratio=found.median,
        low=found.low,
        high=found.high,
        must=BOUND,
        figures={f"{each} ms": sorted(seconds[each])[len(now) // 2] / amount * 1e3 for each in (NOW, BEFORE)},
        row=row,
    )


async def measure(commit: str, rounds: int) -> list[Result]:
    """Compare one commit with the working tree."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coredata-bench-")))
        earlier = await asyncio.to_thread(extract, commit, folder / "earlier")
        both = [
            await stack.enter_async_context(revision(NOW, ROOT)),
            await stack.enter_async_context(revision(BEFORE, earlier)),
        ]
        found = await uploads(both, folder / "files", rounds)
        found.append(await jobs(both, folder, rounds))
        return [*found, *await imports(both, rounds)]


def main() -> None:
    """Run the comparison and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", help="the earlier revision")
    parser.add_argument("--rounds", type=int, default=9)
    wanted = parser.parse_args()
    found = asyncio.run(measure(wanted.commit, wanted.rounds))
    sys.stdout.write("\n".join(lines(found)) + "\n")
    raise SystemExit(any(each.status == "MISS" for each in found))


if __name__ == "__main__":
    main()
