"""How many requests at once a service bears: additive increase, multiplicative decrease.

Several machines that do this share a service fairly, which they would not if each doubled its share.
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
"""What is left of the width when the service asks for less."""
BROKEN: Final = 0.5
"""What is left of it when requests fail."""
BEARABLE: Final = 0.05
"""Failures that are no sign of too much, as a share of about the last hundred requests."""
MEMORY: Final = 1 / 100
CALM: Final = 1.0
"""Seconds between two decreases, at least."""
SLOWER: Final = 2.0
"""How many times the shortest answer one may take before the service counts as busy."""
SERIES: Final = 10.0
"""Seconds without a cut after which the next one begins a new series."""
OURS: Final = 0.01
"""Seconds that an answer may be late because of this process alone."""
FORGETTING: Final = 300.0
"""Seconds after which the shortest answer ever seen has lost its weight."""
_FAILURES: Final = frozenset({Outcome.FAILED, Outcome.UNAVAILABLE})


@define
class _Latency:
    """How long answers of one kind take."""

    shortest: float
    usual: float
    at: float

    def took(self, seconds: float, now: float) -> bool:
        """Take in one more, and tell whether they are as quick as ever."""
        faded = self.shortest * (1 + (now - self.at) / FORGETTING)
        self.shortest = min(seconds, faded)
        self.usual += (seconds - self.usual) / 8
        self.at = now
        return self.usual <= self.shortest * SLOWER + OURS


@define
class Aimd:
    """The width of the gate to the service."""

    ceiling: int = CEILING
    width: int = field(init=False)
    """Requests at once."""
    _exact: float = field(init=False)
    _calm: int = field(default=0, init=False)
    _failing: float = field(default=0.0, init=False)
    _cut: float = field(default=float("-inf"), init=False)
    _widest: float = field(default=0.0, init=False)
    """The width before the first of several cuts in a row."""
    _blame: Blame = field(factory=Blame, init=False, repr=False)
    _latencies: dict[tuple[str, ...], _Latency] = field(
        factory=dict[tuple[str, ...], _Latency], init=False, repr=False
    )

    def __attrs_post_init__(self) -> None:
        self._exact = self.width = min(START, self.ceiling)

    def record(self, event: Exchanged, verdict: Outcome, now: float, *, full: bool) -> None:
        """Draw the conclusion from one exchange.

        Args:
            event: The exchange.
            verdict: What it says.
            now: The time.
            full: Whether every place was taken: otherwise more of them would prove nothing.
        """
        if verdict is Outcome.NOT_SENT:
            return
        self._failing += ((verdict is Outcome.FAILED) - self._failing) * MEMORY
        trial = self._record_trial(event, verdict, now)
        if verdict is Outcome.THROTTLED:
            self._shrink(THROTTLED, now, event.seconds)
        elif trial is Trial.FUTILE:
            self._set(self._widest)
        elif trial is Trial.RUNNING:
            return
        elif self._fails(verdict) and self._blame.allows_cut(now):
            if self._shrink(THROTTLED if verdict is Outcome.UNAVAILABLE else BROKEN, now, event.seconds):
                self._blame.cut()
        elif verdict is Outcome.WORKED and self._quick(event, now) and full:
            self._calm += 1
            if self._calm >= self.width:
                self._set(self._exact + 1)

    def restart(self) -> None:
        """Begin as at first, after the far end was down: that it failed says nothing of how much it bears."""
        self._failing, self._blame = 0.0, Blame()
        self._set(START)

    def _fails(self, verdict: Outcome) -> bool:
        return verdict is Outcome.UNAVAILABLE or self._failing > BEARABLE

    def _record_trial(self, event: Exchanged, verdict: Outcome, now: float) -> Trial:
        if now - event.seconds < self._cut:
            return Trial.NONE
        return self._blame.count(now, failed=verdict in _FAILURES)

    def _shrink(self, factor: float, now: float, seconds: float) -> bool:
        """Shrink once for all that was in flight: what began before the last time tells nothing new."""
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
        """Compared with its like: a listing is never as quick as a reservation."""
        kind = (event.method, *event.path.split("/", 4)[1:4])
        known = self._latencies.get(kind)
        if known is None:
            known = self._latencies[kind] = _Latency(event.seconds, event.seconds, now)
        return known.took(event.seconds, now)
