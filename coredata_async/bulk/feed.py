"""From the journal to the lanes: what is to be done in a folder that is ready, in small bites."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final

from attrs import define, field, frozen

from coredata_async.bulk.folders import Folders, Place
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.schema import LARGE
from coredata_async.bulk.remote import Remote, twins
from coredata_async.bulk.rows import COLUMNS, JOINED, Item, item_of
from coredata_async.bulk.states import State
from coredata_async.bulk.work import Twin, Work, earlier
from coredata_async.config import Retry

BITE: Final = 200
"""Files read from the journal at once."""
GIANTS: Final = 1
"""Large files taken up at once, by each of those who look for them."""


@frozen
class Known:
    """A file, and what the server had under its name."""

    item: Item
    twins: tuple[Twin, ...]


@define(eq=False)
class Feeder:
    """Gives the files of folders, each once in a run: the claim is in the journal."""

    journal: Journal
    folders: Folders
    remote: Remote
    policy: Retry
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.time
    _open: dict[int, Place] = field(factory=dict[int, Place], init=False)
    _turns: dict[int, asyncio.Lock] = field(factory=dict[int, asyncio.Lock], init=False)

    async def small(self, folder: int) -> AsyncIterator[Work]:
        """The files of one folder, but for the large ones.

        Raises:
            APIError: The folder cannot be found, made or listed.
        """
        place = await self.opened(folder)
        last = b""
        while True:
            bite = await self.journal.read(partial(take, run=self.journal.run, folder=folder, after=last))
            if not bite.files:
                return
            last = bite.last
            for known in bite.files:
                yield Work(known.item, place.id, known.twins)

    async def giants(self) -> list[Item]:
        """The largest files that nobody has taken up, wherever they are."""
        return await self.journal.read(lambda db: take_large(db, self.journal.run))

    async def ready(self, item: Item) -> Work:
        """A file that was given alone, with what a lane has to know.

        Raises:
            APIError: Its folder cannot be found, made or listed.
        """
        place = await self.opened(item.folder)
        return Work(item, place.id, await self.journal.read(lambda db: known_twins(db, item)))

    async def opened(self, folder: int) -> Place:
        """A folder that is there, and whose Files are known."""
        if (place := self._open.get(folder)) is not None:
            return place
        async with self._turns.setdefault(folder, asyncio.Lock()):
            if folder not in self._open:
                place = await self.folders.ready(folder)
                if not place.fresh:
                    await self._listed(folder, place)
                self._open[folder] = place
        self._turns.pop(folder, None)
        return self._open[folder]

    async def _listed(self, folder: int, place: Place) -> None:
        """Read what is in a folder; twice, if it seems that this very tree was being uploaded just now.

        That is what a lost journal looks like: the process that held it may have sent registrations which
        no listing shows yet.
        """
        if self.remote.is_project(place.id):
            await self.folders.load()
        async with self.folders.width:
            await self.remote.load_files(folder, place.id)
        if self.journal.run > 1:
            return
        # A parent that was made for this job, as by a script, says nothing.
        found = "" if place.id == self.remote.parent else place.id
        newest = await self.journal.read(lambda db: newest_trace(db, folder, found))
        # Servers cut the time to the second.
        wait = newest + 1 + self.policy.settle + self.policy.probe_gap - self.clock()
        if newest and wait > 0:
            await self.sleep(min(wait, self.policy.settle + self.policy.probe_gap))
            async with self.folders.width:
                await self.remote.load_files(folder, place.id)


@frozen
class Bite:
    """Some files of a folder, and where the next ones begin."""

    files: list[Known]
    last: bytes


def take(db: sqlite3.Connection, run: int, folder: int, after: bytes) -> Bite:
    """Claim the next small files of a folder, in the order of their names."""
    rows = db.execute(_SMALL, (folder, after, run, LARGE, BITE)).fetchall()
    if not rows:
        return Bite([], after)
    last = rows[-1][-1]
    # One statement for all, and no question where nothing was listed: each lets go of Python's lock, and has
    # to get it back from the busy loop.
    db.execute(_CLAIM, (run, folder, after, last, run, LARGE))
    bare = db.execute("SELECT 1 FROM remote WHERE folder = ? LIMIT 1", (folder,)).fetchone() is None
    items = [item_of(row[:-1]) for row in rows]
    return Bite(
        [Known(item, () if bare and item.file is None else known_twins(db, item)) for item in items], last
    )


def take_unknown(db: sqlite3.Connection, run: int, parent: str) -> list[Work]:
    """Claim all files of which it is not known whether they were registered.

    They are at most as many as an earlier run had lanes and waiting places.
    """
    rows = db.execute(f"{JOINED} WHERE item.state = ?", (State.UNKNOWN,)).fetchall()
    remote = "SELECT coalesce(remote, ?) FROM folder WHERE id = ?"
    items = _claimed(db, run, rows)  # or their folder would give them to a second lane once they are STORED
    return [Work(item, db.execute(remote, (parent, item.folder)).fetchone()[0]) for item in items]


def take_large(db: sqlite3.Connection, run: int) -> list[Item]:
    """Claim the largest files of the directories that are scanned."""
    return _claimed(db, run, db.execute(_LARGE, (LARGE, run, run, GIANTS)).fetchall())


def newest_trace(db: sqlite3.Connection, folder: int, place: str) -> float:
    """When the remote folder was made, or the newest File in it that has the name and size of one of ours.

    0 if neither is known.
    """
    (newest,) = db.execute(_NEWEST, (folder, place)).fetchone()
    return newest or 0.0


def _claimed(db: sqlite3.Connection, run: int, rows: list[tuple[Any, ...]]) -> list[Item]:
    db.executemany("UPDATE item SET claim = ? WHERE id = ?", [(run, row[0]) for row in rows])
    return [item_of(row) for row in rows]


def known_twins(db: sqlite3.Connection, item: Item) -> tuple[Twin, ...]:
    """The Files that have a file's name, as last read, and the one that we know to be its earlier content."""
    listed = twins(db, item.folder, item.filename)
    if item.file is None or any(each.file == item.file for each in listed):
        return listed
    # Its earlier content is a File of our own.
    return (earlier(item), *listed)


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
    f"WHERE size > ? AND item.{_WANTED} AND claim < ? AND folder.scanned = ? ORDER BY size DESC LIMIT ?"
)
_NEWEST: Final = (
    "SELECT max(created) FROM (SELECT remote.created FROM item JOIN remote ON remote.folder = item.folder "
    "AND remote.filename = item.filename AND remote.size = item.size WHERE item.folder = ? "
    "UNION ALL SELECT created FROM place WHERE id = ?)"
)
