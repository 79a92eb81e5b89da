"""The same client with either transport, for thousands of small files, each in a fresh process.

    python -m benchmarks.sustained --transport auto     # one run; prints a JSON line

Slices of 200 files beside six other clients in one process, as in `small_files`, find caches cold and the
garbage collector busy with the objects of all clients. A bulk upload runs alone, so this benchmark decides
whether the own transport is worth its code.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Final, cast

from benchmarks.apart import run_part
from benchmarks.clients.ours import client_for, upload
from benchmarks.files import small_files
from benchmarks.intervals import median_interval, ratios
from benchmarks.result import Result
from benchmarks.served import serve

MUST: Final = 2.5
"""Minimum gain of the own transport that justifies it."""
FILES: Final = 2000
PASSES: Final = 2
"""Number of uploads of all files in a run."""
WIDTH: Final = 32
WAYS: Final = ("auto", "aiohttp")


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Compare the own transport with aiohttp's, by files per second; a quick run takes two rounds."""
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for turn in range((2 if quick else max(rounds, 5)) + 1):
        for way in WAYS if turn % 2 else WAYS[::-1]:
            ran = _run(way)
            if turn:  # the first round warms up
                found[way].append(ran)
    lean, usual = ([rate for rate, _ in found[way]] for way in WAYS)
    held = median_interval(ratios(lean, usual))
    figures = {f"{way} files/s": median_interval([rate for rate, _ in found[way]]).median for way in WAYS}
    figures |= {f"{way} CPU us": median_interval([cpu for _, cpu in found[way]]).median for way in WAYS}
    return [
        Result(
            name=f"lean exchange, {FILES * PASSES:,} small files at a stretch",
            baseline="ours on aiohttp",
            ratio=held.median,
            low=held.low,
            high=held.high,
            must=MUST,
            figures=figures,
            note="a fresh process for each",
        )
    ]


def _run(way: str) -> tuple[float, float]:
    rate, cpu = cast("tuple[float, float]", run_part("benchmarks.sustained", "--transport", way, timeout=120))
    return rate, cpu


async def run(transport: str) -> tuple[float, float]:
    """Return files per second, and microseconds of CPU per file."""
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        paths = await asyncio.to_thread(small_files, Path(name), FILES)
        async with serve() as where, client_for(where, transport=transport) as client:
            await upload(client, list(islice(paths, 300)), WIDTH)
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(PASSES):
                await upload(client, paths, WIDTH)
            count = FILES * PASSES
            return count / (time.perf_counter() - wall), (time.process_time() - cpu) / count * 1e6


def main() -> None:
    """Run once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--transport", choices=WAYS, default="auto")
    sys.stdout.write(json.dumps(asyncio.run(run(parser.parse_args().transport))) + "\n")


if __name__ == "__main__":
    main()
