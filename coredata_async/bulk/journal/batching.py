"""Batches for the journal's thread: statements that share a commit, and rows that share a statement.

Each statement releases Python's global lock several times and must get it back from the busy event loop.
One row then costs 130 us of CPU in both threads, and 26 if sixteen rows share a statement (8 and 10 beside an
idle loop). For a job of one process this saves 8 % of all CPU, and gives 9 % more files per second.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import IntEnum
from functools import cache
from typing import Final, Generic, TypeAlias, TypeVar

from attrs import define, frozen

from coredata_async.bulk.journal.errors import is_fatal

T = TypeVar("T")

NOTE_WAIT: Final = 0.02
"""Maximum delay of a statement that no task waits for, in seconds, so that more statements can join it."""
GROUP_WAIT: Final = 0.005
"""Maximum delay of a statement that a task waits for, in seconds; it ends with as many writes as last time.

A commit costs as much CPU as the rows of ten files. At full speed 64 workers produced three files per
commit; with this delay they produce ten, which saves a quarter of the thread's CPU and a sixth of the
loop's. A single worker never waits.
"""
GROUP_TARGET: Final = 16
"""Number of writes that are committed without a delay.

With more, all workers would run in step, and the loop would be idle during each commit.
"""
Statement: TypeAlias = tuple[str, tuple[object, ...]]
"""SQL and its parameters."""

SIZES: Final = (2, 4, 8, 16, 32, 64)
"""Numbers of rows in one statement. Only a few sizes are used, so that all statements stay prepared."""
HAS_UPDATE_FROM: Final = sqlite3.sqlite_version_info >= (3, 33)
"""True if this SQLite supports UPDATE … FROM."""
Answer: TypeAlias = BaseException | None
Answers: TypeAlias = list[tuple["asyncio.Future[Answer]", Answer]]


class Priority(IntEnum):
    """Urgency of a queued job."""

    NOTE = 1
    """No task waits for it."""
    WRITE = 2
    """A worker waits for it, and other workers are about to write."""
    QUERY = 3
    """It is executed without a delay."""
    END = 4
    """The queue ends."""


_NOT_WAITING: Final = 5
"""Priority that wakes the thread while the thread does not wait: none has it."""


class BatchQueue(Generic[T]):
    """Queue that one thread empties as a whole when a commit is worthwhile. Any thread may fill it.

    It consists of two plain locks, because `threading.Condition` is written in Python: it took 12 us for one
    note, where this takes 2.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Protects all other attributes."""
        self._bell = threading.Lock()
        """Released to wake the thread, which waits by acquiring it."""
        self._bell.acquire()
        self._held: list[T] = []
        self._priority = 0
        """Greatest priority of the held jobs."""
        self._wakes = _NOT_WAITING
        """Least priority that ends the thread's wait."""
        self._writes = 0
        """Number of held jobs that a task waits for."""
        self._enough = 1
        """Number of writes that are worth a commit: as many as the last time."""
        self._ended = False

    def put(self, job: T, priority: Priority) -> None:
        """Add a job, and wake the thread if it waits and the job is urgent enough."""
        with self._lock:
            self._held.append(job)
            if priority == Priority.WRITE:
                self._writes += 1
                if self._writes >= self._enough:
                    priority = Priority.QUERY
            self._call(priority)

    def end(self) -> None:
        """End the queue: the thread takes what remains without a delay."""
        with self._lock:
            self._ended = True
            self._call(Priority.END)

    def take(self) -> list[T]:
        """Wait in the thread for jobs and return all of them in their order; an empty list means the end."""
        self._rest(Priority.NOTE, -1)
        self._rest(Priority.WRITE, NOTE_WAIT)
        if self._writes:
            self._rest(Priority.QUERY, GROUP_WAIT)
        with self._lock:
            held, self._held = self._held, []
            self._enough, self._writes = max(1, min(self._writes, GROUP_TARGET)), 0
            self._priority = Priority.END if self._ended else 0
            return held

    def _call(self, priority: int) -> None:
        self._priority = max(self._priority, priority)
        if priority >= self._wakes:
            self._wakes = _NOT_WAITING
            self._bell.release()

    def _rest(self, wakes: int, timeout: float) -> None:
        """Wait until a job of at least this priority has come, or the timeout has passed."""
        with self._lock:
            if self._priority >= wakes:
                return
            self._wakes = wakes
        if not self._bell.acquire(timeout=timeout):
            with self._lock:
                if self._wakes == _NOT_WAITING:  # the bell was released after the timeout
                    self._bell.acquire()
                self._wakes = _NOT_WAITING


