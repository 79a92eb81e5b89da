"""Small files through all three steps: this library beside aiohttp as it is usually written, and at its best.

    python -m benchmarks.small_files --rounds 5

Paired slices of 200 files in one process and loop against `benchmarks.server` in another. A bare protocol
client shows the limit set by the server.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.clients.ours import has_switch
from benchmarks.clients.roster import BARE, NAIVE, OURS, OURS_AIOHTTP, PYCURL, TUNED
from benchmarks.command import main
from benchmarks.flow import FULL, QUICK, flow, way
from benchmarks.paired import Timed
from benchmarks.result import Result

BOUNDS: Final = {32: ("1", 1.7, 2.1), 8: ("1b", 1.9, 2.5), 64: ("1b", 1.6, 2.0)}
"""Row, must and stretch of the ratio to `naive+md5`, by concurrency."""
WISHED: Final = 5.0
"""Aim of the ratio to `naive+md5`."""


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure rows 1, 1b and 1c; the default transport; the limits."""
    turns = rounds * (QUICK if quick else FULL)
    found: list[Result] = []
    for width in BOUNDS:
        with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
            found += asyncio.run(_at(Path(name), width, turns if width == 32 else max(turns // 2, 5)))  # noqa: PLR2004
    return found


async def _at(folder: Path, width: int, turns: int) -> list[Result]:
    clients = [OURS, NAIVE]
    if width == 32:  # noqa: PLR2004
        clients += [TUNED, BARE]
        clients += [OURS_AIOHTTP] if has_switch() else []
        clients += [] if PYCURL.missing else [PYCURL]
    timed = await flow(folder, [(client, width) for client in clients], turns)
    row, must, stretch = BOUNDS[width]
    ours, naive = way(OURS, width), way(NAIVE, width)
    name = f"small files, whole flow, c={width}"
    found = [timed.result(name, ours, naive, row=row, must=must, stretch=stretch)]
    return found if len(clients) == 2 else [*found, *_more(timed, width)]  # noqa: PLR2004


def _more(timed: Timed, width: int) -> list[Result]:
    """Return the rows that are measured only at the usual concurrency."""
    name = f"small files, whole flow, c={width}"
    ours, naive, lean = way(OURS, width), way(NAIVE, width), way(OURS_AIOHTTP, width)
    found = [
        timed.result(name, ours, way(TUNED, width), row="1c", must=0.6, stretch=0.75),
        timed.result("lean exchange, small files", ours, naive, stretch=WISHED, note=f"aim {WISHED:g}"),
    ]
    if lean in timed.ways:
        found.append(timed.result("lean exchange, small files", ours, lean, note="see `lean`, too"))
        # The bound of row 1 is for the default; this one is for unusual options.
        found.append(timed.result(f"{name}, on aiohttp", lean, naive))
    else:
        found.append(
            Result(name="lean exchange, small files", baseline=lean, note="this version has no such switch")
        )
    if PYCURL.missing:
        found.append(Result(name=name, baseline=PYCURL.name, note=PYCURL.missing))
    else:
        found.append(timed.result(name, ours, way(PYCURL, width), note="the bar above"))
    bare = way(BARE, width)
    share = timed.far_share(ours)
    found.append(timed.result("room the server leaves", bare, ours, note=_room(share)))
    return found


def _room(share: float) -> str:
    return f"a bare protocol client over ours; while ours runs, the server takes {share:.0%} of its core"


if __name__ == "__main__":
    raise SystemExit(main(["--only", "small", *sys.argv[1:]]))
