"""Server that delays each response by 20 ms: the share of the concurrency that is used; row 6.

With c files at once and three exchanges each, the limit of any client is c / 60 ms; the difference is its own
loss.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from attrs import evolve

from benchmarks.clients.roster import NAIVE, OURS
from benchmarks.flow import flow, way
from benchmarks.intervals import median_interval
from benchmarks.result import Result

DELAY: Final = 0.02
EXCHANGES: Final = 3
WIDTHS: Final = (8, 32)
PER_LANE: Final = 20
"""Files for each worker, so that the last ones, which leave workers idle, weigh a twentieth."""


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure one row for each width."""
    turns = max(2, rounds // 2) if quick else rounds
    return [row for width in WIDTHS for row in _at(width, turns)]


def _at(width: int, turns: int) -> list[Result]:
    ours = evolve(OURS, slice=width * PER_LANE)
    naive = evolve(NAIVE, slice=width * PER_LANE)
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        timed = asyncio.run(flow(Path(name), [(ours, width), (naive, width)], turns, delay=DELAY))
    ideal = width / (EXCHANGES * DELAY)
    found = median_interval([each.rate / ideal for each in timed.ways[way(ours, width)]])
    figures = {"ours, files per second": timed.rate(way(ours, width))}
    figures["naive+md5, files per second"] = timed.rate(way(naive, width))
    row = Result(
        name=f"20 ms per answer, c={width}",
        baseline=f"c/(3 x 20 ms) = {ideal:.0f}/s",
        ratio=found.median,
        low=found.low,
        high=found.high,
        must=0.80,
        stretch=0.90,
        figures={name: round(value, 1) for name, value in figures.items()},
        row="6",
    )
    return [row]
