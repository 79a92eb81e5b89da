"""Files of a directory in the journal, each with the Files of its name on the server."""

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
"""Number of files read at once."""


@frozen
class PlannedFile:
    """A file, with the Files of its name on the server."""

    item: Item
    message: str
    name: bytes
    """Name in its directory: the next batch begins after it."""
    namesakes: Sequence[RemoteFile]


def read_planned_files(db: sqlite3.Connection, folder: int, after: bytes) -> list[PlannedFile]:
    """Return the next files of a directory: all of the last scan, and those that must be looked up."""
    rows = db.execute(_PLANNED_FILES, (folder, after, State.UNKNOWN, BATCH)).fetchall()
    return [_read_planned_file(db, row) for row in rows]


def _read_planned_file(db: sqlite3.Connection, row: tuple[Any, ...]) -> PlannedFile:
    *columns, message, name = row
    item = item_of(tuple(columns))
    return PlannedFile(item, message or "", name, remote_namesakes(db, item))


_PLANNED_FILES: Final = (
    f"SELECT {COLUMNS}, message, item.name FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    "WHERE item.folder = ? AND item.name > ? AND (item.seen = (SELECT run FROM job) OR item.state = ?) "
    "ORDER BY item.name LIMIT ?"
)
