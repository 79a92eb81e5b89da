"""Fence: the kernel ends a worker that must not continue, see `lease`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def kill_in(seconds: float) -> None:
    """Let SIGALRM kill this process after this many seconds; a later call replaces an earlier one."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


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
