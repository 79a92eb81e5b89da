"""The journal of a job: what was meant and what became of it, on disk before it matters."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.identity import JobIdentity
from coredata_async.bulk.journal.opening import Opened, open_journal
from coredata_async.bulk.journal.updates import Statement
from coredata_async.bulk.journal.writer import Job, Writer

__all__ = ["JobIdentity", "Journal", "JournalError", "Statement"]

T = TypeVar("T")


class Journal:
    """A SQLite file that one process holds, written by one thread in groups.

    What is noted or written goes to disk in the order in which it came; the statements of one call are
    in one transaction. After a failure nothing is taken any more: every call raises `JournalError`,
    and what is on disk is what was there before. Belongs to the loop that opened it.
    """

    def __init__(self, store: Opened, writer: Writer) -> None:
        self.path: Final = store.path
        self.run: Final = store.run
        """How often it was opened, this time included: 1, 2, …"""
        self.resumed: Final = store.resumed
        """Whether an earlier run left items in it."""
        self.set_aside: Final = store.set_aside
        """Where a damaged journal was moved to, if this one had to be begun again."""
        self._writer = writer
        self._closed = False

    @classmethod
    async def open(cls, path: Path, binding: JobIdentity) -> Journal:
        """Open a job's journal, or begin one. Its directory must be there.

        A damaged one is moved aside, and a fresh one is begun. Checking it takes about four
        seconds per million files.

        Raises:
            JournalInUseError: If a process holds it.
            ConfigurationError: If it belongs to another job or version, or is not a journal.
            JournalError: The disk is full, or failed.
        """
        stores: list[Opened] = []

        def open_store() -> Opened:
            stores.append(open_journal(path, binding))
            return stores[0]

        writer = Writer(path)
        await writer.start(open_store)
        return cls(stores[0], writer)

    def note(self, *statements: Statement) -> None:
        """Have statements on disk soon, within some 20 ms.

        Raises:
            JournalError: An earlier one failed, or the journal is closed.
        """
        self._usable()
        self._writer.put(Job(statements))

    async def write(self, *statements: Statement) -> None:
        """Have statements on disk, with all that were noted before, when this returns.

        A task that is cancelled while it waits does not take them back.

        Raises:
            JournalError: They are not on disk.
        """
        await self._put(Job(statements))

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask something in the journal's thread, after all that was noted and written before.

        The question may change rows: they are on disk when this returns. If it raises, its own changes
        are taken back. It must neither commit nor give back a cursor. While it runs nothing is written,
        so a long one holds up everybody: ask for a thousand rows at a time.

        Raises:
            Exception: What the question raised.
            JournalError: The journal failed.
        """
        found: list[T] = []
        await self._put(Job(question=lambda connection: found.append(question(connection))))
        return found[0]

    async def aclose(self) -> None:
        """Write what was noted, and let go of the file. May be called again, and after a failure.

        Raises:
            JournalError: Something that was noted is not on disk.
        """
        self._closed = True
        answer = await asyncio.shield(self._writer.stop())
        if answer is not None:
            raise answer

    async def _put(self, job: Job) -> None:
        self._usable()
        job.waiter = asyncio.get_running_loop().create_future()
        self._writer.put(job)
        answer = await job.waiter
        if answer is not None:
            raise answer

    def _usable(self) -> None:
        failure = self._writer.failure()
        if failure is not None:
            raise failure
        if self._closed:
            raise JournalError(self.path, "it is closed")
