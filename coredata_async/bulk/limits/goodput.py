"""How many PUTs at once a storage is best served with: a climb that goes on while it pays."""

from __future__ import annotations

from typing import Final

from attrs import define, field

from coredata_async.bulk.limits.outcome import Outcome
from coredata_async.transport.trace import Exchanged

START: Final = 4
FLOOR: Final = 2
CEILING: Final = 128
STEP: Final = 2.0
"""Seconds over which goodput is measured before it is compared, at least."""
TIMES: Final = 3
"""How often each place has moved something by then: blocks that take seconds come in lumps."""
IDLE: Final = 30.0
"""Seconds after which what was measured is mostly idleness, and proves nothing."""
HOLD: Final = 30.0
"""Seconds of rest after a step that did not pay, or that was too much."""
STEEP: Final = 16
"""Below this width it doubles; from here on it grows by a quarter."""
WORTH: Final = 0.2
"""The share of a linear gain that is enough to stay."""
FIRST: Final = 20
"""Requests that come before any growth, so that a job of a few files is no burst."""
LARGE: Final = 4 << 20
"""Bytes that tell as much as a whole request: twenty large files may take an hour."""
SLOW_DOWN: Final = 0.7
"""What is left of the width when the storage asks for less, or fails."""
BEARABLE: Final = 0.05
"""Failures that are no sign of too much, as a share of about the last hundred requests."""
MEMORY: Final = 1 / 100
HEADERS: Final = 1024
"""Bytes that a request is worth by itself: empty files, too, go faster with more at once."""


@define
class Goodput:
    """The width of the gate to the storage."""

    ceiling: int = CEILING
    width: int = field(init=False)
    """PUTs at once."""
    _moved: int = field(default=0, init=False)
    _moves: int = field(default=0, init=False)
    _since: float | None = field(default=None, init=False)
    _full: bool = field(default=False, init=False)
    _seen: float = field(default=0.0, init=False)
    _failing: float = field(default=0.0, init=False)
    _before: tuple[int, float] | None = field(default=None, init=False)
    """Width and goodput before the step that is being tried."""
    _rests_until: float = field(default=float("-inf"), init=False)
    _cut: float = field(default=float("-inf"), init=False)

    def __attrs_post_init__(self) -> None:
        self.width = min(START, self.ceiling)

    def add_bytes(self, count: int, now: float, *, full: bool) -> None:
        """So many bytes have gone; `full` tells whether every place is taken."""
        self._moved += count
        self._moves += 1
        self._seen += count / LARGE
        self._full = self._full or full
        self._measure(now)

    def record(self, event: Exchanged, verdict: Outcome, now: float, *, full: bool) -> None:
        """A PUT has ended."""
        if verdict is Outcome.NOT_SENT:
            return
        self._failing += ((verdict is Outcome.FAILED) - self._failing) * MEMORY
        self._full = self._full or full
        if verdict is Outcome.WORKED:
            self._seen += 1
            self._moved += HEADERS
            self._moves += 1
        if verdict is Outcome.THROTTLED or verdict is Outcome.UNAVAILABLE or self._failing > BEARABLE:
            self._shrink(now, event.seconds)
        self._measure(now)

    def restart(self) -> None:
        """Begin as at first, after the far end was down: that it failed says nothing of how much it bears."""
        self.width = min(START, self.ceiling)
        self._before, self._since, self._failing = None, None, 0.0
        self._rests_until = float("-inf")

    def _shrink(self, now: float, seconds: float) -> None:
        """Once for all that was in flight, as in `Aimd`."""
        if now - seconds >= self._cut and now - self._cut >= STEP:
            self.width = max(int(self.width * SLOW_DOWN), min(FLOOR, self.ceiling))
            self._cut, self._failing, self._before, self._since = now, 0.0, None, None
            self._rests_until = now + HOLD

    def _measure(self, now: float) -> None:
        if self._since is None:
            self._begin(now)
            return
        elapsed = now - self._since
        if elapsed > IDLE:
            self._begin(now)
            return
        if elapsed < STEP or self._moves < TIMES * self.width:
            return
        goodput, full = self._moved / elapsed, self._full
        if self._before is not None:
            self._evaluate_step(goodput, now, *self._before)
        if full and now >= self._rests_until and self._seen >= FIRST and self.width < self.ceiling:
            self._before = (self.width, goodput)
            self.width = min(self.width * 2 if self.width < STEEP else int(self.width * 1.25), self.ceiling)
        self._begin(now)

    def _evaluate_step(self, goodput: float, now: float, width: int, before: float) -> None:
        """Stay, or go back and rest."""
        self._before = None
        linear = before * (self.width / width - 1)
        if goodput - before < linear * WORTH:
            self.width = width
            self._rests_until = now + HOLD

    def _begin(self, now: float) -> None:
        self._since, self._moved, self._moves, self._full = now, 0, 0, False
