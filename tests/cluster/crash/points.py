"""Points at which a victim is killed or frozen: the n-th durable event of a kind, and its phase."""

import os
import signal
from collections import Counter
from typing import Literal

from attrs import define, field, frozen

Phase = Literal["before", "sent", "after"]
"""Nothing was sent; all was sent, and the server is at it; the answer was received, and not used."""
Action = Literal["kill", "freeze"]


@frozen
class Point:
    kind: str
    n: int
    phase: Phase
    action: Action = "kill"


@define(eq=False)
class Watch:
    """Counts events, notes each one at once, and kills or stops this process at the point."""

    trace: int
    """File descriptor of the trace: each line is the kind of one event."""
    point: Point | None = None
    _seen: Counter[str] = field(factory=Counter[str], init=False)

    def begin(self, kind: str) -> int:
        """Note an event that begins now; return its number among those of its kind."""
        os.write(self.trace, f"{kind}\n".encode())
        self._seen[kind] += 1
        self.reach(kind, self._seen[kind], "before")
        return self._seen[kind]

    def is_for(self, kind: str, n: int, phase: Phase) -> bool:
        """Return whether this is the point."""
        point = self.point
        return point is not None and (point.kind, point.n, point.phase) == (kind, n, phase)

    def reach(self, kind: str, n: int, phase: Phase) -> None:
        """Kill or stop the process if this is the point."""
        if self.point is None or not self.is_for(kind, n, phase):
            return
        action, self.point = self.point.action, None
        os.write(self.trace, f"! {action}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
