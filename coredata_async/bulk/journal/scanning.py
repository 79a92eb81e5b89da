"""The scan, run in a thread, and what it finds written to the journal: some thousand entries at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from attrs import define

from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.planning import Planned, plan_batch
from coredata_async.bulk.scan.found import DirectoryBatch
from coredata_async.bulk.scan.walk import Batches

ENTRIES: Final = 1000
"""Taken from the scan at once."""
DIRECTORIES: Final = 200
"""Likewise: most hold a few files only."""
STOP: Final = 1.0
"""Seconds a scan may take to notice that it is to end; after that its thread is left to itself."""


@define(eq=False)
class ScanPlanner:
    """An iterator over what became of batch after batch."""

    batches: Batches
    journal: Journal

    async def __aiter__(self) -> AsyncIterator[Planned]:
        loop = asyncio.get_running_loop()
        running: asyncio.Future[list[DirectoryBatch]] | None = None
        try:
            while True:
                running = loop.run_in_executor(None, next_batches, self.batches)
                found = await asyncio.shield(running)
                if not found:
                    return
                for each in await self.journal.read(partial(_all, found, self.journal.run)):
                    yield each
        finally:
            if running is not None:
                await asyncio.wait({running}, timeout=STOP)
                if running.done():
                    await asyncio.to_thread(self.batches.close)


def next_batches(batches: Batches) -> list[DirectoryBatch]:
    """The next batches, together about a thousand entries; none at the end."""
    found: list[DirectoryBatch] = []
    entries = 0
    for batch in batches:
        found.append(batch)
        entries += len(batch.entries)
        if entries >= ENTRIES or len(found) >= DIRECTORIES:
            break
    return found


def _all(found: Sequence[DirectoryBatch], run: int, db: sqlite3.Connection) -> list[Planned]:
    return [plan_batch(db, batch, run) for batch in found]
