"""Ctrl-C: the first ends a job in good order, the second at once, and the third the process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Protocol

from coredata_async.cli.console import say
from coredata_async.cli.exits import INTERRUPTED

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR: Final = b"\x1b[?25h\n"
_AT_ONCE: Final = 2


class Stoppable(Protocol):
    """What can be asked to end."""

    def drain(self) -> None:
        """Begin nothing new."""
        ...

    def stop(self) -> None:
        """End."""
        ...


@contextmanager
def interrupts(job: Stoppable) -> Generator[None]:
    """Let signals end the job. In a thread that gets none, this does nothing.

    The handlers are the interpreter's, not the loop's: the third signal must work when the loop is stuck,
    and Windows has no others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop, count = asyncio.get_running_loop(), 0

    def came(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > _AT_ONCE:
            _exit()
        loop.call_soon_threadsafe(_drain if count == 1 else _stop, job)

    before = {each: signal.signal(each, came) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _drain(job: Stoppable) -> None:
    say("interrupted: files under way may end, nothing new is begun; once more stops at once")
    job.drain()


def _stop(job: Stoppable) -> None:
    say("stopping at once; the job can be resumed. A third time ends the process, without a report")
    job.stop()


def _exit() -> None:
    if sys.stderr.isatty():  # what shows progress has hidden it
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(INTERRUPTED)
