"""Records in PostgreSQL, through a pool of asyncpg that the caller owns."""

# ruff: noqa: S608  # the only name put into a statement is that of the table, which `_NAME` limits

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol

from coredata_async.errors import ConfigurationError
from coredata_async.records.outcomes import RecordStoreError, UnreadableRecordError, VolatileStoreError
from coredata_async.records.record import Revision, UploadRecord, read_revision, try_read

PAGE: Final = 500
TIMEOUT: Final = 20.0
"""Timeout for a statement, in seconds: it may then still be carried out."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,50}")


class Pool(Protocol):
    """The part of `asyncpg.Pool` that is used."""

    def fetch(self, query: str, *args: object) -> Awaitable[Sequence[Mapping[str, object]]]:
        """Run a query and return its rows."""
        ...


class PostgresRecords:
    """Records in one table of PostgreSQL 12 or later: for any number of machines.

    The table is created on first use. Each write is one statement in its own transaction.

    Args:
        pool: An `asyncpg.Pool`. It is not closed.
        table: Name of the table.
        allow_volatile: Accept a server that confirms writes before they are on its disk.
    """

    def __init__(
        self, pool: Pool, *, table: str = "coredata_upload_record", allow_volatile: bool = False
    ) -> None:
        if not _NAME.fullmatch(table):
            raise ConfigurationError(f"{table!r} is not a plain table name")
        self._pool = pool
        self._table = table
        self._allow_volatile = allow_volatile
        self._prepared = False

    async def prepare(self) -> None:
        """Create the table if it does not exist, and check that the server keeps confirmed writes.

        Raises:
            VolatileStoreError: If `fsync` or `synchronous_commit` is off.
            RecordStoreError: If the server cannot be reached, or refuses.
        """
        if self._prepared:
            return
        rows = await self._fetch(
            "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit"
        )
        if "off" in rows[0].values() and not self._allow_volatile:
            raise VolatileStoreError(
                f"PostgreSQL has fsync={rows[0]['fsync']} and synchronous_commit={rows[0]['commit']}: a "
                "crash may lose upload records, and their Files would be created twice. Switch both on for "
                "this role, or pass allow_volatile=True"
            )
        # Two sessions that create the same table concurrently collide, despite IF NOT EXISTS.
        await self._fetch(
            "DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('coredata_upload_record')); "
            f"CREATE TABLE IF NOT EXISTS {self._table} (key text PRIMARY KEY, revision bigint NOT NULL, "
            "done boolean NOT NULL, changed timestamptz NOT NULL DEFAULT now(), data json NOT NULL); "
            f"CREATE INDEX IF NOT EXISTS {self._table}_unfinished ON {self._table} (key) WHERE NOT done; "
            "END $$"
        )
        self._prepared = True

    async def get(self, key: str) -> Revision | None:
        """See `UploadRecords.get`."""
        await self.prepare()
        rows = await self._fetch(
            f"SELECT revision, data::text AS data FROM {self._table} WHERE key = $1", _escape_key(key)
        )
        return read_revision(key, int(str(rows[0]["revision"])), str(rows[0]["data"])) if rows else None

    async def create(self, record: UploadRecord) -> int | None:
        """See `UploadRecords.create`."""
        await self.prepare()
        rows = await self._fetch(
            f"INSERT INTO {self._table} (key, revision, done, data) VALUES ($1, 1, $2, $3::text::json) "
            "ON CONFLICT (key) DO NOTHING RETURNING revision",
            _escape_key(record.key),
            record.is_done,
            _data(record),
        )
        return 1 if rows else None

    async def update(self, record: UploadRecord, revision: int) -> int | None:
        """See `UploadRecords.update`."""
        await self.prepare()
        rows = await self._fetch(
            f"UPDATE {self._table} SET revision = revision + 1, done = $2, data = $3::text::json, "
            "changed = now() WHERE key = $1 AND revision = $4 RETURNING revision",
            _escape_key(record.key),
            record.is_done,
            _data(record),
            revision,
        )
        return revision + 1 if rows else None

    async def delete(self, key: str, revision: int) -> bool:
        """See `UploadRecords.delete`."""
        await self.prepare()
        rows = await self._fetch(
            f"DELETE FROM {self._table} WHERE key = $1 AND revision = $2 RETURNING revision",
            _escape_key(key),
            revision,
        )
        return bool(rows)

    async def list_unfinished(self) -> AsyncGenerator[Revision | UnreadableRecordError]:
        """See `UploadRecords.list_unfinished`."""
        await self.prepare()
        last = ""
        statement = (
            f"SELECT revision, data::text AS data, key FROM {self._table} WHERE NOT done AND key > $1 "
            f"ORDER BY key LIMIT {PAGE}"
        )
        while rows := await self._fetch(statement, last):
            for row in rows:
                yield try_read(_unescape_key(str(row["key"])), int(str(row["revision"])), str(row["data"]))
            last = str(rows[-1]["key"])

    async def purge(self, older_than: timedelta) -> int:
        """Delete confirmed records that have not changed for some time; return their number.

        A message that is redelivered after that creates another File.
        """
        await self.prepare()
        rows = await self._fetch(
            f"DELETE FROM {self._table} WHERE done AND changed < now() - $1::interval RETURNING 1 AS one",
            older_than,
        )
        return len(rows)

    async def _fetch(self, query: str, *args: object) -> Sequence[Mapping[str, object]]:
        # Not awaited itself: when it is cancelled, asyncpg waits for the server for as long as it takes.
        fetching = asyncio.ensure_future(self._pool.fetch(query, *args))
        try:
            await asyncio.wait({fetching}, timeout=TIMEOUT)
            if fetching.done():
                return fetching.result()
            failure = f"no answer within {TIMEOUT:g} s"
        except Exception as exc:  # noqa: BLE001  # asyncpg is not imported, and has several
            failure = f"{type(exc).__name__}: {exc}"
        finally:
            if not fetching.done():
                fetching.add_done_callback(lambda done: done.cancelled() or done.exception())
                fetching.cancel()
        raise RecordStoreError(f"the upload records in PostgreSQL cannot be used: {failure}")


def _escape_key(key: str) -> str:
    """Encode a key as text that PostgreSQL accepts in every encoding, and that sorts by bytes."""
    return key.encode("unicode_escape").decode("ascii")


def _unescape_key(text: str) -> str:
    """Decode a key; return one that this module did not write as it is."""
    try:
        return text.encode("ascii").decode("unicode_escape")
    except ValueError:
        return text


def _data(record: UploadRecord) -> str:
    return json.dumps(record.to_dict())
