"""Cause of failures: the load, or a reason that fewer requests do not change."""

from __future__ import annotations

from enum import Enum, auto
from math import sqrt
from typing import Final

from attrs import define

ENOUGH: Final = 50
"""Minimum number of requests for a meaningful share."""
FEW: Final = 8
"""Minimum number of requests for a meaningful majority."""
MEMORY: Final = 400
"""Number of requests after which older ones count half."""
MOST: Final = 0.5
"""Share of failures above which the width is always decreased."""
SAME: Final = 0.8
"""A share of at least this multiple of the earlier one counts as unchanged."""
WORSE: Final = 1.5
"""A share of more than this multiple of the earlier one counts as a new one."""
HOLD: Final = 30.0
"""Seconds during which an unchanged share of failures does not cause another decrease."""


class Trial(Enum):
    """State of the comparison that a decrease has begun."""

    NONE = auto()
    """No comparison is in progress."""
    RUNNING = auto()
    """Too few requests have ended; the width must stay as it is."""
    FUTILE = auto()
    """As many requests fail as before the decrease: the load is not the cause. Returned once."""


@define
class Blame:
    """Comparison of the share of failed requests before and after a decrease of the width.

    An overloaded service fails less often with fewer requests. A gateway that answers 503 to some requests
    regardless of the load does not: repeated decreases would stall the job without an effect.
    """

    _first: bool = True
    """True until the first decrease."""
    _failed: float = 0.0
    _all: float = 0.0
    _before: float | None = None
    """Share before the decrease, while the comparison is in progress."""
    _excused: float = 0.0
    _until: float = float("-inf")

    def count(self, now: float, *, failed: bool) -> Trial:
        """Count a request that began after the latest decrease, and return the state of the comparison."""
        self._all += 1
        self._failed += failed
        if self._all >= MEMORY:
            self._all /= 2
            self._failed /= 2
        if self._before is None:
            return Trial.NONE
        if self._all < ENOUGH:
            return Trial.RUNNING
        before, self._before = self._before, None
        # Among few failures, one more or less is chance: the square root is their standard deviation.
        helped = self._failed + sqrt(self._failed) < before * SAME * self._all
        share = self._failed / self._all
        if helped or share > MOST:
            return Trial.NONE
        self._excused, self._until = max(share, before), now + HOLD
        return Trial.FUTILE

    def allows_cut(self, now: float) -> bool:
        """Return whether failures justify a decrease of the width.

        The first ones do. After a decrease, enough requests must have ended for a comparison, unless most of
        them fail. Failures that are known to have another cause than the load do not.
        """
        if self._all >= FEW and self._failed > MOST * self._all:
            return True
        if now < self._until:
            share = self._share
            return share is not None and share > self._excused * WORSE
        return self._first or self._all >= ENOUGH

    def cut(self) -> None:
        """Begin a comparison after a decrease of the width, if there are enough requests to compare with."""
        share, self._first = self._share, False
        self._before = share if share is not None and share <= MOST else None
        self._failed = self._all = 0.0

    @property
    def _share(self) -> float | None:
        return self._failed / self._all if self._all >= ENOUGH else None
