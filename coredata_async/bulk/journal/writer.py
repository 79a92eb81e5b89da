"""The one thread that has the journal's connection. What waits is written together, in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from attrs import define

from coredata_async.bulk.journal.batch_queue import BatchQueue, Priority
from coredata_async.bulk.journal.errors import JournalError, fatal
from coredata_async.bulk.journal.updates import Statement, coalesce

Answer: TypeAlias = BaseException | None
Answers: TypeAlias = list[tuple["asyncio.Future[Answer]", Answer]]


class Store(Protocol):
    """What the thread owns."""

    @property
    def connection(self) -> sqlite3.Connection:
        """In autocommit mode; transactions are the writer's."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@define(eq=False)
class Job:
    """What is to be done in the thread: statements or a question."""

    statements: Sequence[Statement] = ()
    question: Callable[[sqlite3.Connection], object] | None = None
    waiter: asyncio.Future[Answer] | None = None
    """`None` if nobody waits for it."""


class Writer:
    """A thread that opens a store, writes to it in groups, and closes it.

    A commit waits for the disk, which takes milliseconds; all that has come up meanwhile goes into the
    next one. Those who wait are woken by one call into the loop for the whole group.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._queue = BatchQueue[Job]()
        self._stopped: asyncio.Future[Answer] | None = None
        self._cause: BaseException | None = None
        self._lost = False

    async def start(self, open_store: Callable[[], Store]) -> None:
        """Start the thread and have the store opened in it.

        Raises:
            Exception: What `open_store` raised.
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
        """Have a job done after all that were put before."""
        if job.waiter is None:
            self._queue.put(job, Priority.NOTE)
        else:
            self._queue.put(job, Priority.WRITE if job.question is None else Priority.QUESTION)

    def stop(self) -> asyncio.Future[Answer]:
        """Have the thread end as soon as all that was put is done. Nothing may be put afterwards.

        Returns:
            What is done when the store is closed; with the failure, if something nobody waits for was lost.
        """
        self._stopped = self._stopped or self._loop.create_future()
        self._queue.end()
        return self._stopped

    def failure(self) -> JournalError | None:
        """Return why nothing can be written any more, as a fresh exception. Once there is one, it stays."""
        if self._cause is None:
            return None
        error = JournalError(self._path, self._cause)
        error.__cause__ = self._cause
        return error

    def _run(self, open_store: Callable[[], Store], opened: asyncio.Future[Answer]) -> None:
        try:
            store = open_store()
        except BaseException as exc:  # noqa: BLE001  # raised again where it was asked for
            self._wake([(opened, exc)])
            return
        self._wake([(opened, None)])
        while jobs := self._queue.take():
            self._wake(self._execute(store.connection, jobs))
        with suppress(sqlite3.Error):  # all is on disk: in the log, if not in the file
            store.close()
        if self._stopped is not None:
            self._wake([(self._stopped, self.failure() if self._lost else None)])

    def _execute(self, connection: sqlite3.Connection, jobs: list[Job]) -> Answers:
        if self._cause is None:
            try:
                return commit(connection, jobs)
            except BaseException as exc:  # noqa: BLE001  # whatever it is, all must know
                self._cause = exc.with_traceback(None)  # which would keep the jobs alive
        self._lost = self._lost or any(job.waiter is None for job in jobs)
        return [(job.waiter, self.failure()) for job in jobs if job.waiter is not None]

    def _wake(self, answers: Answers) -> None:
        if answers:
            with suppress(RuntimeError):  # the loop is gone, and so is everybody who waited
                self._loop.call_soon_threadsafe(_set_result, answers)


def commit(connection: sqlite3.Connection, jobs: Iterable[Job]) -> Answers:
    """Do all jobs in one transaction. Either all their statements count, or it raises and none does."""
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
    except BaseException as exc:  # raised again where the question was asked
        if fatal(exc) or not connection.in_transaction:
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
