"""Thread that owns the journal's connection. It writes all waiting jobs in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from attrs import define

from coredata_async.bulk.journal.batching import BatchQueue, Priority, Statement, coalesce
from coredata_async.bulk.journal.errors import JournalError, is_fatal

Answer: TypeAlias = BaseException | None
Answers: TypeAlias = list[tuple["asyncio.Future[Answer]", Answer]]


class Store(Protocol):
    """Database that the thread owns."""

    @property
    def connection(self) -> sqlite3.Connection:
        """Connection in autocommit mode; the writer begins and ends the transactions."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


@define(eq=False)
class Job:
    """Work for the thread: statements or a function."""

    statements: Sequence[Statement] = ()
    question: Callable[[sqlite3.Connection], object] | None = None
    waiter: asyncio.Future[Answer] | None = None
    """`None` if no task waits for it."""


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
        """Start the thread, which opens the store.

        Raises:
            Exception: If `open_store` raises.
        """
        opened: asyncio.Future[Answer] = self._loop.create_future()
        threading.Thread(
            target=self._run, args=(open_store, opened), name="coredata-journal", daemon=True
        ).start()
        try:
            answer = await opened
        except asyncio.CancelledError:
            _ = self.stop()  # it closes the store as soon as it is open
            raise
        if answer is not None:
            raise answer

    def put(self, job: Job) -> None:
        """Queue a job after all earlier ones."""
        if job.waiter is None:
            self._queue.put(job, Priority.NOTE)
        else:
            self._queue.put(job, Priority.WRITE if job.question is None else Priority.QUESTION)

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


def commit(connection: sqlite3.Connection, jobs: Iterable[Job]) -> Answers:
    """Execute all jobs in one transaction. If it raises, none of their statements has an effect."""
    answers: Answers = []
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    try:
        waiting: list[Statement] = []
        for job in jobs:
            waiting += job.statements
            answer = None
            if job.question is not None:
                _write(cursor, waiting)
                waiting = []
                answer = _ask(connection, job.question)
            if job.waiter is not None:
                answers.append((job.waiter, answer))
        _write(cursor, waiting)
        cursor.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some errors have rolled it back already
            cursor.execute("ROLLBACK")
        raise
    return answers


def _write(cursor: sqlite3.Cursor, statements: list[Statement]) -> None:
    for sql, parameters in coalesce(statements):
        cursor.execute(sql, parameters)


def _ask(connection: sqlite3.Connection, question: Callable[[sqlite3.Connection], object]) -> Answer:
    connection.execute("SAVEPOINT question")
    try:
        question(connection)
    except BaseException as exc:  # raised again in the task that asked
        if is_fatal(exc) or not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO question")
        connection.execute("RELEASE question")
        return exc
    connection.execute("RELEASE question")
    return None


def _set_result(answers: Answers) -> None:
    for waiter, answer in answers:
        if not waiter.done():  # its task was cancelled
            waiter.set_result(answer)
