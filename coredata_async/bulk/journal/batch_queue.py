"""Queue for the journal's thread, with the delays of group commit."""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import Final, Generic, TypeVar

T = TypeVar("T")

NOTE_WAIT: Final = 0.02
"""Maximum delay of a statement that no task waits for, in seconds, so that more statements can join it."""
GROUP_WAIT: Final = 0.005
"""Maximum delay of a statement that a task waits for, in seconds; it ends with as many writes as last time.

A commit costs as much CPU as the rows of ten files. At full speed 64 workers produced three files per
commit; with this delay they produce ten, which saves a quarter of the thread's CPU and a sixth of the
loop's. A single worker never waits.
"""
GROUP_TARGET: Final = 16
"""Number of writes that are committed without a delay.

With more, all workers would run in step, and the loop would be idle during each commit.
"""


class Priority(IntEnum):
    """Urgency of a queued job."""

    NOTE = 1
    """No task waits for it."""
    WRITE = 2
    """A worker waits for it, and other workers are about to write."""
    QUESTION = 3
    """It is executed without a delay."""
    END = 4
    """The queue ends."""


_NOT_WAITING: Final = 5
"""Priority that wakes the thread while the thread does not wait: none has it."""


class BatchQueue(Generic[T]):
    """Queue that one thread empties as a whole when a commit is worthwhile. Any thread may fill it.

    It consists of two plain locks, because `threading.Condition` is written in Python: it took 12 us for one
    note, where this takes 2.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Protects all other attributes."""
        self._bell = threading.Lock()
        """Released to wake the thread, which waits by acquiring it."""
        self._bell.acquire()
        self._held: list[T] = []
        self._priority = 0
        """Greatest priority of the held jobs."""
        self._wakes = _NOT_WAITING
        """Least priority that ends the thread's wait."""
        self._writes = 0
        """Number of held jobs that a task waits for."""
        self._enough = 1
        """Number of writes that are worth a commit: as many as the last time."""
        self._ended = False

    def put(self, job: T, priority: Priority) -> None:
        """Add a job, and wake the thread if it waits and the job is urgent enough."""
        with self._lock:
            self._held.append(job)
            if priority == Priority.WRITE:
                self._writes += 1
                if self._writes >= self._enough:
                    priority = Priority.QUESTION
            self._call(priority)

    def end(self) -> None:
        """End the queue: the thread takes what remains without a delay."""
        with self._lock:
            self._ended = True
            self._call(Priority.END)

    def take(self) -> list[T]:
        """Wait in the thread for jobs and return all of them in their order; an empty list means the end."""
        self._rest(Priority.NOTE, -1)
        self._rest(Priority.WRITE, NOTE_WAIT)
        if self._writes:
            self._rest(Priority.QUESTION, GROUP_WAIT)
        with self._lock:
            held, self._held = self._held, []
            self._enough, self._writes = max(1, min(self._writes, GROUP_TARGET)), 0
            self._priority = Priority.END if self._ended else 0
            return held

    def _call(self, priority: int) -> None:
        self._priority = max(self._priority, priority)
        if priority >= self._wakes:
            self._wakes = _NOT_WAITING
            self._bell.release()

    def _rest(self, wakes: int, timeout: float) -> None:
        """Wait until a job of at least this priority has come, or the timeout has passed."""
        with self._lock:
            if self._priority >= wakes:
                return
            self._wakes = wakes
        if not self._bell.acquire(timeout=timeout):
            with self._lock:
                if self._wakes == _NOT_WAITING:  # the bell was released after the timeout
                    self._bell.acquire()
                self._wakes = _NOT_WAITING
