"""The remote folders that there are for local directories: found as a job finds them, but none is made."""

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
"""Folders read from the journal at once."""


@define(eq=False)
class FolderLookup:
    """Knows the remote folder of every directory it was asked for: ask for those above first."""

    remote: Remote
    journal: Journal
    _folders: dict[int, str | None] = field(factory=dict[int, str | None], init=False)
    _listed: bool = field(default=False, init=False)

    async def rows(self) -> AsyncGenerator[Row, None]:
        """All directories of the journal, each after the one it is in."""
        last = 0
        while rows := await self.journal.read(partial(_rows, after=last)):
            for row in rows:
                yield row
            last = rows[-1].id

    async def find_folder(self, row: Row) -> str | None:
        """The id of its remote folder; `None` if there is none yet."""
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
        found = await self.remote.folders_titled(inside, row.title)
        return found[0] if found else None


def _rows(db: sqlite3.Connection, after: int) -> list[Row]:
    found = db.execute("SELECT id FROM folder WHERE id > ? ORDER BY id LIMIT ?", (after, BATCH)).fetchall()
    return [row_of(db, number) for (number,) in found]
