"""A circuit breaker: a far end that is down is asked rarely, one request at a time, and not forever."""

from __future__ import annotations

from math import inf
from typing import Final

from attrs import define, field

from coredata_async.bulk.limits.outcome import Outcome

WINDOW: Final = 20.0
"""Seconds over which failures are compared with all requests, give or take half."""
ENOUGH: Final = 20
"""Requests in the window below which a share says nothing."""
FAILED_FRACTION: Final = 0.5
"""More failures than this open the circuit."""
IN_A_ROW: Final = 4
"""So many failures and no success, over a whole window, open it as well: a few workers that wait for a dead
line never come to 20 requests."""
PAUSES: Final = (5.0, 60.0)
"""Seconds before the first probe, doubled up to the last."""


@define
class _Half:
    """Counts of half a window."""

    since: float = 0.0
    requests: int = 0
    failures: int = 0


@define
class Circuit:
    """Closed, everything passes. Open, one probe per pause; its success closes the circuit again.

    Only a request that began after the circuit opened tells how the far end is now; those that were under
    way still fail, or succeed, for what was before.
    """

    patience: float
    """Seconds for which it stays open before it gives up; the last probe goes when they are over."""
    opens: float = 0.0
    """From when the next request may begin; 0 while the circuit is closed."""
    gave_up: bool = False
    _opened: float | None = None
    _pause: float = PAUSES[0]
    _row: int = 0
    _row_since: float = 0.0
    _new: _Half = field(factory=_Half)
    _old: _Half = field(factory=_Half)

    @property
    def is_open(self) -> bool:
        """Return whether it takes the far end to be down."""
        return self._opened is not None

    def began(self, now: float) -> None:
        """A request begins: if the circuit is open, the only one until it ends, or is lost."""
        if self._opened is not None and not self.gave_up:
            self.opens = now + PAUSES[1]

    def record(self, verdict: Outcome, now: float, seconds: float) -> None:
        """A request that took so long has ended."""
        failed = verdict is Outcome.FAILED or verdict is Outcome.UNAVAILABLE
        if self.gave_up:
            return
        if self._opened is not None:
            if now - seconds >= self._opened:
                self._record_probe(verdict, now, self._opened, failed=failed)
        elif verdict is not Outcome.NOT_SENT:
            self._count_window(now, seconds, failed=failed)
            if failed and (self._too_many() or self._dead(now)):
                self._opened = now
                self.opens = now + min(self._pause, self.patience)

    def _record_probe(self, verdict: Outcome, now: float, opened: float, *, failed: bool) -> None:
        if verdict is Outcome.NOT_SENT:
            self.opens = now  # the next one may tell
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

    def _dead(self, now: float) -> bool:
        return self._row >= IN_A_ROW and now - self._row_since >= WINDOW
