"""What waits for the journal's thread, and for how long it waits for company."""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import Final, Generic, TypeVar

T = TypeVar("T")

NOTE_WAIT: Final = 0.02
"""Seconds that what nobody waits for may wait for company."""
GROUP_WAIT: Final = 0.005
"""Seconds for which those who wait may wait for as many as there were the last time.

A commit costs as much CPU as the rows of ten files. At full speed 64 workers came to three files for each;
with this pause they come to ten, which saves a quarter of the thread's CPU and a sixth of the loop's. A lane
that is alone never waits.
"""
GROUP_TARGET: Final = 16
"""So many do not wait for more: else all workers would go in step, and the loop be idle at each commit."""


class Priority(IntEnum):
    """How urgent something is."""

    NOTE = 1
    """Nobody waits for it."""
    WRITE = 2
    """A worker waits for it, and others are about to."""
    QUESTION = 3
    """It waits for no company."""
    END = 4
    """Nothing comes any more."""


_NOBODY: Final = 5
"""What the thread waits for while it does not wait."""


class BatchQueue(Generic[T]):
    """A list that one thread empties as a whole, when it is worth it. It may be filled from any thread.

    Made of two plain locks: a `threading.Condition` is written in Python, and took 12 us for a note where
    this takes 2.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Held by whoever looks at the rest."""
        self._bell = threading.Lock()
        """Rung by letting go of it: the thread rests by waiting for it."""
        self._bell.acquire()
        self._held: list[T] = []
        self._priority = 0
        """Of what is held: the greatest."""
        self._wakes = _NOBODY
        """The least hurry that ends the thread's rest."""
        self._writes = 0
        """How many are held."""
        self._enough = 1
        """How many are worth a commit: as many as the last time."""
        self._ended = False

    def put(self, one: T, hurry: Priority) -> None:
        """Add something, and wake the thread if it rests and this is worth it."""
        with self._lock:
            self._held.append(one)
            if hurry == Priority.WRITE:
                self._writes += 1
                if self._writes >= self._enough:
                    hurry = Priority.QUESTION
            self._call(hurry)

    def end(self) -> None:
        """There will be no more: nothing waits for company."""
        with self._lock:
            self._ended = True
            self._call(Priority.END)

    def take(self) -> list[T]:
        """Wait for something, in the thread, and take it all, in its order. Nothing is the end."""
        self._rest(Priority.NOTE, -1)
        self._rest(Priority.WRITE, NOTE_WAIT)
        if self._writes:
            self._rest(Priority.QUESTION, GROUP_WAIT)
        with self._lock:
            held, self._held = self._held, []
            self._enough, self._writes = max(1, min(self._writes, GROUP_TARGET)), 0
            self._priority = Priority.END if self._ended else 0
            return held

    def _call(self, hurry: int) -> None:
        self._priority = max(self._priority, hurry)
        if hurry >= self._wakes:
            self._wakes = _NOBODY
            self._bell.release()

    def _rest(self, wakes: int, timeout: float) -> None:
        """Wait until something in such a hurry has come, or the time is up."""
        with self._lock:
            if self._priority >= wakes:
                return
            self._wakes = wakes
        if not self._bell.acquire(timeout=timeout):
            with self._lock:
                if self._wakes == _NOBODY:  # it was rung just then
                    self._bell.acquire()
                self._wakes = _NOBODY
