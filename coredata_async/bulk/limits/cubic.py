"""Rate of requests to a service: unlimited until it answers 429, then CUBIC."""

from __future__ import annotations

from typing import Final

from attrs import define

from coredata_async.response_table import HostState

BETA: Final = 0.85
"""Factor of the rate after a 429."""
RETURN: Final = 15.0
"""Seconds until the rate is back at its former value. Then it stays there for as long, and grows on.

CUBIC's own constants are for packets: from 50 requests per second they are back in 3 s, which causes a 429,
and the pause that it demands, every 5 s. A curve in shares of the rate suits slow and fast services alike.
"""
DOUBLING: Final = 3.0
"""Seconds in which an estimated rate doubles, until a 429 shows the limit."""
FLOOR: Final = 0.5
HEADROOM: Final = 2.0
"""Maximum rate as a multiple of the measured rate."""
CALM: Final = 1.0
"""Minimum seconds between two decreases; also the interval over which rates are measured."""
CREDIT: Final = 0.02
"""Seconds by which a late timer may be compensated."""

_STEEPNESS: Final = (1 - BETA) / RETURN**3


@define
class Cubic:
    """Rate, and the time at which the next request may begin."""

    rate: float | None = None
    """Requests per second; `None` until the first 429."""
    opens: float = 0.0
    _peak: float = 0.0
    """Rate at which it was throttled."""
    _searching: bool = False
    """True if the peak is an estimate: the rate before the first 429, pauses included, or the minimum."""
    _cut: float = float("-inf")
    _measured: float | None = None
    _granted: int = 0
    _since: float | None = None

    def start(self, now: float) -> None:
        """Record that a request begins, and set the time of the next one."""
        if self.rate is None:
            return
        if (idle := now - self.opens) > CALM:
            self._cut += idle  # without requests, nothing was learnt
        self.rate = self._clamp(self._peak * self._growth(now - self._cut))
        self.opens = max(self.opens, now - CREDIT) + 1 / self.rate

    def record(self, state: HostState, now: float, seconds: float) -> None:
        """Record the state that a request showed after this many seconds."""
        if self._since is None:
            self._since = now - seconds
        if state is HostState.WORKS:
            self._granted += 1
        if now - self._since >= CALM:
            self._measured, self._granted, self._since = self._mean(now), 0, now
        if self._measured is None:
            return  # a few milliseconds do not give a rate
        fresh = now - seconds >= self._cut and now - self._cut >= CALM
        if state is HostState.THROTTLES and fresh:
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
        maximum = rate if self._measured is None else self._measured * HEADROOM
        return max(min(rate, maximum), FLOOR)

    def _mean(self, now: float) -> float:
        """Return the requests per second that were granted recently."""
        elapsed = now - self._since if self._since is not None else 0.0
        fresh = self._granted / elapsed if elapsed > 0 else 0.0
        return fresh if self._measured is None else (fresh + self._measured) / 2
