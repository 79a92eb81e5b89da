"""What carries files to the lanes: small ones in their order, and beside them the giants, largest first."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Final

from coredata_async.bulk.work import Work

ROOM: Final = 128
"""Files that wait for a lane; whoever brings more waits, too."""


class Belt:
    """Two queues that many lanes take from, and a count of what is under way in each folder."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._small: deque[Work] = deque()
        self._giants: deque[Work] = deque()
        lock = asyncio.Lock()
        # One wake-up each: 64 idle lanes need not all look at one file.
        self._arrived = asyncio.Condition(lock)
        self._taken = asyncio.Condition(lock)
        self._finished = asyncio.Condition(lock)
        self._folders: Counter[int] = Counter()
        self._closed = False

    @property
    def under_way(self) -> int:
        """Files that wait for a lane, or are in one."""
        return sum(self._folders.values())

    async def put(self, work: Work, *, giant: bool = False, beyond: bool = False) -> None:
        """Bring a file; `beyond` the room, if it must not wait. After `close` it is dropped."""
        queue = self._giants if giant else self._small
        async with self._taken:
            while not beyond and len(queue) >= self._room and not self._closed:
                await self._taken.wait()
            if not self._closed:
                queue.append(work)
                self._folders[work.item.folder] += 1
                self._arrived.notify()

    async def get(self, *, giants_first: bool) -> Work | None:
        """The next file, or `None` when the belt is closed."""
        first, second = (self._giants, self._small) if giants_first else (self._small, self._giants)
        async with self._arrived:
            while not self._closed:
                queue = first or second
                if queue:
                    self._taken.notify_all()  # one for giants may be waiting before one for the small ones
                    return queue.popleft()
                await self._arrived.wait()
        return None

    async def done(self, work: Work) -> bool:
        """A lane is through with a file; whether it was the last of its folder that was under way."""
        folder = work.item.folder
        async with self._finished:
            self._folders[folder] -= 1
            last = self._folders[folder] <= 0
            if last:
                del self._folders[folder]
            if not self._folders:
                self._finished.notify_all()
        return last

    async def empty(self) -> None:
        """Wait until nothing is under way."""
        async with self._finished:
            while self._folders:
                await self._finished.wait()

    async def close(self) -> None:
        """Give nothing more; what waits is left for another run."""
        async with self._arrived:
            self._closed = True
            for waiting in (self._small, self._giants):
                for work in waiting:
                    self._folders[work.item.folder] -= 1
                waiting.clear()
            self._folders = +self._folders
            for each in (self._arrived, self._taken, self._finished):
                each.notify_all()
