"""Width of the service's limiter: additive increase, multiplicative decrease.

Several machines that use it share a service fairly, which they would not if each doubled its share.
"""

from __future__ import annotations

from enum import Enum, auto
from math import sqrt
from typing import Final

from attrs import define, field

from coredata_async.response_table import HostState
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
ENOUGH: Final = 50
"""Minimum number of requests for a meaningful share."""
FEW: Final = 8
"""Minimum number of requests for a meaningful majority."""
REMEMBERED: Final = 400
"""Number of requests after which older ones count half."""
MOST: Final = 0.5
"""Share of failures above which the width is always decreased."""
SAME: Final = 0.8
"""A share of at least this multiple of the earlier one counts as unchanged."""
WORSE: Final = 1.5
"""A share of more than this multiple of the earlier one counts as a new one."""
HOLD: Final = 30.0
"""Seconds during which an unchanged share of failures does not cause another decrease."""
_FAILURES: Final = frozenset({HostState.FAILS, HostState.OVERLOADED})


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
        if self._all >= REMEMBERED:
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

    def record(self, event: Exchanged, state: HostState, now: float, *, full: bool) -> None:
        """Adapt the width to one exchange.

        Args:
            event: The exchange.
            state: The state of the host that it shows.
            now: The time.
            full: True if every slot was taken; otherwise more slots would prove nothing.
        """
        if state is HostState.UNSEEN:
            return
        self._failing += ((state is HostState.FAILS) - self._failing) * MEMORY
        trial = self._record_trial(event, state, now)
        if state is HostState.THROTTLES:
            self._shrink(THROTTLED, now, event.seconds)
        elif trial is Trial.FUTILE:
            self._set(self._widest)
        elif trial is Trial.RUNNING:
            return
        elif self._fails(state) and self._blame.allows_cut(now):
            if self._shrink(THROTTLED if state is HostState.OVERLOADED else BROKEN, now, event.seconds):
                self._blame.cut()
        elif state is HostState.WORKS and self._quick(event, now) and full:
            self._calm += 1
            if self._calm >= self.width:
                self._set(self._exact + 1)

    def restart(self) -> None:
        """Start again after an outage, which does not show how many requests the service accepts."""
        self._failing, self._blame = 0.0, Blame()
        self._set(START)

    def _fails(self, state: HostState) -> bool:
        return state is HostState.OVERLOADED or self._failing > TOLERATED

    def _record_trial(self, event: Exchanged, state: HostState, now: float) -> Trial:
        if now - event.seconds < self._cut:
            return Trial.NONE
        return self._blame.count(now, failed=state in _FAILURES)

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
