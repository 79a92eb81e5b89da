"""How many requests per second a service grants: unlimited until it says 429, then CUBIC."""

from __future__ import annotations

from typing import Final

from attrs import define

from coredata_async.bulk.limits.outcome import Outcome

BETA: Final = 0.85
"""What is left of the rate after a 429."""
RETURN: Final = 15.0
"""Seconds until it is what it was before. It stays there for about as long, and then feels for more.

CUBIC's own constants are for packets: from 50 requests per second they are back in 3 s, which makes a 429,
and the pause it asks for, every 5 s. A curve in shares of the rate suits slow and fast services alike.
"""
DOUBLING: Final = 3.0
"""Seconds in which a rate that is a guess doubles, until a 429 shows what is too much."""
FLOOR: Final = 0.5
HEADROOM: Final = 2.0
"""How many times the measured rate is allowed at most."""
CALM: Final = 1.0
"""Seconds between two decreases, at least; and over which rates are measured."""
CREDIT: Final = 0.02
"""Seconds that a late timer may be made good for."""

_STEEPNESS: Final = (1 - BETA) / RETURN**3


@define
class Cubic:
    """A rate, and when the next request may begin."""

    rate: float | None = None
    """Requests per second; `None` until the first 429."""
    opens: float = 0.0
    _peak: float = 0.0
    """The rate at which it was throttled."""
    _searching: bool = False
    """Whether that is a guess: what was measured, pauses included, before the first 429, or the least."""
    _cut: float = float("-inf")
    _measured: float | None = None
    _granted: int = 0
    _since: float | None = None

    def began(self, now: float) -> None:
        """Take the next place."""
        if self.rate is None:
            return
        if (idle := now - self.opens) > CALM:
            self._cut += idle  # nobody asked meanwhile, so nothing was learnt
        self.rate = self._clamp(self._peak * self._growth(now - self._cut))
        self.opens = max(self.opens, now - CREDIT) + 1 / self.rate

    def record(self, verdict: Outcome, now: float, seconds: float) -> None:
        """A request that took so long has ended."""
        if self._since is None:
            self._since = now - seconds
        if verdict is Outcome.WORKED:
            self._granted += 1
        if now - self._since >= CALM:
            self._measured, self._granted, self._since = self._mean(now), 0, now
        if self._measured is None:
            return  # what was granted in some milliseconds is no rate
        fresh = now - seconds >= self._cut and now - self._cut >= CALM
        if verdict is Outcome.THROTTLED and fresh:
            self._searching = self.rate is None or self.rate <= FLOOR
            self._peak = self._clamp(self._measured if self.rate is None else self.rate)
            self.rate = max(self._peak * BETA, FLOOR)
            self._cut = now
            self.opens = max(self.opens, now)

    def _growth(self, elapsed: float) -> float:
        if self._searching:
            return BETA * 2 ** min(elapsed / DOUBLING, 64)
        return 1 + _STEEPNESS * (elapsed - RETURN) ** 3

    def _clamp(self, rate: float) -> float:
        most = rate if self._measured is None else self._measured * HEADROOM
        return max(min(rate, most), FLOOR)

    def _mean(self, now: float) -> float:
        """Requests per second that were granted recently."""
        elapsed = now - self._since if self._since is not None else 0.0
        fresh = self._granted / elapsed if elapsed > 0 else 0.0
        return fresh if self._measured is None else (fresh + self._measured) / 2
