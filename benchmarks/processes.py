"""One job in one process, and over worker processes: files per second, and the CPU that each part takes.

    python -m benchmarks.processes                      # 1 and 2 processes, small and middle-sized files
    python -m benchmarks.processes --files 8000 --rounds 5 --processes 2

Each run has a fresh process; the ways are interleaved in shuffled rounds, ratios are taken by round. The
server has a process of its own on the same cores: `far_us` is its share. `at_most` is the limit of full cores
that include the server, `model` with a server elsewhere, both from the CPU per file. `busy_one` says how many
cores one process and the far end keep busy: large files are hashed in threads, so there one process uses two
by itself. `apart` is what this machine gives to as many jobs of one process that share nothing but the far
end: each has its part of the same tree.
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
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from attrs import evolve

from benchmarks.intervals import median_interval, ratios
from benchmarks.processes_run import Spent
from benchmarks.served import ROOT, cpu, start_server

CORES = 2
BOUND = 1.6
FOLDER = 250
"""Files in a directory."""


@asynccontextmanager
async def serve_tree() -> AsyncGenerator[tuple[str, psutil.Process], None]:
    """Run the server, in a process of its own."""
    async with start_server("benchmarks.processes_far") as (where, pid):
        yield where["api"], psutil.Process(pid)


async def one_run(trees: list[Path], files: int, processes: int, concurrency: int | None) -> Spent:
    """Run a job for each tree, side by side, with `files` in all of them together."""
    options = ["--processes", str(processes), *(["--concurrency", str(concurrency)] if concurrency else [])]
    async with serve_tree() as (url, far):
        before = cpu(far)
        found = await asyncio.gather(
            *(_job([str(each), str(files // len(trees)), *options, "--api", url]) for each in trees)
        )
        taken = (cpu(far) - before) / files
    return Spent(
        rate=sum(each.rate for each in found),
        whole=sum(each.whole for each in found),
        parent=statistics.mean(each.parent for each in found),
        workers=statistics.mean(each.workers for each in found),
        far=taken,
    )


async def _job(options: list[str]) -> Spent:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.processes_run", *options),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"benchmarks.processes_run ended with {process.returncode}")
    return Spent(**json.loads(out.splitlines()[-1]))


async def compare(root: Path, parts: list[Path], files: int, wanted: argparse.Namespace) -> dict[str, Any]:
    """Compare all ways, round by round."""
    count, concurrency = wanted.processes, wanted.concurrency
    ways = {
        "processes_1": ([root], 1, concurrency),
        f"processes_{count}": ([root], count, concurrency),
        "apart": (parts, 1, concurrency and max(1, concurrency // count)),
    }
    numbers = random.Random(5)
    found: dict[str, list[Spent]] = {way: [] for way in ways}
    for number in range(wanted.rounds + 1):
        for way in numbers.sample(list(ways), len(ways)):
            trees, processes, width = ways[way]
            spent = await one_run(trees, files, processes, width)
            if number:  # the first round warms up
                found[way].append(spent)
    one, many, apart = found.values()
    rates = [each.rate for each in one]
    ratio = median_interval(ratios([each.rate for each in many], rates))
    ceiling = median_interval(ratios([each.rate for each in apart], rates))
    whole = ratios([each.whole for each in many], [each.whole for each in one])
    return {
        "files": files,
        "ratio": round(ratio.median, 3),
        "ratio_95": [round(ratio.low, 3), round(ratio.high, 3)],
        "whole_ratio": round(statistics.median(whole), 3),
        "apart_ratio": round(ceiling.median, 3),
        "apart_95": [round(ceiling.low, 3), round(ceiling.high, 3)],
        "at_most": round(_at_most(one, many), 3),
        "model": round(_at_most(one, [evolve(each, far=0.0) for each in many]), 3),
        "busy_one": round(statistics.median(each.rate * (each.parent + each.far) for each in one), 2),
        **{way: _figures_of(spent) for way, spent in found.items()},
    }


def _at_most(one: list[Spent], many: list[Spent]) -> float:
    """Return the limit of files per second on full cores over those of one process.

    The parent's loop uses at most one core.
    """
    parent = statistics.median(each.parent for each in many)
    others = statistics.median(each.workers + each.far for each in many)
    rate = 1 / max(parent, (parent + others) / CORES)
    return rate / statistics.median(each.rate for each in one)


def _figures_of(rows: list[Spent]) -> dict[str, float]:
    def median(name: str) -> float:
        return statistics.median(getattr(each, name) for each in rows)

    return {
        "files_per_second": round(median("rate"), 1),
        **{f"{name}_us": round(median(name) * 1e6, 1) for name in ("parent", "workers", "far")},
    }


def tree(root: Path, count: int, sizes: list[int], parts: int) -> Path:
    """Create files in small directories, in so many parts."""
    numbers = random.Random(1)
    for number in range(count):
        place = root / str(number * parts // count) / f"{number // FOLDER:03}"
        place.mkdir(parents=True, exist_ok=True)
        data = numbers.randbytes(min(sizes[number % len(sizes)], 1 << 20))
        with (place / f"{number}.bin").open("wb") as file:
            for start in range(0, sizes[number % len(sizes)], 1 << 20):
                file.write(data[: sizes[number % len(sizes)] - start])
    os.sync()  # otherwise the journals of the first runs would wait for these to be written
    return root


def main() -> None:
    """Run it, print JSON, and exit with 1 if a ratio misses its bound."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=6000, help="of 4 to 64 KiB; 0 leaves them out")
    parser.add_argument("--middle", type=int, default=200, help="of 8 MiB; 0 leaves them out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--concurrency", type=int, help="files at once; default: 64 for each process")
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
        count -= count % wanted.processes  # noqa: PLW2901  # as many in each part
        with tempfile.TemporaryDirectory(prefix="coredata-bench-") as folder:
            root = tree(Path(folder) / name, count, sizes, wanted.processes)
            found[name] = asyncio.run(compare(root, sorted(root.iterdir()), count, wanted))
        if name == "small":  # one process hashes large files on all cores already
            missed = found[name]["ratio_95"][1] < wanted.bound
        sys.stdout.write(json.dumps({name: found[name]}) + "\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps(found) + "\n")
    raise SystemExit(missed)


if __name__ == "__main__":
    main()
