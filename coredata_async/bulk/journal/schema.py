"""Tables of the journal, and the check that a file has these tables and possible rows.

A URL or a key is never stored: no column exists for a reservation. SQLite checks pages, not meanings: a
column takes a value of any type, a text any bytes, and a trigger from another program runs with every
statement. Values that no job writes are treated as damage.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import Final, Literal

from attrs import frozen

from coredata_async.bulk.journal.errors import DamagedError
from coredata_async.bulk.scan.entries import MAX_SIZE
from coredata_async.bulk.states import FolderState, State

APPLICATION: Final = 0x43444A31
"""SQLite's `application_id` of a journal: "CDJ1"."""

VERSION: Final = 4

Sender = Literal["lost", "damaged", "other", "owner"]
"""A process outside this journal that may have sent requests for this tree: one whose journal may be lost,
one whose journal was damaged, another job that was found at work, or the former owner of a shard, of whose
journal this one is an older copy."""

LARGE: Final = 8 << 20
"""Size in bytes above which files are fed by size, largest first, so that none remains for the end."""

TABLES: Final = f"""
CREATE TABLE job (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    schema INTEGER NOT NULL,
    tenant TEXT NOT NULL,       -- base URL, account, parent and PATHs: what the job is bound to
    account TEXT NOT NULL,
    parent TEXT NOT NULL,
    roots TEXT NOT NULL,
    created REAL NOT NULL,
    run INTEGER NOT NULL,       -- how often it was opened
    scanned INTEGER NOT NULL DEFAULT 0, -- the last run whose scan was complete
    sent_until REAL,            -- the last moment at which another process can have sent requests
    sent_by TEXT NOT NULL DEFAULT 'lost',   -- Sender; a copy has 'owner' without `sent_until`
    shard TEXT NOT NULL DEFAULT ''      -- the shard of a job for several machines; empty for a whole job
);
CREATE TABLE folder (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,  -- of the local directory
    parent INTEGER,             -- NULL for the remote parent itself
    title TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,   -- FolderState
    remote TEXT,
    made INTEGER NOT NULL DEFAULT 0,    -- the run whose request created it, -1: another process of this job;
                                        -- 0 if other jobs may use it
    scanned INTEGER NOT NULL DEFAULT 0  -- the run whose scan of it is complete
);
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL,
    name BLOB NOT NULL,
    filename TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,     -- nanoseconds, as ctime
    ctime INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason TEXT,
    message TEXT,
    blob TEXT,                  -- of the latest reservation
    md5 TEXT,
    etag INTEGER,               -- whether the storage's ETag confirmed the digest
    since REAL,                 -- when it was reserved, by the server's clock
    sent REAL,                  -- when registering was last sent for, or its bytes were stored
    unconfirmed INTEGER NOT NULL DEFAULT 0,  -- registrations that were sent for and not confirmed
    file TEXT,                  -- id of the File
    claim INTEGER NOT NULL DEFAULT 0,   -- the run that has taken it up
    seen INTEGER NOT NULL,      -- the run whose scan saw it last
    shard INTEGER,              -- the shard that it was given to, which has a journal of its own
    UNIQUE (folder, name)
);
CREATE INDEX large ON item (size) WHERE size > {LARGE};
CREATE TABLE shard (            -- the shards that files were given to
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL DEFAULT 0    -- 1: somewhere outside this journal, too
);
CREATE INDEX item_by_shard ON item (shard) WHERE shard IS NOT NULL;
CREATE TABLE baseline (         -- in a shard: Files of these names that existed when the job was planned
    file TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE former (           -- Files of ours with an earlier content, or of files that are gone
    file TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE orphan (           -- stored or reserved blobs that no File speaks of
    item INTEGER NOT NULL,
    blob TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE remote_file (           -- what a folder held before this job put anything there
    folder INTEGER NOT NULL,
    file TEXT NOT NULL,
    filename TEXT NOT NULL,
    size INTEGER,
    digest TEXT,
    blob TEXT,
    snapshot TEXT,
    created REAL,
    PRIMARY KEY (folder, filename, file)
) WITHOUT ROWID;
CREATE TABLE remote_folder (            -- the remote folders there are, as last listed
    id TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    title TEXT NOT NULL,
    project TEXT,
    created REAL,
    listed INTEGER NOT NULL     -- which listing showed it
) WITHOUT ROWID;
CREATE INDEX remote_folder_by_title ON remote_folder (parent, title);
CREATE TABLE finding (          -- duplicates and warnings, for the report
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (kind, message)
);
"""


