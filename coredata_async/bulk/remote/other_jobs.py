"""Detection of another job for the same files, on another machine: the service has no locks.

A File belongs to another process if it has the name of a local file in the same folder, appeared during this
run, and does not reference a blob of this job. Such Files are looked for in listings that are read anyway, so
the detection costs no request.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol, cast

from attrs import define, field, frozen

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.journal import Journal, Statement
from coredata_async.bulk.journal.resume import suspect
from coredata_async.bulk.report.report import Ended
from coredata_async.bulk.states import State

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
    ours = file.blob_name in blobs or (doubtful and None in {file.blob_name, blob})
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
