"""Signals that end a command: SIGTERM and SIGHUP mean the same as Ctrl-C.

The first lets a job finish the files in progress, the second stops it at once, and the third ends the
process.
"""

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

from coredata_async.cli.failures import INTERRUPTED
from coredata_async.cli.output import say

_LIKE_CTRL_C: Final = tuple(
    each for each in (signal.SIGTERM, getattr(signal, "SIGHUP", None)) if each is not None
)
"""Signals besides SIGINT. Windows does not have SIGHUP."""
_SHOW_CURSOR: Final = b"\x1b[?25h\n"
_AT_ONCE: Final = 2


@contextmanager
def ending_like_ctrl_c() -> Generator[None]:
    """Pass SIGTERM and SIGHUP on to the handler of SIGINT, so that every command cleans up after itself.

    An ignored signal stays ignored, because `nohup` asks for that. Outside the main thread, which alone
    receives signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, _interrupt) for each in _signals_to_handle()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _signals_to_handle() -> list[signal.Signals]:
    return [each for each in _LIKE_CTRL_C if signal.getsignal(each) is not signal.SIG_IGN]


def _interrupt(_number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):  # the handler of the event loop cancels the main task
        handler(signal.SIGINT, frame)
    else:  # the shell ignores Ctrl-C for processes that it runs in the background
        raise KeyboardInterrupt


class Stoppable(Protocol):
    """Interface of a job that can be interrupted."""

    def drain(self) -> None:
        """Finish the files in progress, and start nothing new."""
        ...

    def stop(self) -> None:
        """Stop at once."""
        ...


@contextmanager
def interrupts(job: Stoppable) -> Generator[None]:
    """Let signals end the job. Outside the main thread, this does nothing.

    The handlers are those of the interpreter, not of the loop: the third signal must work when the loop is
    blocked, and on Windows the loop has none.
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

    before = {each: signal.signal(each, came) for each in (signal.SIGINT, *_signals_to_handle())}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _drain(job: Stoppable) -> None:
    say("interrupted: files in flight are finished, nothing new is started; interrupt again to stop at once")
    job.drain()


def _stop(job: Stoppable) -> None:
    say("stopping at once; the job can be resumed. A third interrupt ends the process without a report")
    job.stop()


def _exit() -> None:
    if sys.stderr.isatty():  # the progress display has hidden the cursor
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(INTERRUPTED)
