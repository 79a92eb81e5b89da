"""Folders of the journal and the list of the server's; the lookup of one among the other; its creation."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

from attrs import define, field, frozen

from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.states import FolderState

BATCH: Final = 200
"""Number of folders read from the journal at once."""


@frozen
class Row:
    """Folder of the journal."""

    id: int
    path: bytes
    parent: int | None
    title: str
    state: FolderState
    remote: str | None
    made: bool


@define(eq=False)
class FolderList:
    """List of all folders of the server; tasks that need it at the same time share one listing.

    The service has no filter on folders.
    """

    remote: Remote
    incomplete_reason: str | None = field(default=None, init=False)
    """Reason why a folder may exist that the latest listing did not show."""
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _begun: int = field(default=0, init=False)
    _read: int = field(default=0, init=False)
    """Number of the latest listing that was read completely."""

    async def load(self) -> None:
        """Read the folders, once in a run."""
        await self._load(1)

    async def load_again(self) -> None:
        """Read the folders with a listing that begins after this call."""
        await self._load(self._begun + 1)

    async def _load(self, number: int) -> None:
        async with self._lock:
            if self._read < number:
                self._begun += 1
                self.incomplete_reason = await self.remote.load_folders()
                self._read = self._begun


@define(eq=False)
class FolderLookup:
    """Remote folder of each directory. Parents must be looked up before their subdirectories."""

    listing: FolderList
    journal: Journal
    _folders: dict[int, str | None] = field(factory=dict[int, str | None], init=False)

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

    async def _find(self, row: Row) -> str | None:
        if row.parent is None:
            return self.listing.remote.parent
        if row.state == FolderState.READY and row.remote:
            return row.remote
        inside = self._folders[row.parent]
        if inside is None:
            return None
        await self.listing.load()
        folders = await self.listing.remote.find_folders(inside, row.title)
        return folders[0] if folders else None


def _rows(db: sqlite3.Connection, after: int) -> list[Row]:
    rows = db.execute("SELECT id FROM folder WHERE id > ? ORDER BY id LIMIT ?", (after, BATCH)).fetchall()
    return [row_of(db, number) for (number,) in rows]


def lineage(db: sqlite3.Connection, folder: int) -> list[int]:
    """Return a folder and all above it, from the top, without recursion: trees may be very deep."""
    return [number for (number,) in db.execute(_LINEAGE, (folder,))]


def row_of(db: sqlite3.Connection, folder: int) -> Row:
    """Read a folder of the journal."""
    number, path, parent, title, state, remote, made = db.execute(
        "SELECT id, path, parent, title, state, remote, made FROM folder WHERE id = ?", (folder,)
    ).fetchone()
    return Row(number, path, parent, title, FolderState(state), remote, bool(made))


_LINEAGE: Final = """
WITH RECURSIVE up(id, parent, height) AS (
    SELECT id, parent, 0 FROM folder WHERE id = ?
    UNION ALL SELECT folder.id, folder.parent, height + 1 FROM folder JOIN up ON folder.id = up.parent
) SELECT id FROM up ORDER BY height DESC
"""


class FolderMaker(Protocol):
    """Creates each folder once for all processes that plan parts of one job."""

    async def get(self, parent: str, title: str) -> str | None:
        """Return the id of a folder that a process of this job has created.

        Waits for one that is being created by a living process.
        """
        ...

    async def make(
        self,
        parent: str,
        title: str,
        create: Callable[[], Awaitable[str]],
        find: Callable[[], Awaitable[str | None]],
    ) -> str:
        """Return the id of the folder, and create it unless a process of this job has done so.

        Args:
            parent: Id of the folder above.
            title: Title of the folder.
            create: Creates the folder and returns its id; if the response is lost, it looks for the folder,
                which takes minutes. Whatever it raises, no folder exists by a request of this process.
            find: Lists the folders again, and returns the id of an existing one. For a creation that a dead
                process has begun: its request may be in flight for `Retry.settle` + `Retry.probe_gap`.
        """
        ...


class NameClaims(Protocol):
    """Gives each name in a remote folder to one of the processes that plan parts of one job."""

    async def claim(self, folder: str, names: Sequence[str]) -> Mapping[str, str]:
        """Claim names in a folder. May be repeated.

        Args:
            folder: Id of the folder.
            names: Names of Files, in the form in which they are compared.

        Returns:
            The names that another process has, each with a message for people.
        """
        ...


@frozen
class LocalFolderMaker:
    """Folder maker of a job in one process, which needs each folder once."""

    async def get(self, parent: str, title: str) -> str | None:
        """Return None."""
        del parent, title
        return None  # the result, not the absence of one

    async def make(
        self,
        parent: str,
        title: str,
        create: Callable[[], Awaitable[str]],
        find: Callable[[], Awaitable[str | None]],
    ) -> str:
        """Create the folder."""
        del parent, title, find
        return await create()
