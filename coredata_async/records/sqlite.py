"""Records in a SQLite file: for the processes of one machine, without a server."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import Final, Self, TypeVar

from coredata_async.records.outcomes import RecordStoreError, UnreadableRecordError
from coredata_async.records.record import Revision, UploadRecord, read_revision, try_read
from coredata_async.storage.private import create_private

R = TypeVar("R")

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS upload_record (
    key TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    done INTEGER NOT NULL,
    changed TEXT NOT NULL DEFAULT (datetime('now')),
    data TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS upload_record_unfinished ON upload_record (key) WHERE NOT done;
"""
_SELECT: Final = "SELECT revision, CAST(data AS BLOB), CAST(key AS BLOB) FROM upload_record"
"""As blobs, because one damaged text that is not UTF-8 would hide all other records."""
BUSY_TIMEOUT: Final = 20.0
"""Timeout for another process that writes, in seconds."""
PAGE: Final = 500
"""Number of records that `list_unfinished` reads at a time."""
BATCH: Final = 256
"""Maximum number of writes in one transaction."""


class SqliteRecords:
    """Records in a SQLite file on a local disk.

    Every write is synced to the disk before it counts as done; concurrent writes share one transaction. Not
    for network file systems, because their locks are unreliable. Each process opens its own, after a fork.

    Args:
        path: The file. It is created, readable by its owner only, if it does not exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="coredata-records")
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[tuple[Callable[[sqlite3.Connection], object], asyncio.Future[object]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._process: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, connection.close)
        self._thread.shutdown(wait=False)

    async def get(self, key: str) -> Revision | None:
        """See `UploadRecords.get`."""
        rows = await self._read(f"{_SELECT} WHERE key = ?", (key,))
        return read_revision(key, rows[0][0], rows[0][1]) if rows else None

    async def create(self, record: UploadRecord) -> int | None:
        """See `UploadRecords.create`."""
        statement = (
            "INSERT INTO upload_record (key, revision, done, data) VALUES (?, 1, ?, ?) "
            "ON CONFLICT (key) DO NOTHING"
        )
        created = await self._write(statement, (record.key, record.is_done, _data(record)))
        return 1 if created else None

    async def update(self, record: UploadRecord, revision: int) -> int | None:
        """See `UploadRecords.update`."""
        statement = (
            "UPDATE upload_record SET revision = revision + 1, done = ?, data = ?, changed = datetime('now') "
            "WHERE key = ? AND revision = ?"
        )
        updated = await self._write(statement, (record.is_done, _data(record), record.key, revision))
        return revision + 1 if updated else None

    async def delete(self, key: str, revision: int) -> bool:
        """See `UploadRecords.delete`."""
        return await self._write("DELETE FROM upload_record WHERE key = ? AND revision = ?", (key, revision))

    async def list_unfinished(self) -> AsyncGenerator[Revision | UnreadableRecordError]:
        """See `UploadRecords.list_unfinished`."""
        last = b""
        statement = f"{_SELECT} WHERE NOT done AND key > CAST(? AS TEXT) ORDER BY key LIMIT ?"
        while rows := await self._read(statement, (last, PAGE)):
            for number, data, key in rows:
                yield try_read(key.decode("utf-8", "backslashreplace"), number, data)
            last = rows[-1][2]

    async def purge(self, older_than: timedelta) -> int:
        """Delete confirmed records that have not changed for some time; return their number.

        A message that is redelivered after that creates another File.
        """
        statement = "DELETE FROM upload_record WHERE done AND changed < datetime('now', ?) RETURNING 1"
        age = f"-{older_than.total_seconds()} seconds"
        return len(await self._submit(lambda db: db.execute(statement, (age,)).fetchall()))

    async def _read(self, statement: str, values: Sequence[object]) -> list[tuple[int, bytes, bytes]]:
        return await self._submit(lambda db: db.execute(statement, values).fetchall())

    async def _write(self, statement: str, values: Sequence[object]) -> bool:
        return await self._submit(lambda db: db.execute(statement, values).rowcount == 1)

    async def _submit(self, statement: Callable[[sqlite3.Connection], R]) -> R:
        """Execute a statement in the next transaction. A cancelled one may still be executed."""
        self._process = self._process or os.getpid()
        if self._process != os.getpid():  # neither the thread nor the connection may be used after a fork
            raise RecordStoreError(
                f"{self._path}: these upload records were opened by process {self._process}, from which this "
                "one was forked; open SqliteRecords in each process"
            )
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((statement, future))  # type: ignore[arg-type]
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._run(), name="coredata-records")
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            work = [statement for statement, _ in batch]
            try:
                results = await loop.run_in_executor(self._thread, self._transact, work)
            except Exception as exc:  # noqa: BLE001  # otherwise the callers would never return
                results = [RecordStoreError(f"{self._path}: the upload records cannot be used: {exc}")] * len(
                    batch
                )
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    def _transact(self, statements: Sequence[Callable[[sqlite3.Connection], object]]) -> list[object]:
        """Execute statements in one transaction, in the thread that owns the connection."""
        db = self._open()
        with db:
            db.execute("BEGIN IMMEDIATE")
            return [statement(db) for statement in statements]

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            create_private(self._path)
            db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level=None)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.executescript(SCHEMA)
            except BaseException:
                db.close()
                raise
            self._connection = db
        return self._connection


def _data(record: UploadRecord) -> str:
    return json.dumps(record.to_dict(), ensure_ascii=True, separators=(",", ":"))
