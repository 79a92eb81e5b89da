"""Events from whoever has something to tell to whoever listens; a slow listener slows the job down."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from coredata_async.bulk.events import Event, FileFailed, FileSkipped, Progress
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.scan.found import ScannedEntry
from coredata_async.bulk.states import Reason, State

CAPACITY: Final = 256
"""Events that nobody has taken yet; above that, the tellers wait."""


class EventStream:
    """A queue of events. Nothing in it is lost but progress, which the next one makes good."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(CAPACITY)
        self._heard = True

    @property
    def is_heard(self) -> bool:
        """Check for a listener."""
        return self._heard

    async def publish(self, event: Event) -> None:
        """Have an event taken; waits while the listener is far behind."""
        if self._heard:
            await self._queue.put(event)

    def publish_progress(self, progress: Progress) -> None:
        """Tell how far it is, if there is room."""
        if self._heard and self._queue.qsize() < CAPACITY // 2:
            self._queue.put_nowait(progress)

    async def end(self) -> None:
        """There will be no more."""
        if self._heard:
            await self._queue.put(None)

    def detach(self) -> None:
        """Nobody listens any more: whoever waits goes on."""
        self._heard = False
        while not self._queue.empty():
            self._queue.get_nowait()

    async def next(self) -> Event | None:
        """The next event, or `None` at the end."""
        return await self._queue.get()


def scan_event(directory: bytes, entry: ScannedEntry) -> FileSkipped | FileFailed:
    """Return the event for a file that the scan alone has skipped or failed."""
    path = path_text(os.path.join(directory, entry.name))  # noqa: PTH118  # bytes
    reason = entry.reason or Reason.INTERNAL
    kind = FileSkipped if entry.state == State.SKIPPED else FileFailed
    return kind(path=path, reason=reason, message=entry.message)
