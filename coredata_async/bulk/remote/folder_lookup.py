"""Lookup of the remote folders of local directories, without creating any."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

from attrs import define, field

from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.remote.folders import Row, row_of
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.states import FolderState

BATCH: Final = 200
"""Number of folders read from the journal at once."""


@define(eq=False)
class FolderLookup:
    """Remote folder of each directory. Parents must be looked up before their subdirectories."""

    remote: Remote
    journal: Journal
    _folders: dict[int, str | None] = field(factory=dict[int, str | None], init=False)
    _listed: bool = field(default=False, init=False)

    async def rows(self) -> AsyncGenerator[Row, None]:
        """Yield all directories of the journal, parents first."""
        last = 0
        while rows := await self.journal.read(partial(_rows, after=last)):
            for row in rows:
                yield row
            last = rows[-1].id

    async def find_folder(self, row: Row) -> str | None:
        """Return the id of the remote folder; `None` if it does not exist."""
        if row.id not in self._folders:
            self._folders[row.id] = await self._find(row)
        return self._folders[row.id]

    async def load(self) -> None:
        """Read the server's folders, once."""
        if not self._listed:
            await self.remote.load_folders()
            self._listed = True

    async def _find(self, row: Row) -> str | None:
        if row.parent is None:
            return self.remote.parent
        if row.state == FolderState.READY and row.remote:
            return row.remote
        inside = self._folders[row.parent]
        if inside is None:
            return None
        await self.load()
        folders = await self.remote.find_folders(inside, row.title)
        return folders[0] if folders else None


def _rows(db: sqlite3.Connection, after: int) -> list[Row]:
    rows = db.execute("SELECT id FROM folder WHERE id > ? ORDER BY id LIMIT ?", (after, BATCH)).fetchall()
    return [row_of(db, number) for (number,) in rows]
