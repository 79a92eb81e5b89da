"""What carries files to the lanes: small ones in their order, and beside them the giants, largest first."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from coredata_async.bulk.journal.work import Work

CAPACITY: Final = 128
"""Files that wait for a worker; whoever brings more waits, too."""

_Waiters = deque["asyncio.Future[None]"]


class WorkQueue:
    """Two queues that many workers take from, and a count of what is in flight in each folder.

    Who finds what it wants neither waits nor wakes anybody: 4 us per file, where an `asyncio.Condition`
    for each of the three kinds of waiting took 25.
    """

    def __init__(self, room: int = CAPACITY) -> None:
        self._capacity = room
        self._small: deque[Work] = deque()
        self._large: deque[Work] = deque()
        # One wake-up each: 64 idle workers need not all look at one file.
        self._arrived: _Waiters = deque()
        self._taken: _Waiters = deque()
        self._finished: _Waiters = deque()
        self._folders: Counter[int] = Counter()
        self._feeding: set[int] = set()
        self._closed = False
        self.start_worker: Callable[[], None] = _ignore
        """Called if a file was put and no worker is idle."""

    @property
    def in_flight(self) -> int:
        """Files that wait for a worker, or are in one."""
        return sum(self._folders.values())

    async def put(self, work: Work, *, giant: bool = False, beyond: bool = False) -> None:
        """Bring a file; `beyond` the room, if it must not wait. After `close` it is dropped."""
        queue = self._large if giant else self._small
        while not beyond and len(queue) >= self._capacity and not self._closed:
            await _wait(self._taken)
        if not self._closed:
            queue.append(work)
            self._folders[work.item.folder] += 1
            if _wake(self._arrived, 1):
                self.start_worker()

    async def get(self, *, giants_first: bool) -> Work | None:
        """The next file, or `None` when the belt is closed."""
        first, second = (self._large, self._small) if giants_first else (self._small, self._large)
        while not self._closed:
            queue = first or second
            if queue:
                # All of them: one for large files may be waiting before one for the small ones.
                _wake(self._taken, len(self._taken))
                return queue.popleft()
            await _wait(self._arrived)
        return None

    def begin(self, folder: int) -> None:
        """The files of a folder are about to be put."""
        self._feeding.add(folder)

    def end(self, folder: int) -> bool:
        """They have been put; whether all are done already."""
        self._feeding.discard(folder)
        return folder not in self._folders

    def finish(self, work: Work) -> bool:
        """A lane is through with a file; whether nothing more of its folder is under way, or about to be."""
        folder = work.item.folder
        self._folders[folder] -= 1
        last = self._folders[folder] <= 0
        if last:
            del self._folders[folder]
        if not self._folders:
            _wake(self._finished, len(self._finished))
        return last and folder not in self._feeding

    async def empty(self) -> None:
        """Wait until nothing is in flight."""
        while self._folders:
            await _wait(self._finished)

    def close(self) -> None:
        """Give nothing more; what waits is left for another run."""
        self._closed = True
        for waiting in (self._small, self._large):
            for work in waiting:
                self._folders[work.item.folder] -= 1
            waiting.clear()
        self._folders = +self._folders
        for waiters in (self._arrived, self._taken, self._finished):
            _wake(waiters, len(waiters))


async def _wait(waiters: _Waiters) -> None:
    """Wait to be woken. Who is cancelled when it was woken already passes the turn on."""
    waiter = asyncio.get_running_loop().create_future()
    waiters.append(waiter)
    try:
        await waiter
    except asyncio.CancelledError:
        if waiter.done() and not waiter.cancelled():
            _wake(waiters, 1)
        raise


def _wake(waiters: _Waiters, count: int) -> int:
    """Wake a number of waiters; return how many there were too few."""
    while count and waiters:
        waiter = waiters.popleft()
        if not waiter.done():  # its task was cancelled
            waiter.set_result(None)
            count -= 1
    return count


def _ignore() -> None:
    """Start nothing."""
