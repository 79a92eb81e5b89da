"""Median of some rounds, with its confidence interval."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from typing import Final

from attrs import frozen

RESAMPLES: Final = 2000
WITHIN: Final = 0.95
SEED: Final = 6
"""Fixed, so that the same rounds give the same interval, and so the same result."""


@frozen
class Interval:
    """Median with its 95 % interval."""

    median: float
    low: float
    high: float


def median_interval(values: Sequence[float]) -> Interval:
    """Return the median, and the interval of 95 % of the medians of resamples (bootstrap, percentiles).

    A single value is its own interval; its spread is unknown.

    Raises:
        statistics.StatisticsError: If there are no values.
    """
    median = statistics.median(values)
    numbers = random.Random(SEED)
    medians = sorted(statistics.median(numbers.choices(values, k=len(values))) for _ in range(RESAMPLES))
    skip = round(RESAMPLES * (1 - WITHIN) / 2)
    return Interval(median, medians[skip], medians[-1 - skip])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return the ratios round by round, because a disturbance affects both sides of a round."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]
