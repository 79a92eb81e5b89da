"""Checks of a journal that SQLite finds whole: its tables are ours, and every row can be a row of ours.

SQLite checks pages, not meanings: a column takes a value of any type, a text any bytes, and a trigger that a
stranger planted runs with every statement of ours. What no job writes is taken for damage.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import Final

from attrs import frozen

from coredata_async.bulk.journal.corruption import DamagedError
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
"""By declared type, what `typeof` may say."""
_MOMENT: Final = "BETWEEN -62135596800 AND 253402300799"
"""Seconds since the epoch that `datetime` has: the years 1 to 9999."""
_COUNT: Final = "BETWEEN 0 AND 1000000000"
_SIZE: Final = f"BETWEEN 0 AND {1 << 50}"
"""Bytes of one file. The sum of all must not overflow."""
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
    ),
    "orphan": (f"at {_MOMENT}",),
    "remote_file": (f"coalesce(size, 0) {_SIZE}", f"coalesce(created, 0) {_MOMENT}"),
    "remote_folder": (f"coalesce(created, 0) {_MOMENT}",),
}
"""Per table, what is true of every row."""


@frozen
class _Table:
    """A table, and how its rows are checked."""

    name: str
    condition: str
    """True of a row that a job could have written."""
    texts: str
    """All texts of a row as one."""


def check_schema(connection: sqlite3.Connection) -> None:
    """Compare the tables with those that this version makes.

    Raises:
        DamagedError: If one is missing, changed or too many.
    """
    found, ours = frozenset(connection.execute(_SCHEMA)), _expected_schema()
    if found != ours:
        kind, name, *_ = min(found ^ ours, key=str)
        raise DamagedError(f"its {kind} {name} is not as this version makes it")


def check_programs(connection: sqlite3.Connection) -> None:
    """Refuse views and triggers, which no version makes, before any table is read.

    Raises:
        DamagedError: If there is one.
    """
    found = connection.execute(
        "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')"
    ).fetchone()
    if found is not None:
        raise DamagedError(f"its {found[0]} {found[1]} is not ours")


def check_rows(connection: sqlite3.Connection) -> None:
    """Check types, ranges and references of all rows, and the encoding of all texts.

    It reads the tables, and no index in place of one: `integrity_check` has compared these with each other.

    Raises:
        DamagedError: If a row cannot be what a job wrote.
        sqlite3.Error: If a text is not UTF-8.
    """
    for table in _tables():
        wrong = f"SELECT count(*) FROM {table.name} NOT INDEXED WHERE NOT ({table.condition})"  # noqa: S608
        [(count,)] = connection.execute(wrong)
        if count:
            raise DamagedError(f"{count} of the rows of its table {table.name} hold what no job writes")
        if table.texts:
            for _ in connection.execute(f"SELECT {table.texts} FROM {table.name} NOT INDEXED"):  # noqa: S608
                pass  # to fetch a text is to decode it


@cache
def _expected_schema() -> frozenset[tuple[str, ...]]:
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
