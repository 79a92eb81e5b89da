"""Circuit breaker: while a host is down, it gets one request at a time, rarely, and not forever."""

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
