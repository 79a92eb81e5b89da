"""Fence: the kernel ends a worker that must not continue, see `bulk.lease`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from functools import cache
from typing import Final

from coredata_async.fence import KillTimer, read_clock

_PR_SET_PDEATHSIG: Final = 1


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
