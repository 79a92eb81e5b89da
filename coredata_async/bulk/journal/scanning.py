"""Folders of a run: found by a scan in a thread and planned in the journal, or planned before."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import partial
from typing import Final

from attrs import define

from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.planning import Planned, list_folders, plan_batch, see_all
from coredata_async.bulk.scan.entries import DirectoryBatch
from coredata_async.bulk.scan.walk import Batches

ENTRIES: Final = 1000
"""Maximum number of entries taken from the scan at once."""
DIRECTORIES: Final = 200
"""Maximum number of directories taken from the scan at once: most hold a few files only."""
STOP: Final = 1.0
"""Timeout for the scan to notice its end, in seconds; after that its thread is abandoned."""


@define(eq=False)
class ScanPlanner:
    """Iterator over the planned batches of a scan."""

    batches: Batches
    journal: Journal

    async def __aiter__(self) -> AsyncGenerator[Planned, None]:
        loop = asyncio.get_running_loop()
        running: asyncio.Future[list[DirectoryBatch]] | None = None
        try:
            while True:
                running = loop.run_in_executor(None, next_batches, self.batches)
                taken = await asyncio.shield(running)
                if not taken:
                    return
                for planned in await self.journal.read(partial(_all, taken, self.journal.run)):
                    yield planned
        finally:
            if running is not None:
                await asyncio.wait({running}, timeout=STOP)
                if running.done():
                    await asyncio.to_thread(self.batches.close)


@define(eq=False)
class PlannedFolders:
    """Iterator over the folders of a journal whose files were planned by another process."""

    journal: Journal

    async def __aiter__(self) -> AsyncIterator[Planned]:
        await self.journal.read(partial(see_all, run=self.journal.run))
        for planned in await self.journal.read(list_folders):
            yield planned


def next_batches(batches: Batches) -> list[DirectoryBatch]:
    """Return the next batches, together about a thousand entries; none at the end."""
    taken: list[DirectoryBatch] = []
    entries = 0
    for batch in batches:
        taken.append(batch)
        entries += len(batch.entries)
        if entries >= ENTRIES or len(taken) >= DIRECTORIES:
            break
    return taken


def _all(batches: Sequence[DirectoryBatch], run: int, db: sqlite3.Connection) -> list[Planned]:
    return [plan_batch(db, batch, run) for batch in batches]
