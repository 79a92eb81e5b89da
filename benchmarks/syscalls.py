"""Number of system calls of a client to send one small file: row 5.

Counted by strace for two numbers of files, so that one-time calls cancel out. This count has no noise.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.clients.roster import NAIVE, OURS
from benchmarks.files import small_files
from benchmarks.programs import program
from benchmarks.result import Result
from benchmarks.served import ROOT, Where, serve

CALLS: Final = ("sendto", "sendmsg", "sendmmsg")
"""Calls that put bytes on a socket. A thread that wakes the loop uses a socket, too, and is counted."""
FEW, MANY, WIDTH = 100, 300, 32


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # counted, not timed
    """Measure one row, with the baseline's figure beside it."""
    name, baseline = "send() calls per small file", "naive+md5"
    if program("strace") is None:
        return [Result(name=name, baseline=baseline, row="5", note="strace is not installed")]
    try:
        ours, naive = asyncio.run(_count())
    except subprocess.CalledProcessError as exc:
        return [Result(name=name, baseline=baseline, row="5", note=f"strace may not trace here: {exc}")]
    figures = {"ours calls/file": ours, "naive+md5 calls/file": naive}
    return [
        Result(
            name=name,
            baseline=f"naive+md5: {naive:.3g}",
            ratio=ours,
            must=5,
            stretch=3.1,
            higher_is_better=False,
            unit="calls",
            figures={each: round(value, 2) for each, value in figures.items()},
            row="5",
        )
    ]


async def _count() -> tuple[float, float]:
    async with serve() as where:
        ours = await asyncio.to_thread(_per_file, OURS.name, where)
        return ours, await asyncio.to_thread(_per_file, NAIVE.name, where)


def _per_file(client: str, where: Where) -> float:
    return (_count(client, where, MANY) - _count(client, where, FEW)) / (MANY - FEW)


def _count(client: str, where: Where, files: int) -> int:
    """Count the calls of a process that uploads this number of files."""
    with tempfile.NamedTemporaryFile(prefix="coredata-bench-", suffix=".strace") as out:
        command = ["strace", "-f", "-c", "-U", "name,calls", "-e", f"trace={','.join(CALLS)}", "-o", out.name]
        command += [sys.executable, "-m", "benchmarks.syscalls", client, str(files), where.api, where.storage]
        subprocess.run(command, check=True, cwd=ROOT, timeout=120)
        rows = (line.split() for line in Path(out.name).read_text().splitlines())
        return sum(int(row[1]) for row in rows if len(row) == 2 and row[0] in CALLS)  # noqa: PLR2004


async def _trace(name: str, files: int, where: Where) -> None:
    """Run only the upload, in the traced process."""
    client = OURS if name == OURS.name else NAIVE
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as folder:
        paths = small_files(Path(folder), files)
        async with client.connect(where) as upload:
            await upload(paths, WIDTH)


if __name__ == "__main__":
    asyncio.run(_trace(sys.argv[1], int(sys.argv[2]), Where(sys.argv[3], sys.argv[4], 0)))
