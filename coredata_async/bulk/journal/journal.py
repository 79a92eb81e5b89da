"""Journal of a job: a write-ahead record of intents and outcomes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from coredata_async.bulk.journal.batching import Statement
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.identity import Identity, JobIdentity
from coredata_async.bulk.journal.opening import Opened, open_journal
from coredata_async.bulk.journal.writer import Job, Writer

__all__ = ["JobIdentity", "Journal", "JournalError", "Statement"]

T = TypeVar("T")


class Journal:
    """SQLite file that one process holds open, written by one thread with group commit.

    Statements reach the disk in the order in which they were passed. The statements of one call form one
    transaction. After a failure every call raises `JournalError`, and the records on disk remain as they
    were. Belongs to the event loop that opened it.
    """

    def __init__(self, store: Opened, writer: Writer) -> None:
        self.path: Final = store.path
        self.run: Final = store.run
        """Number of times it was opened, including this time: 1, 2, …"""
        self.resumed: Final = store.resumed
        """True if an earlier run left items in it."""
        self.set_aside: Final = store.set_aside
        """New path of a damaged journal that was moved aside, if this one replaces it."""
        self._writer = writer
        self._closed = False

    @classmethod
    async def open(cls, path: Path, binding: Identity) -> Journal:
        """Open the journal of a job, or create one. Its directory must exist.

        A damaged journal is moved aside, and a new one is created. The checks take about four seconds per
        million files.

        Raises:
            JournalInUseError: If a process holds it open.
            ConfigurationError: If it belongs to another job or version, or is not a journal.
            JournalError: If the disk is full or failed.
        """
        stores: list[Opened] = []

        def open_store() -> Opened:
            stores.append(open_journal(path, binding))
            return stores[0]

        writer = Writer(path)
        await writer.start(open_store)
        return cls(stores[0], writer)

    def note(self, *statements: Statement) -> None:
        """Write statements soon, within about 20 ms, without waiting for them.

        Raises:
            JournalError: If an earlier statement failed, or the journal is closed.
        """
        self._usable()
        self._writer.put(Job(statements))

    async def write(self, *statements: Statement) -> None:
        """Write statements, and all earlier ones, and return when they are on disk.

        If the task is cancelled while it waits, the statements are still executed.

        Raises:
            JournalError: If they are not on disk.
        """
        await self._put(Job(statements))

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function in the journal's thread, after all earlier statements, and return its result.

        The function may change rows: the changes are on disk when this returns. If it raises, its own
        changes are rolled back. It must not commit or return a cursor. Nothing else is written while it
        runs, so a long call delays every task: read a thousand rows at a time.

        Raises:
            Exception: If the function raises.
            JournalError: If the journal failed.
        """
        results: list[T] = []
        await self._put(Job(question=lambda connection: results.append(question(connection))))
        return results[0]

    async def aclose(self) -> None:
        """Write all noted statements and close the file. May be called again, and after a failure.

        Raises:
            JournalError: If a noted statement is not on disk.
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
