"""Journal of a job: a write-ahead record of intents and outcomes, and the thread that owns its file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar

from coredata_async.bulk.journal.batching import Answer, Answers, BatchQueue, Job, Priority, Statement, commit
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.location import Identity
from coredata_async.bulk.journal.opening import Opened, open_journal

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
        self.shard: Final = store.shard
        """Id of the shard that it belongs to; empty for a whole job."""
        self._writer = writer
        self._closed = False

    @classmethod
    async def open(cls, path: Path, binding: Identity, *, checked: bool = False) -> Journal:
        """Open the journal of a job, or create one. Its directory must exist.

        A damaged journal is moved aside, and a new one is created. The checks take about four seconds per
        million files.

        Args:
            path: The file.
            binding: The job or shard that it belongs to.
            checked: True if this process has just written it after a check of its rows.

        Raises:
            JournalInUseError: If a process holds it open.
            ConfigurationError: If it belongs to another job or version, or is not a journal.
            JournalError: If the disk is full or failed.
        """
        stores: list[Opened] = []

        def open_store() -> Opened:
            stores.append(open_journal(path, binding, checked=checked))
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

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function in the journal's thread, after all earlier statements, and return its result.

        The function may change rows: the changes are on disk when this returns. If it raises, its own
        changes are rolled back. It must not commit or return a cursor. Nothing else is written while it
        runs, so a long call delays every task: read a thousand rows at a time.

        Raises:
            Exception: If the function raises.
            JournalError: If the journal failed.
        """
        results: list[T] = []
        await self._put(Job(query=lambda connection: results.append(query(connection))))
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


class Store(Protocol):
    """Database that the thread owns."""

    @property
    def connection(self) -> sqlite3.Connection:
        """Connection in autocommit mode; the writer begins and ends the transactions."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


class Writer:
    """Thread that opens a store, writes to it with group commit, and closes it.

    A commit waits for the disk, which takes milliseconds; all jobs that arrive meanwhile share the next
    commit. One call into the loop wakes all waiting tasks of the group.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._queue = BatchQueue[Job]()
        self._stopped: asyncio.Future[Answer] | None = None
        self._cause: BaseException | None = None
        self._lost = False

    async def start(self, open_store: Callable[[], Store]) -> None:
        """Start the thread, which opens the store. If this is cancelled, it returns when the store is closed.

        Raises:
            Exception: If `open_store` raises.
        """
        opened: asyncio.Future[Answer] = self._loop.create_future()
        threading.Thread(
            target=self._run, args=(open_store, opened), name="coredata-journal", daemon=True
        ).start()
        try:
            answer = await asyncio.shield(opened)
        except asyncio.CancelledError:
            stopped = self.stop()  # it closes the store as soon as it is open
            if await asyncio.shield(opened) is None:
                await asyncio.shield(stopped)
            raise
        if answer is not None:
            raise answer

    def put(self, job: Job) -> None:
        """Queue a job after all earlier ones."""
        if job.waiter is None:
            self._queue.put(job, Priority.NOTE)
        else:
            self._queue.put(job, Priority.WRITE if job.query is None else Priority.QUERY)

    def stop(self) -> asyncio.Future[Answer]:
        """End the thread after all queued jobs. Nothing may be queued afterwards.

        Returns:
            A future that ends when the store is closed; its result is the failure if a note was lost.
        """
        self._stopped = self._stopped or self._loop.create_future()
        self._queue.end()
        return self._stopped

    def failure(self) -> JournalError | None:
        """Return the reason why nothing can be written, as a new exception. It does not change later."""
        if self._cause is None:
            return None
        error = JournalError(self._path, self._cause)
        error.__cause__ = self._cause
        return error

    def _run(self, open_store: Callable[[], Store], opened: asyncio.Future[Answer]) -> None:
        try:
            store = open_store()
        except BaseException as exc:  # noqa: BLE001  # raised again in the task that started the thread
            self._wake([(opened, exc)])
            return
        self._wake([(opened, None)])
        while jobs := self._queue.take():
            self._wake(self._execute(store.connection, jobs))
        with suppress(sqlite3.Error):  # everything is on disk: in the log, if not in the file
            store.close()
        if self._stopped is not None:
            self._wake([(self._stopped, self.failure() if self._lost else None)])

    def _execute(self, connection: sqlite3.Connection, jobs: list[Job]) -> Answers:
        if self._cause is None:
            try:
                return commit(connection, jobs)
            except BaseException as exc:  # noqa: BLE001  # every waiting task receives it
                self._cause = exc.with_traceback(None)  # the traceback would keep the jobs alive
        self._lost = self._lost or any(job.waiter is None for job in jobs)
        return [(job.waiter, self.failure()) for job in jobs if job.waiter is not None]

    def _wake(self, answers: Answers) -> None:
        if answers:
            with suppress(RuntimeError):  # the loop is closed, with all waiting tasks
                self._loop.call_soon_threadsafe(_set_result, answers)


def _set_result(answers: Answers) -> None:
    for waiter, answer in answers:
        if not waiter.done():  # its task was cancelled
            waiter.set_result(answer)
