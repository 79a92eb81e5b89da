"""The files of a directory as the journal has them, each with what the server has under its name."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from coredata_async.bulk.feed import known_twins
from coredata_async.bulk.rows import COLUMNS, Item, item_of
from coredata_async.bulk.states import State
from coredata_async.bulk.work import Twin

BITE: Final = 200
"""Files read at once."""


@frozen
class Line:
    """A file, and what the server has under its name."""

    item: Item
    words: str
    name: bytes
    """In its directory: `lines` goes on after it."""
    twins: Sequence[Twin]


def lines(db: sqlite3.Connection, folder: int, after: bytes) -> list[Line]:
    """The next files of a directory: all that the last scan saw, and those that must be looked for."""
    rows = db.execute(_LINES, (folder, after, State.UNKNOWN, BITE)).fetchall()
    return [_line(db, row) for row in rows]


def _line(db: sqlite3.Connection, row: tuple[Any, ...]) -> Line:
    *columns, words, name = row
    item = item_of(tuple(columns))
    return Line(item, words or "", name, known_twins(db, item))


_LINES: Final = (
    f"SELECT {COLUMNS}, words, item.name FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    "WHERE item.folder = ? AND item.name > ? AND (item.seen = (SELECT run FROM job) OR item.state = ?) "
    "ORDER BY item.name LIMIT ?"
)
