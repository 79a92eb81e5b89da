"""From the journal to the workers: what is to be done in a folder that is ready, in small bites."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from attrs import define, field, frozen

from coredata_async.bulk.journal.items import COLUMNS, JOINED, Item, item_of
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.schema import LARGE
from coredata_async.bulk.journal.work import RemoteFile, Work, previous_version
from coredata_async.bulk.remote.folders import Folders, RemoteFolder
from coredata_async.bulk.remote.listing import Remote, files_named
from coredata_async.bulk.remote.other_jobs import OtherJobs
from coredata_async.bulk.remote.quiet_check import QuietCheck, count_others
from coredata_async.bulk.states import State

BATCH: Final = 200
"""Files read from the journal at once."""


@frozen
class ClaimedFile:
    """A file, and what the server had under its name."""

    item: Item
    namesakes: tuple[RemoteFile, ...]


@define(eq=False)
class Feeder:
    """Gives the files of folders, each once in a run: the claim is in the journal."""

    journal: Journal
    folders: Folders
    remote: Remote
    quiet: QuietCheck
    others: OtherJobs
    _open: dict[int, RemoteFolder] = field(factory=dict[int, RemoteFolder], init=False)
    _early: set[int] = field(factory=set[int], init=False)
    """Of these, the folders in which something of an earlier job may still be in flight."""
    _locks: dict[int, asyncio.Lock] = field(factory=dict[int, asyncio.Lock], init=False)

    async def small(self, folder: int) -> AsyncIterator[Work]:
        """The files of one folder, but for the large ones.

        Raises:
            APIError: The folder cannot be found, made or listed.
        """
        place = await self.open_folder(folder)
        last = b""
        while True:
            bite = await self.journal.read(
                partial(claim_small, run=self.journal.run, folder=folder, after=last)
            )
            last = bite.last
            for known in bite.files:
                yield Work(known.item, place.id, known.namesakes, settled=folder not in self._early)
            if len(bite.files) < BATCH:
                return

    async def large_file(self) -> Item | None:
        """Claim the largest file that is not claimed, in any folder that is scanned."""
        return await self.journal.read(lambda db: claim_large(db, self.journal.run))

    async def ready(self, item: Item, *, settled: bool = False) -> Work:
        """Give a file that was read alone, with what a worker has to know.

        Args:
            item: The file.
            settled: Whether to wait first until nothing of an earlier job can be in flight in its folder.

        Raises:
            APIError: Its folder cannot be found, made or listed.
        """
        place = await self.open_folder(item.folder, settled=settled)
        namesakes = await self.journal.read(lambda db: remote_namesakes(db, item))
        return Work(item, place.id, namesakes, settled=item.folder not in self._early)

    async def open_folder(self, folder: int, *, settled: bool = False) -> RemoteFolder:
        """Give a folder that is there, and whose Files are known."""
        if self._is_open(folder, settled=settled):
            return self._open[folder]
        async with self._locks.setdefault(folder, asyncio.Lock()):
            if not self._is_open(folder, settled=settled):
                place = await self.folders.ready(folder)
                self._early.discard(folder)
                if not place.fresh:
                    await self._list(folder, place)
                if not (place.fresh or place.made):
                    await self._settle(folder, place, settled=settled)
                if folder not in self._early:  # what a dead job has sent may still appear there
                    self.others.watch(folder)
                self._open[folder] = place
        self._locks.pop(folder, None)
        return self._open[folder]

    def _is_open(self, folder: int, *, settled: bool) -> bool:
        return folder in self._open and not (settled and folder in self._early)

    async def _list(self, folder: int, place: RemoteFolder) -> None:
        if self.remote.is_project(place.id):
            await self.folders.load()
        async with self.folders.width:
            await self.remote.load_files(folder, place.id)

    async def _settle(self, folder: int, place: RemoteFolder, *, settled: bool) -> None:
        """Wait until nothing of an earlier job, whose journal is lost, can be in flight in a folder.

        Not if all that is wanted there seems to be there: lanes then compare, and put off what is not. In the
        parent itself not for long, if nothing there suggests that there was an earlier job.
        """
        if not self.quiet.is_needed:
            return
        if not settled and await self._is_complete(folder):
            self._early.add(folder)
            return
        wait = self.quiet.wait
        if place.id == self.remote.parent and not wait.is_certain and not await self._others(folder):
            await wait.over(full=False)
            await self._list(folder, place)
            if not await self._others(folder):
                return
        if await wait.over():
            await self._list(folder, place)
        if not await self._is_complete(folder):
            await self.quiet.check(folder, partial(self._list, folder, place))

    async def _others(self, folder: int) -> int:
        return await self.journal.read(partial(count_others, folder=folder))

    async def _is_complete(self, folder: int) -> bool:
        return await self.journal.read(partial(is_complete, folder=folder))


@frozen
class Batch:
    """Some files of a folder, and where the next ones begin."""

    files: list[ClaimedFile]
    last: bytes


def claim_small(db: sqlite3.Connection, run: int, folder: int, after: bytes) -> Batch:
    """Claim the next small files of a folder, in the order of their names."""
    rows = db.execute(_SMALL, (folder, after, run, LARGE, BATCH)).fetchall()
    if not rows:
        return Batch([], after)
    last = rows[-1][-1]
    # One statement for all, and no question where nothing was listed: each lets go of Python's lock, and has
    # to get it back from the busy loop.
    db.execute(_CLAIM, (run, folder, after, last, run, LARGE))
    bare = db.execute("SELECT 1 FROM remote_file WHERE folder = ? LIMIT 1", (folder,)).fetchone() is None
    items = [item_of(row[:-1]) for row in rows]
    return Batch(
        [
            ClaimedFile(item, () if bare and item.file is None else remote_namesakes(db, item))
            for item in items
        ],
        last,
    )


def claim_unknown(db: sqlite3.Connection, run: int, parent: str) -> list[Work]:
    """Claim all files of which it is not known whether they were registered.

    They are at most as many as an earlier run had workers and waiting places.
    """
    rows = db.execute(f"{JOINED} WHERE item.state = ?", (State.UNKNOWN,)).fetchall()
    remote = "SELECT coalesce(remote, ?) FROM folder WHERE id = ?"
    items = _claim(db, run, rows)  # or their folder would give them to a second worker once they are STORED
    return [Work(item, db.execute(remote, (parent, item.folder)).fetchone()[0]) for item in items]


def files_beside_unknown(db: sqlite3.Connection, parent: str) -> list[tuple[str, str]]:
    """Give the place and id of one File that is DONE for each folder with files that are looked for."""
    return db.execute(
        "SELECT coalesce(folder.remote, ?), min(item.file) FROM item JOIN folder ON folder.id = item.folder "
        "WHERE item.state = ? AND item.folder IN (SELECT folder FROM item WHERE state = ?) "
        "AND item.file IS NOT NULL GROUP BY item.folder",
        (parent, State.DONE, State.UNKNOWN),
    ).fetchall()


def claim_large(db: sqlite3.Connection, run: int) -> Item | None:
    """Claim the largest file of the directories that are scanned."""
    items = _claim(db, run, db.execute(_LARGE, (LARGE, run, run)).fetchall())
    return items[0] if items else None


def is_complete(db: sqlite3.Connection, folder: int) -> bool:
    """Say whether a remote folder seems to hold all that is still to be uploaded there: by name and size."""
    return db.execute(_MISSING, (folder,)).fetchone() is None


def _claim(db: sqlite3.Connection, run: int, rows: list[tuple[Any, ...]]) -> list[Item]:
    db.executemany("UPDATE item SET claim = ? WHERE id = ?", [(run, row[0]) for row in rows])
    return [item_of(row) for row in rows]


def remote_namesakes(db: sqlite3.Connection, item: Item) -> tuple[RemoteFile, ...]:
    """The Files that have a file's name, as last read, and the one that we know to be its earlier content."""
    listed = files_named(db, item.folder, item.filename)
    if item.file is None or any(each.file == item.file for each in listed):
        return listed
    # Its earlier content is a File of our own.
    return (previous_version(item), *listed)


_WANTED: Final = f"state IN ({State.PLANNED:d}, {State.STORED:d})"
_SMALL: Final = (
    f"SELECT {COLUMNS}, item.name FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    f"WHERE item.folder = ? AND item.name > ? AND item.{_WANTED} AND claim < ? AND size <= ? "
    "ORDER BY item.name LIMIT ?"
)
_CLAIM: Final = (  # the same rows
    f"UPDATE item SET claim = ? WHERE folder = ? AND name > ? AND name <= ? AND {_WANTED} "  # noqa: S608
    "AND claim < ? AND size <= ?"
)
_LARGE: Final = (
    f"SELECT {COLUMNS} FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    f"WHERE size > ? AND item.{_WANTED} AND claim < ? AND folder.scanned = ? ORDER BY size DESC LIMIT 1"
)
_MISSING: Final = (
    f"SELECT 1 FROM item WHERE folder = ? AND {_WANTED} AND NOT EXISTS (SELECT 1 FROM remote_file "  # noqa: S608
    "WHERE remote_file.folder = item.folder AND remote_file.filename = item.filename "
    "AND (remote_file.size = item.size OR remote_file.size IS NULL)) LIMIT 1"
)
