"""Detection of another job for the same files, on another machine: the service has no locks.

A File belongs to another process if it has the name of a local file in the same folder, appeared during this
run, and does not reference a blob of this job. Such Files are looked for in listings that are read anyway, so
that detection costs no request. Before a run uses folders that existed before, `QuietCheck` compares two
listings.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol, cast

from attrs import define, field, frozen

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.batching import Statement
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.settle_wait import SettleWait, suspect
from coredata_async.bulk.remote.folder_list import FolderList, FolderMaker, LocalFolderMaker
from coredata_async.bulk.states import Ended, State
from coredata_async.transfer.comparison import is_same_blob

MAX_NAMED: Final = 3
"""Maximum number of Files named in a message; the report lists all."""
ADVICE: Final = (
    "Make sure that only one job uploads these files, then run it again: it waits until no request of the "
    "other one can be in flight, and continues. `coredata check` lists duplicates."
)


class ListedRemoteFile(Protocol):
    """File as a listing shows it."""

    @property
    def id(self) -> str:
        """Id of the File."""
        ...

    @property
    def filename(self) -> str:
        """Name of the File."""
        ...

    @property
    def blob_name(self) -> str | None:
        """Blob of the File, if the server reports it."""
        ...


@frozen
class ForeignFile:
    """File with the name of a file of this job, created by another process."""

    path: bytes
    """Path of the local file."""
    file: str
    ours: str | None
    """Id of the File that this job created for it, if it has."""

    @property
    def message(self) -> str:
        """Description for people."""
        path = path_text(self.path)
        return f"{path}: File {self.file} was created by another process" + (
            f", and File {self.ours} by this job" if self.ours else ""
        )


@define(eq=False)
class OtherJobs:
    """Watcher that ends this run if another job for the same files appears."""

    journal: Journal
    abort: Callable[[Ended, str], None]
    wall: Callable[[], float] = time.time
    _known: set[int] = field(factory=set[int], init=False)
    """Folders whose content before this run is known."""

    def watch(self, folder: int) -> None:
        """Watch a folder that was listed or created, and into which this run has uploaded nothing yet."""
        self._known.add(folder)

    async def check(self, folder: int, files: Sequence[ListedRemoteFile]) -> None:
        """Look for Files of another job in a part of a listing, and end the run if there are any."""
        if folder not in self._known or not files:
            return
        found = await self.journal.read(partial(foreign_files, folder=folder, files=files))
        if found:
            duplicates = [items.add_finding("duplicate", file.message) for file in found if file.ours]
            named = "; ".join(file.message for file in found[:MAX_NAMED])
            more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
            await self.stop(f"{named}{more}", *duplicates)

    async def stop(self, message: str, *statements: Statement) -> None:
        """End the run. The facts that the next run needs are on disk before; this does not return."""
        await self.journal.write(*statements)
        await self.journal.read(lambda db: suspect(db, self.wall(), "other"))
        self.abort("conflict", f"another job is uploading the same files: {message}. {ADVICE}")
        await asyncio.get_running_loop().create_future()  # until the run, which is being cancelled, has ended


def foreign_files(
    db: sqlite3.Connection, *, folder: int, files: Sequence[ListedRemoteFile]
) -> list[ForeignFile]:
    """Return the Files that have the name of a local file, are not of this job, and are new."""
    (path,) = db.execute("SELECT path FROM folder WHERE id = ?", (folder,)).fetchone()
    # The names of single PATHs are whole paths; the names of files in directories have an index.
    by_name = _BY_FILENAME if not path else _BY_NAME
    return [foreign for file in files if (foreign := _foreign_file(db, folder, file, by_name)) is not None]


def _foreign_file(
    db: sqlite3.Connection, folder: int, file: ListedRemoteFile, by_name: str
) -> ForeignFile | None:
    nfc, nfd = (unicodedata.normalize(form, file.filename) for form in ("NFC", "NFD"))
    values: dict[str, Any] = {
        "folder": folder,
        "file": file.id,
        "filename": file.filename,
        "composed": nfc,
        "nfc": nfc.encode("utf-8", "replace"),
        "nfd": nfd.encode("utf-8", "replace"),
    }
    row: tuple[Any, ...] | None = db.execute(by_name, values).fetchone()
    if row is None:
        return None
    item, path, name, own, blob, state, rounds = row
    if own == file.id or db.execute(_KNOWN, values).fetchone() is not None:
        return None
    orphans = db.execute("SELECT blob FROM orphan WHERE item = ?", (item,)).fetchall()
    blobs = {name for (name,) in [*orphans, (blob,)] if name is not None}
    registered = state in _HAS_FILE
    # Compared by blob if both sides know it. Otherwise it may be one in flight, or one with a lost response.
    doubtful = bool(rounds or state in _IN_FLIGHT or (blobs and not registered))
    shown = file.blob_name or ""
    ours = any(is_same_blob(shown, name) for name in blobs) or (doubtful and None in {file.blob_name, blob})
    path = os.path.join(cast("bytes", path), cast("bytes", name))  # noqa: PTH118
    return None if ours else ForeignFile(path, file.id, own if registered else None)


_IN_FLIGHT: Final = (State.REGISTERING, State.UNKNOWN, State.UNRESOLVED)
_HAS_FILE: Final = (State.CONFIRMED, State.DONE, State.SKIPPED)
_COLUMNS: Final = "item.id, folder.path, item.name, file, blob, item.state, unconfirmed"
_BY_FILENAME: Final = (
    f"SELECT {_COLUMNS} FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    "WHERE item.folder = :folder AND filename IN (:filename, :composed) LIMIT 1"
)
_BY_NAME: Final = (
    f"SELECT {_COLUMNS} FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
    "WHERE item.folder = :folder AND item.name IN (:nfc, :nfd) AND filename IN (:filename, :composed) LIMIT 1"
)
_KNOWN: Final = (
    "SELECT 1 FROM remote_file WHERE folder = :folder AND filename IN (:filename, :composed) AND file = "
    ":file "
    "UNION ALL SELECT 1 FROM former WHERE file = :file"
)


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
    maker: FolderMaker = field(factory=LocalFolderMaker, kw_only=True)
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
                before, latest = await self.journal.read(_count_folders)
                await self.sleep(self.gap)
                await self.folders.load_again()
                now, _ = await self.journal.read(_count_folders)
                if now > before and not await self._are_of_this_job(latest):
                    message = (
                        f"{now - before} folders of this tree were created within the last {self.gap:g} s"
                    )
                    await self.others.stop(message)
                self._passed = True

    async def _are_of_this_job(self, since: float) -> bool:
        """Return whether another process of this job has created all folders since a time of the server."""
        created = await self.journal.read(partial(_list_folders, since=since))
        return all([await self.maker.get(inside, title) == folder for inside, title, folder in created])

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


def _count_folders(db: sqlite3.Connection) -> tuple[int, float]:
    """Count the folders that have the names of directories, in folders that this journal has not created.

    Returns:
        Their number, and when the latest of them was created.
    """
    count, latest = db.execute(f"SELECT count(*), max(remote_folder.created) {_NAMED_FOLDERS}").fetchone()
    return int(count), latest or 0.0


def _list_folders(db: sqlite3.Connection, since: float) -> list[tuple[str, str, str]]:
    """Return parent, title and id of some of these folders that were created since a time."""
    columns = "remote_folder.parent, remote_folder.title, remote_folder.id"
    newer = "coalesce(remote_folder.created, 0) >= ?"
    return db.execute(f"SELECT {columns} {_NAMED_FOLDERS} AND {newer} LIMIT 1000", (since,)).fetchall()


_NAMED_FOLDERS = (
    "FROM folder JOIN folder AS up ON up.id = folder.parent AND NOT up.made "
    "JOIN remote_folder ON remote_folder.parent = up.remote AND remote_folder.title = folder.title WHERE "
    "NOT folder.made"
)
_OTHERS = (  # a name that is being looked up proves nothing, and one in a shard is uploaded by this job
    "FROM item JOIN remote_file ON remote_file.folder = item.folder AND remote_file.filename = item.filename "  # noqa: S608
    f"WHERE item.folder = ? AND item.state != {State.UNKNOWN:d} AND item.shard IS NULL "
    "AND item.file IS NOT remote_file.file "
    "AND (item.blob IS NULL OR item.blob IS NOT remote_file.blob) "
    "AND NOT EXISTS (SELECT 1 FROM former WHERE former.file = remote_file.file)"
)
