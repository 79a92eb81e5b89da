"""Points at which a victim dies: the n-th occurrence of an event, or of any event."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterable

from attrs import define, field, frozen

ANY = "*"
"""Any event: `Point(ANY, 7)` is the seventh event of a run."""


@frozen
class Point:
    event: str
    n: int = 1
    flush: bool = False
    """True if all notes before the point must be on disk by then."""


@define(eq=False)
class Watch:
    """Counts events, writes each one at once, and kills this process at the point."""

    trace: int
    """File descriptor of the trace: its last line is the event at which the process died."""
    point: Point | None = None
    _seen: Counter[str] = field(factory=Counter[str], init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def is_for(self, event: str) -> bool:
        """Return whether this is the event of the point: some events are costly to watch."""
        return self.point is not None and self.point.event == event

    def at(self, event: str, details: Iterable[str] = ()) -> None:
        """Record an event; `event:detail` are further names of it."""
        with self._lock:
            os.write(self.trace, f"{event}\n".encode())
            for name in (ANY, event, *(f"{event}:{each}" for each in details)):
                self._seen[name] += 1
                if self.is_for(name) and self.point.n == self._seen[name]:
                    os.kill(os.getpid(), signal.SIGKILL)
                    signal.pause()  # nothing more runs in this thread, however long the signal takes
