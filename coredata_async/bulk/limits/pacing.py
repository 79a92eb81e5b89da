"""Pacing of requests to a host: both classes say from when on the next request may begin.

`Circuit`: while a host is down, it gets one request at a time, rarely, and not forever. `Cubic`: the rate is
unlimited until the host answers 429.
"""

from __future__ import annotations

from math import inf
from typing import Final

from attrs import define, field

from coredata_async.response_table import HostState

WINDOW: Final = 20.0
"""Seconds over which failures are compared with all requests, plus or minus half."""
ENOUGH: Final = 20
"""Minimum number of requests in the window for a meaningful share."""
FAILED_FRACTION: Final = 0.5
"""Share of failures above which the circuit opens."""
IN_A_ROW: Final = 4
"""Number of failures without a success, over a whole window, that also open it: a few workers that wait for a
dead connection never send 20 requests."""
PAUSES: Final = (5.0, 60.0)
"""Seconds before the first probe, and their maximum after doubling."""
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
class _Half:
    """Counts of half a window."""

    since: float = 0.0
    requests: int = 0
    failures: int = 0


@define
class Circuit:
    """Circuit breaker. Closed, all requests pass. Open, one probe per pause; its success closes the circuit.

    Only a request that began after the circuit opened shows the present state of the host. Those that were in
    flight still fail or succeed because of the earlier state.
    """

    patience: float
    """Seconds after which an open circuit gives up; the last probe is sent when they have passed."""
    opens: float = 0.0
    """Time from which the next request may begin; 0 while the circuit is closed."""
    gave_up: bool = False
    _opened: float | None = None
    _pause: float = PAUSES[0]
    _row: int = 0
    _row_since: float = 0.0
    _new: _Half = field(factory=_Half)
    _old: _Half = field(factory=_Half)

    @property
    def is_open(self) -> bool:
        """True while the host counts as down."""
        return self._opened is not None

    def start(self, now: float) -> None:
        """Record that a request begins: in an open circuit the only one until it ends or is lost."""
        if self._opened is not None and not self.gave_up:
            self.opens = now + PAUSES[1]

    def record(self, state: HostState, now: float, seconds: float) -> None:
        """Record the state that a request showed after this many seconds."""
        failed = state is HostState.FAILS or state is HostState.OVERLOADED
        if self.gave_up:
            return
        if self._opened is not None:
            if now - seconds >= self._opened:
                self._record_probe(state, now, self._opened, failed=failed)
        elif state is not HostState.UNSEEN:
            self._count_window(now, seconds, failed=failed)
            if failed and (self._too_many() or self._is_dead(now)):
                self._opened = now
                self.opens = now + min(self._pause, self.patience)

    def _record_probe(self, state: HostState, now: float, opened: float, *, failed: bool) -> None:
        if state is HostState.UNSEEN:
            self.opens = now  # the next request may show it
        elif not failed:
            self.opens, self._opened, self._pause, self._row = 0.0, None, PAUSES[0], 0
            self._new, self._old = _Half(now), _Half()
        elif now - opened >= self.patience:
            self.opens, self.gave_up = inf, True
        else:
            self._pause = min(self._pause * 2, PAUSES[1])
            self.opens = min(now + self._pause, opened + self.patience)

    def _count_window(self, now: float, seconds: float, *, failed: bool) -> None:
        age = now - self._new.since
        if age >= WINDOW / 2:
            self._old = self._new if age < WINDOW else _Half()
            self._new = _Half(now)
        self._new.requests += 1
        if not failed:
            self._row = 0
            return
        self._new.failures += 1
        if not self._row:
            self._row_since = now - seconds
        self._row += 1

    def _too_many(self) -> bool:
        requests = self._new.requests + self._old.requests
        return requests >= ENOUGH and self._new.failures + self._old.failures > requests * FAILED_FRACTION

    def _is_dead(self, now: float) -> bool:
        return self._row >= IN_A_ROW and now - self._row_since >= WINDOW


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