@frozen
class _Update:
    """Columns that one statement sets."""

    columns: tuple[str, ...]
    cleared: tuple[str, ...]


_known: Final[dict[str, _Update]] = {}


def update(*columns: str, clears: Sequence[str] = ()) -> str:
    """Return SQL that sets columns of one file's row. Its parameters are the values and the row's id.

    Args:
        columns: The columns to set.
        clears: The columns to set to NULL.
    """
    changes = [f"{column} = ?" for column in columns] + [f"{column} = NULL" for column in clears]
    sql = f"UPDATE item SET {', '.join(changes)} WHERE id = ?"  # noqa: S608  # built from constants
    _known[sql] = _Update(columns, tuple(clears))
    return sql


def coalesce(statements: Iterable[Statement]) -> list[Statement]:
    """Combine the same changes into fewer statements, perhaps in another order.

    The changes of one row keep their order, and none passes a statement that `update` has not made.
    """
    combined: list[Statement] = []
    groups: list[tuple[str, list[tuple[object, ...]]]] = []
    latest: dict[object, int] = {}
    for sql, values in statements:
        if sql not in _known:
            combined += _statements(groups)
            combined.append((sql, values))
            groups, latest = [], {}
            continue
        index = latest.get(values[-1], -1) + 1
        while index < len(groups) and groups[index][0] != sql:
            index += 1
        if index == len(groups):
            groups.append((sql, []))
        groups[index][1].append(values)
        latest[values[-1]] = index
    return combined + _statements(groups)


def _statements(groups: list[tuple[str, list[tuple[object, ...]]]]) -> list[Statement]:
    maximum = SIZES[-1] if HAS_UPDATE_FROM else 1
    return [
        _one(sql, rows[start : start + maximum])
        for sql, rows in groups
        for start in range(0, len(rows), maximum)
    ]


def _one(sql: str, rows: list[tuple[object, ...]]) -> Statement:
    if len(rows) == 1:
        return sql, rows[0]
    size = next(size for size in SIZES if size >= len(rows))
    rows = rows + rows[-1:] * (size - len(rows))  # setting the same values twice has no effect
    return _of_many(sql, size), tuple(value for row in rows for value in row)


@cache
def _of_many(sql: str, size: int) -> str:
    """Return the statement for this many rows: their parameters follow one another."""
    target = _known[sql]
    changes = [f"{column} = new.{column}" for column in target.columns]
    changes += [f"{column} = NULL" for column in target.cleared]
    row = f"({', '.join('?' * (len(target.columns) + 1))})"
    return (
        f"WITH new ({', '.join(target.columns)}, row) AS (VALUES {', '.join([row] * size)}) "  # noqa: S608
        f"UPDATE item SET {', '.join(changes)} FROM new WHERE item.id = new.row"
    )


@define(eq=False)
class Job:
    """Work for the thread: statements or a function."""

    statements: Sequence[Statement] = ()
    query: Callable[[sqlite3.Connection], object] | None = None
    waiter: asyncio.Future[Answer] | None = None
    """`None` if no task waits for it."""


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
            if job.query is not None:
                _write(cursor, waiting)
                waiting = []
                answer = _run_query(connection, job.query)
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


def _run_query(connection: sqlite3.Connection, query: Callable[[sqlite3.Connection], object]) -> Answer:
    connection.execute("SAVEPOINT before_query")
    try:
        query(connection)
    except BaseException as exc:  # raised again in the task that waits
        if is_fatal(exc) or not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO before_query")
        connection.execute("RELEASE before_query")
        return exc
    connection.execute("RELEASE before_query")
    return None
