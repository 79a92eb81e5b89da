"""Validation of a journal that SQLite can read: the tables of this version, and possible rows.

SQLite checks pages, not meanings: a column takes a value of any type, a text any bytes, and a trigger from
another program runs with every statement. Values that no job writes are treated as damage.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import Final

from attrs import frozen

from coredata_async.bulk.journal.errors import DamagedError
from coredata_async.bulk.journal.schema import TABLES
from coredata_async.bulk.states import FolderState, State

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
_COUNT: Final = "BETWEEN 0 AND 1000000000"
_SIZE: Final = f"BETWEEN 0 AND {1 << 50}"
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
    "remote_file": (f"coalesce(size, 0) {_SIZE}", f"coalesce(created, 0) {_MOMENT}"),
    "remote_folder": (f"coalesce(created, 0) {_MOMENT}",),
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
