"""Check that no other job is at work in folders that existed before this job."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial

from attrs import define, field

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.settle_wait import SettleWait
from coredata_async.bulk.remote.folder_list import FolderList
from coredata_async.bulk.remote.other_jobs import OtherJobs
from coredata_async.bulk.states import State


@define(eq=False)
class QuietCheck:
    """Compares two listings, `Retry.probe_gap` seconds apart, when the wait for a lost job has ended.

    By then all requests of a dead job have been carried out. If Files or folders of this tree still appear
    between the two listings, a living job is at work, and this run ends before it puts anything into those
    folders.
    """

    wait: SettleWait
    folders: FolderList
    journal: Journal
    others: OtherJobs
    gap: float
    """Seconds between the two listings."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _passed: bool = field(default=False, init=False)
    _checking: int = field(default=0, init=False)
    """Number of folders that were listed once, and not yet again."""
    _all_checked: asyncio.Event = field(factory=asyncio.Event, init=False)

    @property
    def is_needed(self) -> bool:
        """True if the wait had not passed already when this run began."""
        return self.wait.is_open and not self._passed

    async def check(self, folder: int, list_again: Callable[[], Awaitable[None]]) -> None:
        """End the run if a File appears in this folder, or in another one that is checked at the same time.

        Args:
            folder: Row of a folder that was just listed.
            list_again: Lists it again.

        Raises:
            APIError: If a listing failed.
        """
        self._checking += 1
        try:
            before = await self.journal.read(partial(count_others, folder=folder))
            await self.check_folders()
            await list_again()
            now = await self.journal.read(partial(count_others, folder=folder))
            if now > before:
                await self._stop(folder, now - before)
        finally:
            self._checking -= 1
            if not self._checking:
                self._all_checked.set()
        while self._checking:
            self._all_checked.clear()
            await self._all_checked.wait()

    async def check_folders(self) -> None:
        """End the run if folders of this tree appear; once in a run.

        Raises:
            APIError: If a listing failed.
        """
        async with self._lock:
            if not self._passed:
                await self.folders.load_again()
                before = await self.journal.read(_count_folders)
                await self.sleep(self.gap)
                await self.folders.load_again()
                now = await self.journal.read(_count_folders)
                if now > before:
                    message = (
                        f"{now - before} folders of this tree were created within the last {self.gap:g} s"
                    )
                    await self.others.stop(message)
                self._passed = True

    async def _stop(self, folder: int, count: int) -> None:
        path, file = await self.journal.read(partial(_newest_other, folder=folder))
        names = f"{count} Files with names of files in {path_text(path)}"
        await self.others.stop(f"{names} appeared within the last {self.gap:g} s, the latest of them {file}")


def count_others(db: sqlite3.Connection, folder: int) -> int:
    """Count the Files that have the names of files in a folder and are not of this journal."""
    (count,) = db.execute(f"SELECT count(*) {_OTHERS}", (folder,)).fetchone()
    return int(count)


def _newest_other(db: sqlite3.Connection, folder: int) -> tuple[bytes, str]:
    """Return the path of a folder, and the newest of those Files."""
    (path,) = db.execute("SELECT path FROM folder WHERE id = ?", (folder,)).fetchone()
    newest = db.execute(
        f"SELECT remote_file.file {_OTHERS} ORDER BY remote_file.created DESC", (folder,)
    ).fetchone()
    return path, newest[0] if newest else ""


def _count_folders(db: sqlite3.Connection) -> int:
    """Count the folders that have the names of directories, in folders that this journal has not created."""
    (count,) = db.execute(
        "SELECT count(*) FROM folder JOIN folder AS up ON up.id = folder.parent AND NOT up.made "
        "JOIN remote_folder ON remote_folder.parent = up.remote AND remote_folder.title = folder.title WHERE "
        "NOT folder.made"
    ).fetchone()
    return int(count)


_OTHERS = (  # a name whose registration is being looked up proves nothing
    "FROM item JOIN remote_file ON remote_file.folder = item.folder AND remote_file.filename = item.filename "  # noqa: S608
    f"WHERE item.folder = ? AND item.state != {State.UNKNOWN:d} AND item.file IS NOT remote_file.file "
    "AND (item.blob IS NULL OR item.blob IS NOT remote_file.blob) "
    "AND NOT EXISTS (SELECT 1 FROM former WHERE former.file = remote_file.file)"
)
