"""The files of a directory as the journal has them, each with what the server has under its name."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from coredata_async.bulk.journal.items import COLUMNS, Item, item_of
from coredata_async.bulk.journal.work import RemoteFile
from coredata_async.bulk.run.feeder import remote_namesakes
from coredata_async.bulk.states import State

BATCH: Final = 200
"""Files read at once."""


@frozen
class PlannedFile:
    """A file, and what the server has under its name."""

    item: Item
    message: str
    name: bytes
    """In its directory: `lines` goes on after it."""
    namesakes: Sequence[RemoteFile]


def planned_files(db: sqlite3.Connection, folder: int, after: bytes) -> list[PlannedFile]:
    """The next files of a directory: all that the last scan saw, and those that must be looked for."""
    rows = db.execute(_PLANNED_FILES, (folder, after, State.UNKNOWN, BATCH)).fetchall()
    return [_planned_file(db, row) for row in rows]


def _planned_file(db: sqlite3.Connection, row: tuple[Any, ...]) -> PlannedFile:
    *columns, words, name = row
    item = item_of(tuple(columns))
    return PlannedFile(item, words or "", name, remote_namesakes(db, item))


_PLANNED_FILES: Final = (
    f"SELECT {COLUMNS}, message, item.name FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    "WHERE item.folder = ? AND item.name > ? AND (item.seen = (SELECT run FROM job) OR item.state = ?) "
    "ORDER BY item.name LIMIT ?"
)