_SCHEMA: Final = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_stat%' ESCAPE '!'"
)
_TYPES: Final[Mapping[str, str]] = {
    "INTEGER": "'integer'",
    "REAL": "'real', 'integer'",
    "TEXT": "'text'",
    "BLOB": "'blob'",
}
"""Allowed results of `typeof` by declared type."""
_MOMENT: Final = "BETWEEN -62135596800 AND 253402300799"
"""Range of `datetime` in seconds since the epoch: the years 1 to 9999."""
_CREATED: Final = "BETWEEN -62135596800 AND 253402300800"
"""Range of a time of the server. The last microsecond of the year 9999 is rounded up."""
_COUNT: Final = "BETWEEN 0 AND 1000000000"
_SIZE: Final = f"BETWEEN 0 AND {MAX_SIZE}"
"""Range of the bytes of one file. The sum of all must not overflow."""
_RUN: Final = "BETWEEN 0 AND (SELECT run FROM job)"
_HAS_FILE: Final = f"({State.CONFIRMED:d}, {State.DONE:d})"
_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "job": ("one = 1", f"run {_COUNT}", "scanned BETWEEN 0 AND run", f"coalesce(sent_until, 0) {_MOMENT}"),
    "folder": (
        f"scanned {_RUN}",
        f"state BETWEEN {min(FolderState):d} AND {max(FolderState):d}",
        f"state != {FolderState.READY:d} OR remote IS NOT NULL",
        "parent IS NULL OR parent < id AND EXISTS (SELECT 1 FROM folder AS f WHERE f.id = folder.parent)",
    ),
    "item": (
        f"state BETWEEN {min(State):d} AND {max(State):d}",
        f"state NOT IN {_HAS_FILE} OR file IS NOT NULL",
        f"size {_SIZE}",
        f"unconfirmed {_COUNT}",
        f"claim {_RUN}",
        f"seen {_RUN}",
        "name != x''",
        "coalesce(etag, 0) IN (0, 1)",
        f"coalesce(since, 0) {_MOMENT}",
        f"coalesce(sent, 0) {_MOMENT}",
        "EXISTS (SELECT 1 FROM folder WHERE folder.id = item.folder)",
        "shard IS NULL OR EXISTS (SELECT 1 FROM shard WHERE shard.number = item.shard)",
    ),
    "shard": ("published IN (0, 1)",),
    "orphan": (f"at {_MOMENT}",),
    "remote_file": (f"coalesce(size, 0) {_SIZE}", f"coalesce(created, 0) {_CREATED}"),
    "remote_folder": (f"coalesce(created, 0) {_CREATED}",),
}
"""Conditions for every row, by table."""


@frozen
class _Table:
    """A table and the check of its rows."""

    name: str
    condition: str
    """SQL condition that every row of a job meets."""
    texts: str
    """SQL expression that joins all texts of a row."""


def check_schema(connection: sqlite3.Connection) -> None:
    """Compare the tables with those of this version.

    Raises:
        DamagedError: If a table is missing, changed or unexpected.
    """
    actual, expected = frozenset(connection.execute(_SCHEMA)), _read_expected_schema()
    if actual != expected:
        kind, name, *_ = min(actual ^ expected, key=str)
        raise DamagedError(f"its {kind} {name} differs from this version's")


def check_programs(connection: sqlite3.Connection) -> None:
    """Refuse views and triggers, which no version creates, before any table is read.

    Raises:
        DamagedError: If one exists.
    """
    program = connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')"
    ).fetchone()
    if program is not None:
        raise DamagedError(f"its {program[0]} {program[1]} is from another program")


def check_rows(connection: sqlite3.Connection) -> None:
    """Check types, ranges and references of all rows, and the encoding of all texts.

    Tables are read without their indexes: `integrity_check` has compared tables and indexes already.

    Raises:
        DamagedError: If no job can have written a row.
        sqlite3.Error: If a text is not UTF-8.
    """
    for table in _tables():
        wrong = f"SELECT count(*) FROM {table.name} NOT INDEXED WHERE NOT ({table.condition})"  # noqa: S608
        [(count,)] = connection.execute(wrong)
        if count:
            raise DamagedError(
                f"{count} of the rows of its table {table.name} hold values that no job writes"
            )
        if table.texts:
            for _ in connection.execute(f"SELECT {table.texts} FROM {table.name} NOT INDEXED"):  # noqa: S608
                pass  # fetching a text decodes it


@cache
def _read_expected_schema() -> frozenset[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(TABLES)
        return frozenset(empty.execute(_SCHEMA))


@cache
def _tables() -> tuple[_Table, ...]:
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(TABLES)
        names = [name for (name,) in empty.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return tuple(_table(empty, name) for name in names)


def _table(empty: sqlite3.Connection, name: str) -> _Table:
    columns = [(row[1], row[2], bool(row[3])) for row in empty.execute(f"PRAGMA table_info({name})")]
    conditions = [*_types(columns), *(f"({rule})" for rule in _RULES.get(name, ()))]
    texts = [f"coalesce({column}, '')" for column, kind, _ in columns if kind == "TEXT"]
    return _Table(name, " AND ".join(conditions), " || ',' || ".join(texts))


def _types(columns: list[tuple[str, str, bool]]) -> Iterator[str]:
    for column, kind, given in columns:
        allowed = _TYPES[kind] if given else f"{_TYPES[kind]}, 'null'"
        yield f"typeof({column}) IN ({allowed})"
