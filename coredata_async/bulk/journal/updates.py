"""Updates of many files' rows in one statement.

Each statement releases Python's global lock several times and must get it back from the busy event loop.
One row then costs 130 us of CPU in both threads, and 26 if sixteen rows share a statement (8 and 10 beside an
idle loop). For a job of one process this saves 8 % of all CPU, and gives 9 % more files per second.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, TypeAlias

from attrs import frozen

Statement: TypeAlias = tuple[str, tuple[object, ...]]
"""SQL and its parameters."""

SIZES: Final = (2, 4, 8, 16, 32, 64)
"""Numbers of rows in one statement. Only a few sizes are used, so that all statements stay prepared."""
HAS_UPDATE_FROM: Final = sqlite3.sqlite_version_info >= (3, 33)
"""True if this SQLite supports UPDATE … FROM."""


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
