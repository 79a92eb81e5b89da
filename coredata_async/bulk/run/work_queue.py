"""Queue of files for the workers: small ones in order, and large ones by size, the largest first."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from coredata_async.bulk.journal.claims import Work

CAPACITY: Final = 128
"""Maximum number of waiting files; `put` waits when it is reached."""

_Waiters = deque["asyncio.Future[None]"]


class WorkQueue:
    """Two queues that many workers take from, and the number of files in flight in each folder.

    A task that can proceed at once does not wait, and wakes no other: 4 us per file, where an
    `asyncio.Condition` for each of the three kinds of waiting took 25.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._small: deque[Work] = deque()
        self._large: deque[Work] = deque()
        # One wake-up per file: 64 idle workers need not all compete for one file.
        self._arrived: _Waiters = deque()
        self._taken: _Waiters = deque()
        self._finished: _Waiters = deque()
        self._folders: Counter[int] = Counter()
        self._feeding: set[int] = set()
        self._closed = False
        self._start_worker: Callable[[], object] = _ignore
        self._startable = 0

    def start_workers(self, start: Callable[[], object], maximum: int) -> None:
        """Let `put` start a worker whenever all of them are busy, until there is a maximum number."""
        self._start_worker, self._startable = start, maximum

    @property
    def in_flight(self) -> int:
        """Number of files that wait for a worker, or are being uploaded."""
        return sum(self._folders.values())

    async def put(self, work: Work, *, large: bool = False, unlimited: bool = False) -> None:
        """Add a file; `unlimited` ignores the capacity, for callers that must not wait. No-op when closed."""
        queue = self._large if large else self._small
        while not unlimited and len(queue) >= self._capacity and not self._closed:
            await _wait(self._taken)
        if not self._closed:
            queue.append(work)
            self._folders[work.item.folder] += 1
            if _wake(self._arrived, 1) and self._startable:
                self._startable -= 1
                self._start_worker()

    async def get(self, *, large_first: bool) -> Work | None:
        """Return the next file, or `None` when the queue is closed."""
        first, second = (self._large, self._small) if large_first else (self._small, self._large)
        while not self._closed:
            queue = first or second
            if queue:
                # All of them: one for large files may be waiting before one for the small ones.
                _wake(self._taken, len(self._taken))
                return queue.popleft()
            await _wait(self._arrived)
        return None

    def begin(self, folder: int) -> None:
        """Record that the files of a folder are about to be put."""
        self._feeding.add(folder)

    def end(self, folder: int) -> bool:
        """Record that they have been put; return whether all of them are finished already."""
        self._feeding.discard(folder)
        return folder not in self._folders

    def finish(self, work: Work) -> bool:
        """Record that a file is finished; return whether its folder has no other in flight or to come."""
        folder = work.item.folder
        self._folders[folder] -= 1
        last = self._folders[folder] <= 0
        if last:
            del self._folders[folder]
        if not self._folders:
            _wake(self._finished, len(self._finished))
        return last and folder not in self._feeding

    async def empty(self) -> None:
        """Wait until no file is in flight."""
        while self._folders:
            await _wait(self._finished)

    def close(self) -> None:
        """Return no further files; waiting ones are left for another run."""
        self._closed = True
        for waiting in (self._small, self._large):
            for work in waiting:
                self._folders[work.item.folder] -= 1
            waiting.clear()
        self._folders = +self._folders
        for waiters in (self._arrived, self._taken, self._finished):
            _wake(waiters, len(waiters))


async def _wait(waiters: _Waiters) -> None:
    """Wait to be woken. A waiter that is cancelled after it was woken wakes the next one."""
    waiter = asyncio.get_running_loop().create_future()
    waiters.append(waiter)
    try:
        await waiter
    except asyncio.CancelledError:
        if waiter.done() and not waiter.cancelled():
            _wake(waiters, 1)
        raise


def _wake(waiters: _Waiters, count: int) -> int:
    """Wake a number of waiters; return the number of missing ones."""
    while count and waiters:
        waiter = waiters.popleft()
        if not waiter.done():  # its task was cancelled
            waiter.set_result(None)
            count -= 1
    return count


def _ignore() -> None:
    """Do nothing."""
