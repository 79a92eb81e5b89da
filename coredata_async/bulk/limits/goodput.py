"""Width of the storage's limiter: a climb that continues while goodput grows."""

from __future__ import annotations

from typing import Final

from attrs import define, field

from coredata_async.response_table import HostState
from coredata_async.transport.trace import Exchanged

START: Final = 4
FLOOR: Final = 2
CEILING: Final = 128
STEP: Final = 2.0
"""Minimum seconds over which goodput is measured before it is compared."""
TIMES: Final = 3
"""Minimum number of moves per slot by then, because blocks that take seconds arrive unevenly."""
IDLE: Final = 30.0
"""Seconds after which a measurement is mostly idle time, and proves nothing."""
HOLD: Final = 30.0
"""Seconds without growth after a step that brought no gain, or that was too much."""
STEEP: Final = 16
"""Width below which it doubles; from here on it grows by a quarter."""
WORTH: Final = 0.2
"""Share of a linear gain that suffices to keep a step."""
FIRST: Final = 20
"""Number of requests before any growth, so that a job of a few files does not cause a burst."""
LARGE: Final = 4 << 20
"""Bytes that count as a whole request: twenty large files may take an hour."""
SLOW_DOWN: Final = 0.7
"""Factor of the width when the storage throttles or fails."""
TOLERATED: Final = 0.05
"""Share of failures among about the last hundred requests that does not indicate overload."""
MEMORY: Final = 1 / 100
HEADERS: Final = 1024
"""Bytes that a request itself counts for: empty files, too, go faster with a greater width."""


@define
class Goodput:
    """Width policy of the storage's limiter."""

    ceiling: int = CEILING
    width: int = field(init=False)
    """Maximum number of PUTs in flight."""
    _moved: int = field(default=0, init=False)
    _moves: int = field(default=0, init=False)
    _since: float | None = field(default=None, init=False)
    _full: bool = field(default=False, init=False)
    _seen: float = field(default=0.0, init=False)
    _failing: float = field(default=0.0, init=False)
    _before: tuple[int, float] | None = field(default=None, init=False)
    """Width and goodput before the step in progress."""
    _holds_until: float = field(default=float("-inf"), init=False)
    _cut: float = field(default=float("-inf"), init=False)

    def __attrs_post_init__(self) -> None:
        self.width = min(START, self.ceiling)

    def add_bytes(self, count: int, now: float, *, full: bool) -> None:
        """Count sent bytes; `full` is true if every slot is taken."""
        self._moved += count
        self._moves += 1
        self._seen += count / LARGE
        self._full = self._full or full
        self._measure(now)

    def record(self, event: Exchanged, state: HostState, now: float, *, full: bool) -> None:
        """Adapt the width to a PUT that has ended."""
        if state is HostState.UNSEEN:
            return
        self._failing += ((state is HostState.FAILS) - self._failing) * MEMORY
        self._full = self._full or full
        if state is HostState.WORKS:
            self._seen += 1
            self._moved += HEADERS
            self._moves += 1
        if state is HostState.THROTTLES or state is HostState.OVERLOADED or self._failing > TOLERATED:
            self._shrink(now, event.seconds)
        self._measure(now)

    def restart(self) -> None:
        """Start again after an outage, which does not show how many PUTs the storage accepts."""
        self.width = min(START, self.ceiling)
        self._before, self._since, self._failing = None, None, 0.0
        self._holds_until = float("-inf")

    def _shrink(self, now: float, seconds: float) -> None:
        """Decrease once for all PUTs in flight, as in `Aimd`."""
        if now - seconds >= self._cut and now - self._cut >= STEP:
            self.width = max(int(self.width * SLOW_DOWN), min(FLOOR, self.ceiling))
            self._cut, self._failing, self._before, self._since = now, 0.0, None, None
            self._holds_until = now + HOLD

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
        if full and now >= self._holds_until and self._seen >= FIRST and self.width < self.ceiling:
            self._before = (self.width, goodput)
            self.width = min(self.width * 2 if self.width < STEEP else int(self.width * 1.25), self.ceiling)
        self._begin(now)

    def _evaluate_step(self, goodput: float, now: float, width: int, before: float) -> None:
        """Keep the step, or take it back and hold the width."""
        self._before = None
        linear = before * (self.width / width - 1)
        if goodput - before < linear * WORTH:
            self.width = width
            self._holds_until = now + HOLD

    def _begin(self, now: float) -> None:
        self._since, self._moved, self._moves, self._full = now, 0, 0, False
