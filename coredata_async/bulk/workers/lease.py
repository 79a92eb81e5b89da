"""Lease: a permission to send requests that expires, so that a process that was stopped loses it.

A worker that was stopped (SIGSTOP, a frozen container) may continue long after its parent was killed. By then
a resumed job may have proven that a File does not exist: registering it now would create it twice. A check
before each request is not enough, because a process can be stopped between the check and the request. So

* no request begins without a valid lease, or when little of it is left;
* a timer of the kernel kills the worker when its lease ends, see `fence`: the timer runs while the process is
  stopped, and its signal comes before the first instruction after that;
* on Linux the kernel also kills a worker, even a stopped one, as soon as its parent dies.

The parent renews the leases of its workers as long as it runs; a stopped parent does not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from math import inf
from typing import Final, Protocol

from attrs import define, field, frozen

LENGTH: Final = 30.0
"""Duration of a lease in seconds. Well below `Retry.settle`, which a resumed job waits from its start."""
RENEWAL: Final = 5.0
"""Seconds between two renewals. User code may block the event loop of the parent for `LENGTH - RENEWAL`."""
MARGIN: Final = 2.0
"""Minimum remaining seconds of a lease for a request to begin."""
_CLOCK: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def now() -> float:
    """Return the time of the leases' clock, in seconds: all processes of a machine share it.

    On Linux it also runs while the machine is suspended.
    """
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class Lease(Protocol):
    """Permission to send requests for a job."""

    @property
    def until(self) -> float:
        """End of the lease, by `now()`."""
        ...

    def valid(self, margin: float = 0.0) -> bool:
        """Return whether it is valid now, and for `margin` more seconds."""
        ...


@frozen
class Unlimited:
    """Lease of a job that runs in one process: the lock of its journal excludes every other process."""

    until: float = inf

    def valid(self, margin: float = 0.0) -> bool:
        """Return whether it is valid. See `Lease.valid`."""
        return self.until > margin


@define(eq=False)
class ParentLease:
    """Lease of a worker: valid while its parent lives and renews it."""

    parent: int
    """Process id of the parent."""
    kill_in: Callable[[float], object]
    """Lets the kernel kill this process after this many seconds."""
    until: float = field(default=inf, init=False)
    """Unlimited until the parent's first lease, which is in the same frame as the worker's setup."""

    def renew(self, until: float) -> None:
        """Extend the lease. A renewal that arrives after its end does not set the alarm."""
        self.until = until
        left = until - now()
        if left > 0:
            self.kill_in(left)

    def valid(self, margin: float = 0.0) -> bool:
        """Return whether it is valid. See `Lease.valid`."""
        return os.getppid() == self.parent and self.until - now() > margin
