"""Width of the service's limiter: additive increase, multiplicative decrease.

Several machines that use it share a service fairly, which they would not if each doubled its share.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field

from coredata_async.bulk.limits.blame import Blame, Trial
from coredata_async.bulk.limits.outcome import Outcome
from coredata_async.transport.trace import Exchanged

START: Final = 8
FLOOR: Final = 2
CEILING: Final = 64
THROTTLED: Final = 0.7
"""Factor of the width when the service throttles."""
BROKEN: Final = 0.5
"""Factor of the width when requests fail."""
TOLERATED: Final = 0.05
"""Share of failures among about the last hundred requests that does not indicate overload."""
MEMORY: Final = 1 / 100
CALM: Final = 1.0
"""Minimum seconds between two decreases."""
SLOWER: Final = 2.0
"""Multiple of the shortest response time above which the service counts as busy."""
SERIES: Final = 10.0
"""Seconds without a decrease after which the next one begins a new series."""
OURS: Final = 0.01
"""Seconds by which this process alone may delay a response."""
FORGETTING: Final = 300.0
"""Seconds after which the shortest response time ever has lost its weight."""
_FAILURES: Final = frozenset({Outcome.FAILED, Outcome.UNAVAILABLE})


@define
class _Latency:
    """Response times of one kind of request."""

    shortest: float
    usual: float
    at: float

    def record(self, seconds: float, now: float) -> bool:
        """Record one response time, and return whether responses are as quick as ever."""
        faded = self.shortest * (1 + (now - self.at) / FORGETTING)
        self.shortest = min(seconds, faded)
        self.usual += (seconds - self.usual) / 8
        self.at = now
        return self.usual <= self.shortest * SLOWER + OURS


@define
class Aimd:
    """Width policy of the service's limiter."""

    ceiling: int = CEILING
    width: int = field(init=False)
    """Maximum number of requests in flight."""
    _exact: float = field(init=False)
    _calm: int = field(default=0, init=False)
    _failing: float = field(default=0.0, init=False)
    _cut: float = field(default=float("-inf"), init=False)
    _widest: float = field(default=0.0, init=False)
    """Width before the first of several consecutive decreases."""
    _blame: Blame = field(factory=Blame, init=False, repr=False)
    _latencies: dict[tuple[str, ...], _Latency] = field(
        factory=dict[tuple[str, ...], _Latency], init=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        self._exact = self.width = min(START, self.ceiling)

    def record(self, event: Exchanged, outcome: Outcome, now: float, *, full: bool) -> None:
        """Adapt the width to one exchange.

        Args:
            event: The exchange.
            outcome: Its outcome.
            now: The time.
            full: True if every slot was taken; otherwise more slots would prove nothing.
        """
        if outcome is Outcome.NOT_SENT:
            return
        self._failing += ((outcome is Outcome.FAILED) - self._failing) * MEMORY
        trial = self._record_trial(event, outcome, now)
        if outcome is Outcome.THROTTLED:
            self._shrink(THROTTLED, now, event.seconds)
        elif trial is Trial.FUTILE:
            self._set(self._widest)
        elif trial is Trial.RUNNING:
            return
        elif self._fails(outcome) and self._blame.allows_cut(now):
            if self._shrink(THROTTLED if outcome is Outcome.UNAVAILABLE else BROKEN, now, event.seconds):
                self._blame.cut()
        elif outcome is Outcome.WORKED and self._quick(event, now) and full:
            self._calm += 1
            if self._calm >= self.width:
                self._set(self._exact + 1)

    def restart(self) -> None:
        """Start again after an outage, which does not show how many requests the service accepts."""
        self._failing, self._blame = 0.0, Blame()
        self._set(START)

    def _fails(self, outcome: Outcome) -> bool:
        return outcome is Outcome.UNAVAILABLE or self._failing > TOLERATED

    def _record_trial(self, event: Exchanged, outcome: Outcome, now: float) -> Trial:
        if now - event.seconds < self._cut:
            return Trial.NONE
        return self._blame.count(now, failed=outcome in _FAILURES)

    def _shrink(self, factor: float, now: float, seconds: float) -> bool:
        """Decrease once for all requests in flight: those sent before the last decrease prove nothing new."""
        if now - seconds < self._cut or now - self._cut < CALM:
            return False
        if now - self._cut >= SERIES:
            self._widest = self._exact
        self._cut, self._failing = now, 0.0
        self._set(self._exact * factor)
        return True

    def _set(self, exact: float) -> None:
        self._exact = min(max(exact, min(FLOOR, self.ceiling)), self.ceiling)
        self.width = int(self._exact)
        self._calm = 0

    def _quick(self, event: Exchanged, now: float) -> bool:
        """Return whether a response was quick for its kind: a listing takes longer than a reservation."""
        kind = (event.method, *event.path.split("/", 4)[1:4])
        known = self._latencies.get(kind)
        if known is None:
            known = self._latencies[kind] = _Latency(event.seconds, event.seconds, now)
        return known.record(event.seconds, now)
