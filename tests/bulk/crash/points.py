"""Where a victim dies: at the n-th time that something happens, all happenings counted."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterable

from attrs import define, field, frozen

ANY = "*"
"""Whatever happens: `Point(ANY, 7)` is the seventh event of a run."""


@frozen
class Point:
    event: str
    n: int = 1
    flush: bool = False
    """Whether all that was noted before is to be on disk by then; else it is as it comes."""


@define(eq=False)
class Watch:
    """Counts events, writes each down at once, and kills this process when the time has come."""

    trace: int
    """A file descriptor: its last line is where the process died."""
    point: Point | None = None
    _seen: Counter[str] = field(factory=Counter[str], init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def is_for(self, event: str) -> bool:
        """Whether this is the event of the point: some are watched for only then, for that costs."""
        return self.point is not None and self.point.event == event

    def at(self, event: str, details: Iterable[str] = ()) -> None:
        """Something happens; `event:detail` are further names of the same."""
        with self._lock:
            os.write(self.trace, f"{event}\n".encode())
            for name in (ANY, event, *(f"{event}:{each}" for each in details)):
                self._seen[name] += 1
                if self.is_for(name) and self.point.n == self._seen[name]:
                    os.kill(os.getpid(), signal.SIGKILL)
                    signal.pause()  # nothing more in this thread, however long the signal takes
