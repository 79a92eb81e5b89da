"""Lease: a permission to send requests that expires, so that a process that was stopped loses it.

A process that was stopped (SIGSTOP, a frozen container) may continue long after another one has taken over
its files. By then the other one may have proven that a File does not exist: registering it now would create
it twice. A check before each request is not enough, because a process can be stopped between the check and
the request. So

* no request begins without a valid lease, or when little of it is left;
* a timer of the kernel kills the process when its lease ends, see `coredata_async.fence`: the timer runs
  while the process is stopped, and its signal comes before the first instruction after that;
* on Linux the kernel also kills a worker process, even a stopped one, as soon as its parent dies.

A job in one process has an unlimited lease, because the lock of its journal excludes every other process. The
parent of worker processes renews their leases as long as it runs; a stopped parent does not. A process that
carries a part of a job for several machines has the lease of that part.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from math import inf
from typing import Final, Protocol

from attrs import define, field, frozen

from coredata_async.fence import KillTimer, read_clock

LENGTH: Final = 30.0
"""Duration of a lease in seconds. Well below `Retry.settle`, which a resumed job waits from its start."""
RENEWAL: Final = 5.0
"""Seconds between two renewals. User code may block the event loop of the parent for `LENGTH - RENEWAL`."""
CHECK: Final = 1.0
"""Maximum seconds between two checks of the end of a lease, which may be revoked."""
MARGIN: Final = 2.0
"""Minimum remaining seconds of a lease for a request to begin."""
_PR_SET_PDEATHSIG: Final = 1


class Lease(Protocol):
    """Permission to send requests for a job."""

    @property
    def until(self) -> float:
        """End of the lease, by `fence.read_clock`."""
        ...

    def is_valid(self, margin: float = MARGIN) -> bool:
        """Return whether it is valid now, and for `margin` more seconds."""
        ...


async def wait_for_end(lease: Lease) -> None:
    """Return when a lease has ended: forever, if it is renewed."""
    while (left := lease.until - read_clock()) > 0:  # noqa: ASYNC110  # it may be extended, or revoked
        await asyncio.sleep(min(left, CHECK))


@frozen
class Unlimited:
    """Lease of a job that runs in one process: the lock of its journal excludes every other process."""

    until: float = inf

    def is_valid(self, margin: float = MARGIN) -> bool:
        """Return whether it is valid. See `Lease.is_valid`."""
        return self.until > margin


@define(eq=False)
class ParentLease:
    """Lease of a worker: valid while its parent lives and renews it."""

    parent: int
    """Process id of the parent."""
    kill_at: Callable[[float], object]
    """Lets the kernel kill this process at a time of `fence.read_clock`."""
    clock: Callable[[], float] = read_clock
    until: float = field(default=inf, init=False)
    """Unlimited until the parent's first lease, which is in the same frame as the worker's setup."""

    def renew(self, until: float) -> None:
        """Extend the lease. A renewal that arrives after its end does not set the alarm."""
        self.until = until
        if until > self.clock():
            self.kill_at(until)

    def is_valid(self, margin: float = MARGIN) -> bool:
        """Return whether it is valid. See `Lease.is_valid`."""
        return os.getppid() == self.parent and self.until - self.clock() > margin


def kill_at(until: float) -> None:
    """Let SIGALRM kill this process at a time of `read_clock`; a later call replaces an earlier one.

    On Linux the timer also runs while the machine is suspended.
    """
    timer = _create_timer(os.getpid())
    if timer is not None:
        timer.set(until)
    else:
        signal.setitimer(signal.ITIMER_REAL, max(until - read_clock(), 1e-6))  # 0 would stop it


@cache
def _create_timer(pid: int) -> KillTimer | None:
    del pid  # a child process does not inherit the timer
    return KillTimer.create(signal.SIGALRM)


def accept_alarm() -> None:
    """Let SIGALRM kill this process: a program may have ignored or blocked it, which its children inherit."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies; end now if it has died already.

    Works on Linux; on other systems the end of the channel and the lease remain. The kernel acts when the
    *thread* that started this process ends: that is the thread of the job's event loop, which outlives all
    workers.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a libc that cannot be loaded, or has no prctl
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(0)
