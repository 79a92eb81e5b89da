"""The median of some rounds, and how far it may be trusted."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from typing import Final

from attrs import frozen

RESAMPLES: Final = 2000
WITHIN: Final = 0.95
SEED: Final = 6
"""Fixed, so that the same rounds give the same interval, and so the same status."""


@frozen
class Interval:
    """A median with its 95 % interval."""

    median: float
    low: float
    high: float


def median_interval(values: Sequence[float]) -> Interval:
    """The median, and the interval that holds 95 % of the medians of resamples (bootstrap, percentiles).

    A single value is its own interval; nothing is known about its spread.

    Raises:
        statistics.StatisticsError: There are no values.
    """
    median = statistics.median(values)
    numbers = random.Random(SEED)
    medians = sorted(statistics.median(numbers.choices(values, k=len(values))) for _ in range(RESAMPLES))
    skip = round(RESAMPLES * (1 - WITHIN) / 2)
    return Interval(median, medians[skip], medians[-1 - skip])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours over theirs, round by round: what disturbed one round disturbed both."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]
