"""Listings: decoding and structuring pages beside a hand-written constructor, and reading pages ahead.

    python -m benchmarks.listing --rounds 30

Slices of each way alternate in one process. The ratio is that of CPU time, or of wall time where a server
answers after 20 ms. Exits with 1 if a whole 95 % interval is below its bound.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final
from unittest.mock import patch

import aiohttp
import orjson
from attrs import asdict

from benchmarks.intervals import median_interval, ratios
from benchmarks.listing_objects import by_hand, page
from benchmarks.paired import run_paired
from benchmarks.result import Result
from coredata_async import CoreData
from coredata_async.resources.files import File
from coredata_async.wire import convert
from coredata_async.wire.convert import from_json, structure_all

SIZES: Final = (20, 100, 1000)
SLICE: Final = 400
"""Objects per slice: some 10 ms, so that a disturbance affects few of them."""
TURNS: Final = 6
"""Slices per round."""
PAGES: Final = 48
DELAY: Final = 0.02
WINDOW: Final = 8
HAND: Final = "json_hand_dt"


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # the form that all measurements have
    """Measure rows 14, 15 and 16 of the table; a quick run omits two page sizes."""
    return asyncio.run(_compare(rounds, (100,) if quick else SIZES))


async def _compare(rounds: int, sizes: tuple[int, ...]) -> list[Result]:
    found: list[Result] = []
    for size in sizes:
        found += structuring(rounds, size)
    return [*found, await reading_ahead(rounds)]


def structuring(rounds: int, size: int) -> list[Result]:
    """Compare JSON to Files with `extra`, by either decoder, with the hand-written baseline."""
    raw = page(size)
    ways: dict[str, Callable[[], object]] = {
        HAND: lambda: [by_hand(each) for each in json.loads(raw)["objects"]],
        "json": lambda: structure_all(from_json(raw)["objects"], File),
        "orjson": lambda: structure_all(from_json(raw)["objects"], File),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    numbers = random.Random(size)
    for turn in range(rounds * TURNS + 1):
        for name in numbers.sample(sorted(ways), len(ways)):
            with patch.object(convert, "_json", orjson if name == "orjson" else json):
                began = time.process_time()
                for _ in range(max(1, SLICE // size)):
                    ways[name]()
                spent = time.process_time() - began
            if turn:
                seconds[name].append(spent)
    return [
        _result(seconds, size, "json", row="14", must=0.70, stretch=0.88),
        _result(seconds, size, "orjson", row="15", must=1.15, stretch=1.35),
    ]


def _result(
    seconds: Mapping[str, list[float]], size: int, way: str, *, row: str, must: float, stretch: float
) -> Result:
    found = median_interval(ratios(seconds[HAND], seconds[way]))
    each = max(1, SLICE // size) * size
    return Result(
        name=f"structuring, {way}, pages of {size}",
        baseline=HAND,
        ratio=found.median,
        low=found.low,
        high=found.high,
        must=must,
        stretch=stretch,
        figures={f"{name} CPU us": statistics.median(seconds[name]) / each * 1e6 for name in (HAND, way)},
        row=row,
    )


async def reading_ahead(rounds: int) -> Result:
    """Compare a listing with a window of pages, with pages one by one; the server takes 20 ms for each."""
    async with (
        _serve() as url,
        CoreData(url, api_user="u", api_key="k") as client,
        aiohttp.ClientSession(headers={"Authorization": "apikey u:k"}) as session,
    ):

        async def ours() -> float:
            pages = client.files.list(page_size=100).pages(prefetch=WINDOW)
            return sum([len(each.items) async for each in pages])

        async def raw() -> float:
            count, total = 0, 1
            while count < total:
                query = {"limit": "100", "offset": str(count)}
                async with session.get(f"{url}/api/v2/files/", params=query) as reply:
                    answer = json.loads(await reply.read())
                count += len([by_hand(each) for each in answer["objects"]])
                total = answer["meta"]["total_count"]
            return count

        if await ours() != await raw():
            raise RuntimeError("a way has lost objects")
        timed = await run_paired({"coredata_async": ours, "aiohttp, page by page": raw}, rounds)
    return timed.result(
        f"listing, 20 ms, pages of 100, {WINDOW} ahead",
        "coredata_async",
        "aiohttp, page by page",
        what="objects/s",
        row="16",
        must=4.0,
        stretch=6.0,
    )


@asynccontextmanager
async def _serve() -> AsyncGenerator[str, None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.listing_server",
        f"--pages={PAGES}",
        f"--delay={DELAY}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        line = await process.stdout.readline() if process.stdout else b""
        yield line.decode().strip()
    finally:
        process.terminate()
        await process.wait()


def main() -> None:
    """Run it and print one JSON array."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="pages of 100 only")
    wanted = parser.parse_args()
    found = measure(wanted.rounds, wanted.quick)
    rows = [{**asdict(each), "status": each.status} for each in found]
    sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    raise SystemExit(any(each.status == "MISS" for each in found))


if __name__ == "__main__":
    main()
