"""Evidence on why requests fail: because of the load, or for a reason that fewer requests do not change."""

from __future__ import annotations

from enum import Enum, auto
from math import sqrt
from typing import Final

from attrs import define

ENOUGH: Final = 50
"""Requests below which a share says nothing."""
FEW: Final = 8
"""Requests below which not even a majority says anything."""
MEMORY: Final = 400
"""Requests after which older ones count half."""
MOST: Final = 0.5
"""A service that fails more than this share of all requests is always asked for less."""
SAME: Final = 0.8
"""A share that is still this much of the one before has not changed."""
WORSE: Final = 1.5
"""A share that has grown this much is a new one."""
HOLD: Final = 30.0
"""Seconds for which failures of an unchanged share are no reason for another cut."""


class Trial(Enum):
    """The state of the comparison that a cut has begun."""

    NONE = auto()
    """There is none."""
    RUNNING = auto()
    """Too few requests have ended; the width must stay as it is."""
    FUTILE = auto()
    """As many requests fail as before the cut: the load is not the reason. Told once."""


@define
class Blame:
    """Compares the share of failed requests before and after a cut of the width.

    An overloaded service fails less when it is asked for less. A gateway that answers 503 for some requests,
    whatever the load, does not: to cut the width again and again would stall the job for nothing.
    """

    _first: bool = True
    """Whether there was no cut yet."""
    _failed: float = 0.0
    _all: float = 0.0
    _before: float | None = None
    """The share before the cut, while the trial is running."""
    _excused: float = 0.0
    _until: float = float("-inf")

    def count(self, now: float, *, failed: bool) -> Trial:
        """Count a request that began after the latest cut, and tell how the trial stands."""
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
        # Of few failures, one more or less is chance: the square root is how far they stray.
        helped = self._failed + sqrt(self._failed) < before * SAME * self._all
        share = self._failed / self._all
        if helped or share > MOST:
            return Trial.NONE
        self._excused, self._until = max(share, before), now + HOLD
        return Trial.FUTILE

    def allows_cut(self, now: float) -> bool:
        """Tell if failures are a reason to cut the width.

        The first ones are. After a cut, enough requests must have ended to begin a trial, unless most of them
        fail. Failures that are known to have another reason than the load are none.
        """
        if self._all >= FEW and self._failed > MOST * self._all:
            return True
        if now < self._until:
            share = self._share
            return share is not None and share > self._excused * WORSE
        return self._first or self._all >= ENOUGH

    def cut(self) -> None:
        """Begin a trial, because the width was cut, if there are enough requests to compare with."""
        share, self._first = self._share, False
        self._before = share if share is not None and share <= MOST else None
        self._failed = self._all = 0.0

    @property
    def _share(self) -> float | None:
        return self._failed / self._all if self._all >= ENOUGH else None
