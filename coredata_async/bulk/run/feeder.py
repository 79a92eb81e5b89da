"""Feeder: claims the pending files of a ready folder in the journal, in batches."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, Final

from attrs import define, field, frozen

from coredata_async.bulk.journal.items import COLUMNS, JOINED, Item, item_of
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.schema import LARGE
from coredata_async.bulk.journal.work import RemoteFile, Work, previous_version
from coredata_async.bulk.remote.folders import Folders, RemoteFolder
from coredata_async.bulk.remote.listing import Remote, find_files_named
from coredata_async.bulk.remote.other_jobs import OtherJobs, QuietCheck, count_others
from coredata_async.bulk.states import State
from coredata_async.errors import OutcomeUnknownError
from coredata_async.message import Request
from coredata_async.resources.files import FILES

BATCH: Final = 200
"""Number of files read from the journal at once."""


@define(eq=False)
class Feeder:
    """Claims the files of folders for the workers, each once in a run: the claim is in the journal."""

    journal: Journal
    folders: Folders
    remote: Remote
    quiet: QuietCheck
    others: OtherJobs
    listed: bool = field(default=False, kw_only=True)
    """True if the Files in the journal are a current listing of all folders, so that none is read."""
    _open: dict[int, RemoteFolder] = field(factory=dict[int, RemoteFolder], init=False)
    _early: set[int] = field(factory=set[int], init=False)
    """Open folders in which a request of an earlier job may still be in flight."""
    _locks: dict[int, asyncio.Lock] = field(factory=dict[int, asyncio.Lock], init=False)

    async def small(self, folder: int) -> AsyncIterator[Work]:
        """Yield the files of one folder, except the large ones.

        Raises:
            APIError: If the folder cannot be found, created or listed.
        """
        remote = await self.open_folder(folder)
        last = b""
        while True:
            batch = await self.journal.read(
                partial(claim_small, run=self.journal.run, folder=folder, after=last)
            )
            last = batch.last
            for item, namesakes in batch.files:
                yield Work(item, remote.id, namesakes, settled=folder not in self._early)
            if len(batch.files) < BATCH:
                return

    async def large_file(self) -> Item | None:
        """Claim the largest unclaimed file of all scanned folders."""
        return await self.journal.read(lambda db: claim_large(db, self.journal.run))

    async def ready(self, item: Item, *, settled: bool = False) -> Work:
        """Return a single file with the facts that a worker needs.

        Args:
            item: The file.
            settled: Wait first until no request of an earlier job can be in flight in its folder.

        Raises:
            APIError: If its folder cannot be found, created or listed.
        """
        remote = await self.open_folder(item.folder, settled=settled)
        namesakes = await self.journal.read(lambda db: remote_namesakes(db, item))
        return Work(item, remote.id, namesakes, settled=item.folder not in self._early)

    async def open_folder(self, folder: int, *, settled: bool = False) -> RemoteFolder:
        """Return a folder that exists, and whose Files are listed."""
        if self._is_open(folder, settled=settled):
            return self._open[folder]
        async with self._locks.setdefault(folder, asyncio.Lock()):
            if not self._is_open(folder, settled=settled):
                remote = await self.folders.ready(folder)
                self._early.discard(folder)
                if not (remote.fresh or self.listed):
                    await self._list_settled(folder, remote, settled=settled)
                if folder not in self._early:  # otherwise Files of a dead job may still appear in it
                    self.others.watch(folder)
                self._open[folder] = remote
        self._locks.pop(folder, None)
        return self._open[folder]

    def _is_open(self, folder: int, *, settled: bool) -> bool:
        return folder in self._open and not (settled and folder in self._early)

    async def _list(self, folder: int, remote: RemoteFolder) -> None:
        if self.remote.is_project(remote.id):
            await self.folders.load()
        async with self.folders.width:
            doubt = await self.remote.load_files(folder, remote.id)
        if doubt is not None and self._is_moved:
            raise OutcomeUnknownError(
                f"it is unknown which Files of folder {remote.id} a former owner of this shard has uploaded, "
                f"because the list of its Files is incomplete: {doubt}; run it again",
                Request("GET", FILES.path),
            )

    @property
    def _is_moved(self) -> bool:
        """True if another process may have uploaded files of this journal: a listing is the only proof."""
        return self.quiet.wait.sent.by == "owner"

    async def _list_settled(self, folder: int, remote: RemoteFolder, *, settled: bool) -> None:
        early = self.quiet.wait.remaining() > 0
        await self._list(folder, remote)
        if not remote.made:
            await self._settle(folder, remote, settled=settled, early=early)

    async def _settle(self, folder: int, remote: RemoteFolder, *, settled: bool, early: bool) -> None:
        """Wait until no request of an earlier job, whose journal is lost, can be in flight in a folder.

        It does not wait if all pending files of the folder seem to exist: workers then compare, and defer the
        others. In the parent itself the wait is short if nothing in it suggests an earlier job. The former
        owner of a shard has lost its lease, so no second listing is needed to detect that it is at work.
        """
        if not self.quiet.is_needed:
            return
        if not settled and await self._is_complete(folder):
            self._early.add(folder)
            return
        wait = self.quiet.wait
        if remote.id == self.remote.parent and not wait.is_certain and not await self._others(folder):
            await wait.over(full=False)
            await self._list(folder, remote)
            if not await self._others(folder):
                return
        if await wait.over() or early:
            await self._list(folder, remote)
        if not self._is_moved and not await self._is_complete(folder):
            await self.quiet.check(folder, partial(self._list, folder, remote))

    async def _others(self, folder: int) -> int:
        return await self.journal.read(partial(count_others, folder=folder))

    async def _is_complete(self, folder: int) -> bool:
        return await self.journal.read(partial(is_complete, folder=folder))


@frozen
class Batch:
    """Some files of a folder, and the name after which the next ones begin."""

    files: list[tuple[Item, tuple[RemoteFile, ...]]]
    """Each file, and what the server had under its name."""
    last: bytes


def claim_small(db: sqlite3.Connection, run: int, folder: int, after: bytes) -> Batch:
    """Claim the next small files of a folder, in the order of their names."""
    rows = db.execute(_SMALL, (folder, after, run, LARGE, BATCH)).fetchall()
    if not rows:
        return Batch([], after)
    last = rows[-1][-1]
    # One statement for all, and no query for an empty listing: each statement releases Python's lock, and
    # must get it back from the busy loop.
    db.execute(_CLAIM, (run, folder, after, last, run, LARGE))
    bare = db.execute("SELECT 1 FROM remote_file WHERE folder = ? LIMIT 1", (folder,)).fetchone() is None
    items = [item_of(row[:-1]) for row in rows]
    return Batch(
        [(item, () if bare and item.file is None else remote_namesakes(db, item)) for item in items],
        last,
    )


def claim_unknown(db: sqlite3.Connection, run: int, parent: str) -> list[Work]:
    """Claim all files for which it is unknown whether they were registered.

    Their number is at most the number of workers and queue slots of an earlier run.
    """
    rows = db.execute(f"{JOINED} WHERE item.state = ?", (State.UNKNOWN,)).fetchall()
    remote = "SELECT coalesce(remote, ?) FROM folder WHERE id = ?"
    items = _claim(db, run, rows)  # otherwise their folder would feed them again once they are STORED
    return [Work(item, db.execute(remote, (parent, item.folder)).fetchone()[0]) for item in items]


def files_beside_unknown(db: sqlite3.Connection, parent: str) -> list[tuple[str, str]]:
    """Return, for each folder with files to look up, its id and that of one File that is DONE."""
    return db.execute(
        "SELECT coalesce(folder.remote, ?), min(item.file) FROM item JOIN folder ON folder.id = item.folder "
        "WHERE item.state = ? AND item.folder IN (SELECT folder FROM item WHERE state = ?) "
        "AND item.file IS NOT NULL GROUP BY item.folder",
        (parent, State.DONE, State.UNKNOWN),
    ).fetchall()


def claim_large(db: sqlite3.Connection, run: int) -> Item | None:
    """Claim the largest file of the scanned directories."""
    items = _claim(db, run, db.execute(_LARGE, (LARGE, run, run)).fetchall())
    return items[0] if items else None


def is_complete(db: sqlite3.Connection, folder: int) -> bool:
    """Return whether a remote folder seems to have all its pending files, by name and size."""
    return db.execute(_MISSING, (folder,)).fetchone() is None


def _claim(db: sqlite3.Connection, run: int, rows: list[tuple[Any, ...]]) -> list[Item]:
    db.executemany("UPDATE item SET claim = ? WHERE id = ?", [(run, row[0]) for row in rows])
    return [item_of(row) for row in rows]


def remote_namesakes(db: sqlite3.Connection, item: Item) -> tuple[RemoteFile, ...]:
    """Return the Files of a file's name, as last listed, and the File of its earlier content."""
    listed = find_files_named(db, item.folder, item.filename)
    if item.file is None or any(file.file == item.file for file in listed):
        return listed
    # The File of its earlier content is one of this job.
    return (previous_version(item), *listed)


_PENDING: Final = f"state IN ({State.PLANNED:d}, {State.STORED:d})"
_SMALL: Final = (
    f"SELECT {COLUMNS}, item.name FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    f"WHERE item.folder = ? AND item.name > ? AND item.{_PENDING} AND claim < ? AND size <= ? "
    "ORDER BY item.name LIMIT ?"
)
_CLAIM: Final = (  # the same rows
    f"UPDATE item SET claim = ? WHERE folder = ? AND name > ? AND name <= ? AND {_PENDING} "  # noqa: S608
    "AND claim < ? AND size <= ?"
)
_LARGE: Final = (
    f"SELECT {COLUMNS} FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    f"WHERE size > ? AND item.{_PENDING} AND claim < ? AND folder.scanned = ? ORDER BY size DESC LIMIT 1"
)
_MISSING: Final = (
    f"SELECT 1 FROM item WHERE folder = ? AND {_PENDING} AND shard IS NULL "  # noqa: S608
    "AND NOT EXISTS (SELECT 1 FROM remote_file WHERE remote_file.folder = item.folder "
    "AND remote_file.filename = item.filename "
    "AND (remote_file.size = item.size OR remote_file.size IS NULL)) LIMIT 1"
)


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
