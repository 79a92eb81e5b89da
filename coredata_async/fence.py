"""A kernel timer that kills this process if it is frozen while it holds a lease.

A process that is stopped (SIGSTOP, a frozen container, a paused virtual machine) may continue long after its
lease has ended. Another owner may then have proved that the File does not exist, and registered it. A check
before the request is not sufficient, because a process can be stopped between the check and the request: 94
of 150 such processes sent it. With the timer, none of 100 did: the kernel kills the process before its next
instruction.

The timer is set only while a request may be sent under the lease. A running process ends such a request by
itself before its lease ends. So only a frozen process, or one whose event loop is blocked for the whole
lease, is killed.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from math import ceil
from typing import Final

from attrs import define, field

log = logging.getLogger("coredata_async")

_CLOCK: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)
_SIGEV_SIGNAL: Final = 0
_TIMER_ABSTIME: Final = 1
_NANO: Final = 1_000_000_000


def read_clock() -> float:
    """Read the clock of leases, in seconds. On Linux it also runs while the machine is suspended."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class _SigEvent(ctypes.Structure):
    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("reserved", ctypes.c_char * 64),
    )


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


@define(eq=False)
class KillTimer:
    """A timer of this process that sends it a signal, by the clock of leases. Linux only."""

    _libc: ctypes.CDLL
    _timer: ctypes.c_void_p

    @classmethod
    def create(cls, number: int = signal.SIGKILL) -> KillTimer | None:
        """Create the timer; return None if the kernel does not support it.

        Args:
            number: The signal. SIGKILL cannot be blocked; another one shows the parent the reason of the end.
        """
        if sys.platform != "linux":
            return None
        libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
        event = _SigEvent(signal=number, notify=_SIGEV_SIGNAL)
        try:
            failed = libc.timer_create(_CLOCK, ctypes.byref(event), ctypes.byref(timer))
        except AttributeError:  # a C library with its timers elsewhere
            return None
        return None if failed else cls(libc, timer)

    def set(self, until: float | None) -> None:
        """Set the end, by `read_clock`; None stops the timer."""
        spec = _TimerSpec()
        if until is not None:
            seconds, fraction = divmod(max(until, 0.0), 1)
            spec.value = _TimeSpec(int(seconds), max(1, ceil(fraction * (_NANO - 1))))
        if self._libc.timer_settime(self._timer, _TIMER_ABSTIME, ctypes.byref(spec), None):
            code = ctypes.get_errno()
            raise OSError(code, f"cannot set the timer that ends a frozen process: {os.strerror(code)}")


@define(eq=False)
class Fence:
    """The earliest end of all leases under which this process may send a request."""

    set_timer: Callable[[float | None], object]
    _ends: dict[int, float] = field(factory=dict[int, float], init=False)
    _count: int = field(default=0, init=False)

    @contextmanager
    def guard(self, until: float) -> Generator[Callable[[float], None]]:
        """Set the timer for one lease; yield a function that extends it."""
        self._count += 1
        number = self._count

        def extend(end: float) -> None:
            if number in self._ends:
                self._ends[number] = end
                self._set()

        self._ends[number] = until
        self._set()
        try:
            yield extend
        finally:
            del self._ends[number]
            self._set()

    def _set(self) -> None:
        self.set_timer(min(self._ends.values(), default=None))


def _ignore(until: float | None) -> None:
    del until


NO_FENCE: Final = Fence(_ignore)


@cache
def _of_process(pid: int) -> Fence:
    del pid  # a child process does not inherit the timer
    timer = KillTimer.create()
    if timer is None:
        log.warning(
            "this system cannot end a frozen process: a process that is stopped for longer than its lease "
            "may register a File twice"
        )
        return NO_FENCE
    return Fence(timer.set)


def process_fence() -> Fence:
    """Return the fence of this process, which all its uploads share."""
    return _of_process(os.getpid())
