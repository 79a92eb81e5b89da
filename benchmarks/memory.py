"""Growth of the resident set while this process uploads: rows 12 and 13.

    python -m benchmarks.memory --part one        # or four, or many: prints one JSON object

Each part runs in a process of its own, against a server in another. Growth is measured from the moment
before the upload, with all modules imported and the connections open. Large files are sparse: they cost
no disk, and their zeros are read, hashed and sent like any bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped, unused-ignore]
from attrs import frozen

from benchmarks.apart import run_part
from benchmarks.clients.ours import client_for, upload
from benchmarks.files import small_files
from benchmarks.result import Result
from benchmarks.served import PARENT, Where, serve
from coredata_async import CoreData, Failed, Unknown

MIB: Final = 1 << 20
WIDTH: Final = 32


@frozen
class Part:
    """One row: the files to upload, and the maximum growth of the process."""

    row: str
    name: str
    size: int
    """MiB of each file, 0 for small ones."""
    files: int
    quick: int
    """MiB, or the number of small files, in a quick run."""
    must: float
    stretch: float


PARTS: Final = {
    "one": Part("12", "one large file", 4096, 1, 1024, 12, 6),
    "four": Part("12", "four large files at once", 1024, 4, 256, 32, 16),
    "many": Part("13", "small files in one call", 0, 30_000, 4000, 24, 8),
}


class Peak:
    """Peak of the resident set of this process while it is open."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self.before = self.highest = self._process.memory_info().rss

    def __enter__(self) -> Peak:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watch.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.005):
            self.highest = max(self.highest, self._process.memory_info().rss)

    @property
    def growth(self) -> float:
        """Growth in MiB."""
        return float(self.highest - self.before) / MIB


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # peaks repeat within 1 MiB
    """Measure one row for each part."""
    return [_row(name, part, quick=quick) for name, part in PARTS.items()]


def _row(name: str, part: Part, *, quick: bool) -> Result:
    found: dict[str, float] = run_part("benchmarks.memory", "--part", name, *(["--quick"] if quick else []))
    many = part.size == 0
    return Result(
        name=f"RSS growth, {part.name}",
        baseline="before the upload",
        ratio=found["growth MiB"],
        must=part.must,
        stretch=part.stretch,
        higher_is_better=False,
        unit="MiB",
        figures={f"{name}: {figure}": value for figure, value in found.items()},
        note=f"{found['files']:,.0f} files instead of 100,000, results not kept" if many else "",
        row=part.row,
    )


async def run(name: str, *, quick: bool) -> dict[str, float]:
    """Upload the files of a part in this process, and return the figures."""
    part = PARTS[name]
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as folder:
        async with serve(large=part.size > 0) as where, client_for(where) as client:
            if part.size:
                return await _large(client, Path(folder), part, part.quick if quick else part.size)
            return await _many(client, where, Path(folder), part.quick if quick else part.files)


async def _large(client: CoreData, folder: Path, part: Part, size: int) -> dict[str, float]:
    paths = [folder / f"{number}.bin" for number in range(part.files)]
    for path in paths:
        with path.open("wb") as file:
            file.truncate(size * MIB)
    await client.files.upload(b"warm", parent=PARENT, filename="warm.txt", verify=False)
    with Peak() as peak:
        async with asyncio.TaskGroup() as group:
            for path in paths:
                group.create_task(client.files.upload(path, parent=PARENT, verify=False))
    return {"files": part.files, "MiB each": size, "growth MiB": round(peak.growth, 1)}


async def _many(client: CoreData, where: Where, folder: Path, files: int) -> dict[str, float]:
    """Upload many files, with a sample after every tenth, to see whether memory grows with their number."""
    paths = small_files(folder, 1000)
    await upload(client, paths[: 4 * WIDTH], WIDTH)
    looks: dict[str, float] = {}
    supply = islice(cycle(paths), files)
    with Peak() as peak:
        async with client.files.upload_many(supply, parent=PARENT, concurrency=WIDTH) as outcomes:
            done = 0
            async for outcome in outcomes:
                if isinstance(outcome, Failed | Unknown):
                    raise outcome.error
                done += 1
                if done % (files // 10) == 0:
                    looks[f"growth MiB at {done}"] = round(peak.growth, 1)
    await asyncio.to_thread(where.check, 4 * WIDTH + files)
    return {"files": files, "growth MiB": round(peak.growth, 1), **looks}


def main() -> None:
    """Run one part and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=sorted(PARTS), default="one")
    parser.add_argument("--quick", action="store_true")
    wanted = parser.parse_args()
    sys.stdout.write(json.dumps(asyncio.run(run(wanted.part, quick=wanted.quick))) + "\n")


if __name__ == "__main__":
    main()
