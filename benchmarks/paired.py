"""Ways side by side in one process: slices of work in turn, so that a disturbance affects all of them."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from attrs import frozen

from benchmarks.intervals import median_interval, ratios
from benchmarks.result import Result

SEED: Final = 5

Slice = Callable[[], Awaitable[float]]
"""Does some work and returns its amount: files, bytes or requests."""


@frozen
class Spent:
    """Duration and CPU of a slice."""

    work: float
    seconds: float
    cpu: float
    """Seconds of CPU of this process and of the processes that it has waited for."""
    far_cpu: float
    """Seconds of CPU of the server."""

    @property
    def rate(self) -> float:
        """Work per second."""
        return self.work / self.seconds


@frozen
class Timed:
    """All slices of all ways."""

    ways: Mapping[str, list[Spent]]

    def rate(self, name: str) -> float:
        """Return the median of work per second."""
        return statistics.median(each.rate for each in self.ways[name])

    def cpu(self, name: str) -> float:
        """Return the median of CPU microseconds per piece of work."""
        return statistics.median(each.cpu / each.work for each in self.ways[name]) * 1e6

    def far_share(self, name: str) -> float:
        """Return the share of a core that the server used meanwhile."""
        return statistics.median(each.far_cpu / each.seconds for each in self.ways[name])

    def against(self, ours: str, theirs: str) -> list[float]:
        """Return the ratios of the rates, slice by slice."""
        return ratios([each.rate for each in self.ways[ours]], [each.rate for each in self.ways[theirs]])

    def _spread(self, what: str, ways: Sequence[str]) -> dict[str, float]:
        """Return the interval of each rate, for the plots."""
        found: dict[str, float] = {}
        for way in ways:
            rate = median_interval([each.rate for each in self.ways[way]])
            found |= {f"{way} {what} low": round(rate.low, 1), f"{way} {what} high": round(rate.high, 1)}
        return found

    def result(
        self,
        name: str,
        ours: str,
        theirs: str,
        *,
        what: str = "files/s",
        row: str = "",
        must: float | None = None,
        stretch: float | None = None,
        note: str = "",
    ) -> Result:
        """Return the row that compares two ways by their rates."""
        found = median_interval(self.against(ours, theirs))
        figures = {f"{way} {what}": round(self.rate(way), 1) for way in (ours, theirs)}
        figures |= self._spread(what, (ours, theirs))
        figures |= {f"{way} CPU us": round(self.cpu(way), 1) for way in (ours, theirs)}
        return Result(
            name=name,
            baseline=theirs,
            ratio=found.median,
            low=found.low,
            high=found.high,
            must=must,
            stretch=stretch,
            figures=figures,
            note=note,
            row=row,
        )


async def run_paired(ways: Mapping[str, Slice], turns: int, far: Callable[[], float] = lambda: 0.0) -> Timed:
    """Let the ways take turns, in shuffled order; the first turn warms up and is not counted."""
    numbers = random.Random(SEED)
    found: dict[str, list[Spent]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        for name in numbers.sample(sorted(ways), len(ways)):
            far_before, before, began = far(), _cpu(), time.perf_counter()
            work = await ways[name]()
            seconds = time.perf_counter() - began
            spent = Spent(work, seconds, _cpu() - before, far() - far_before)
            if turn:
                found[name].append(spent)
    return Timed(found)


def _cpu() -> float:
    """Return the CPU of this process and its children; `times` has ticks of 10 ms, so ours is read finer."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system
