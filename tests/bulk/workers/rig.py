"""Worker processes of a test, and channels without a process."""

import os
import signal
from contextlib import suppress

import psutil

from coredata_async import Retry
from coredata_async.transport.trace import Exchanged

SOON = Retry(base=0.01, cap=0.05, settle=0.4, probe_gap=0.1)
"""Requests of a dead worker in the sandbox end long before `settle`."""
WORKER = "coredata_async.bulk.workers.process"


def workers(of: int | None = None) -> list[psutil.Process]:
    """Return the worker processes that a process has started, this one by default."""
    found = []
    for child in psutil.Process(of).children():
        with suppress(psutil.Error):
            if WORKER in child.cmdline():
                found.append(child)
    return found


def kill(pid: int) -> None:
    """Kill a process, as the kernel does when memory is exhausted."""
    os.kill(pid, signal.SIGKILL)


class Heard:
    """Channel without a receiver: it keeps the sent messages."""

    def __init__(self) -> None:
        self.messages: list[list] = []

    def send(self, message: list) -> None:
        self.messages.append(message)

    def verbs(self) -> list[str]:
        return [message[0] for message in self.messages]


def throttled(retry_after: float | None = 30.0, *, signed: bool = False) -> Exchanged:
    """Return a response of the service, or the storage, that throttles."""
    return Exchanged("POST", "/api/v2/files/", 429, 0.02, retry_after=retry_after, signed=signed)
