"""Bounded queue of a job's events; a slow listener slows the job down."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from coredata_async.bulk.events import Event, FileFailed, FileSkipped, Progress
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.scan.batches import ScannedEntry
from coredata_async.bulk.states import Reason, State

CAPACITY: Final = 256
"""Maximum number of unread events; further ones wait."""


class EventStream:
    """Queue of events. Only progress events may be dropped, because the next one replaces them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(CAPACITY)
        self._attached = True

    @property
    def has_listener(self) -> bool:
        """True while the job has a listener."""
        return self._attached

    async def publish(self, event: Event) -> None:
        """Publish an event; waits while the listener is far behind."""
        if self._attached:
            await self._queue.put(event)

    def publish_progress(self, progress: Progress) -> None:
        """Publish the progress, if the queue has room."""
        if self._attached and self._queue.qsize() < CAPACITY // 2:
            self._queue.put_nowait(progress)

    async def end(self) -> None:
        """Publish the end of the events."""
        if self._attached:
            await self._queue.put(None)

    def detach(self) -> None:
        """Remove the listener: all waiting publishers continue."""
        self._attached = False
        while not self._queue.empty():
            self._queue.get_nowait()

    async def next(self) -> Event | None:
        """Return the next event, or `None` at the end."""
        return await self._queue.get()


def scan_event(directory: bytes, entry: ScannedEntry) -> FileSkipped | FileFailed:
    """Return the event for a file that the scan alone has skipped or failed."""
    path = path_text(os.path.join(directory, entry.name))  # noqa: PTH118  # bytes
    reason = entry.reason or Reason.INTERNAL
    kind = FileSkipped if entry.state == State.SKIPPED else FileFailed
    return kind(path=path, reason=reason, message=entry.message)
