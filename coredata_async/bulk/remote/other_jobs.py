"""Detection of another job for the same files, on another machine: the service has no locks.

A File that has the name of one of ours in the same folder, appeared while this run was at work, and is of no
blob of ours was registered by another process. It is looked for in listings that are read anyway, so it costs
no request.
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
"""Maximum number of Files named in a message; the report has them all."""
ADVICE: Final = (
    "Make sure that one job only uploads these files, then run it again: it waits until nothing of the other "
    "one can be in flight, and goes on. `coredata check` tells what is there twice."
)


class ListedRemoteFile(Protocol):
    """What a listing shows of a File."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def filename(self) -> str:
        """Its name."""
        ...

    @property
    def blob_name(self) -> str | None:
        """The blob it was made of, if the server says so."""
        ...


@frozen
class ForeignFile:
    """A File with the name of a file of this job, made by another process."""

    path: bytes
    """Of the local file."""
    file: str
    ours: str | None
    """The File that this job made of it, if it has."""

    @property
    def message(self) -> str:
        """Return what a person has to know of it."""
        path = path_text(self.path)
        return f"{path}: File {self.file} was made by another process" + (
            f", and File {self.ours} by this job" if self.ours else ""
        )


@define(eq=False)
class OtherJobs:
    """Ends this run if another job for the same files shows up."""

    journal: Journal
    abort: Callable[[Ended, str], None]
    wall: Callable[[], float] = time.time
    _known: set[int] = field(factory=set[int], init=False)
    """Folders of which it is known what they held before this run put anything there."""

    def watch(self, folder: int) -> None:
        """Take what a folder holds by now as known: it was listed, or made, and nothing was put there yet."""
        self._known.add(folder)

    async def check(self, folder: int, files: Sequence[ListedRemoteFile]) -> None:
        """Look for Files of another job in a part of a listing, and end the run if there are any."""
        if folder not in self._known or not files:
            return
        found = await self.journal.read(partial(foreign_files, folder=folder, files=files))
        if found:
            twice = [items.add_finding("duplicate", each.message) for each in found if each.ours]
            told = "; ".join(each.message for each in found[:MAX_NAMED])
            more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
            await self.stop(f"{told}{more}", *twice)

    async def stop(self, message: str, *statements: Statement) -> None:
        """End the run. What the next one has to know is on disk before; this does not return."""
        await self.journal.write(*statements)
        await self.journal.read(lambda db: suspect(db, self.wall(), "other"))
        self.abort("conflict", f"another job is uploading the same files: {message}. {ADVICE}")
        await asyncio.get_running_loop().create_future()  # until the run, which is being cancelled, has ended


def foreign_files(
    db: sqlite3.Connection, *, folder: int, files: Sequence[ListedRemoteFile]
) -> list[ForeignFile]:
    """Find those Files that have the name of one of ours, are not ours, and were not there before."""
    (path,) = db.execute("SELECT path FROM folder WHERE id = ?", (folder,)).fetchone()
    # The names of single PATHs are whole paths; those in directories have an index.
    by_name = _BY_FILENAME if not path else _BY_NAME
    return [found for each in files if (found := _foreign_file(db, folder, each, by_name)) is not None]


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
    blobs = {each for (each,) in [*orphans, (blob,)] if each is not None}
    registered = state in _HAS_FILE
    # By its blob, where both sides know it. Else it may be one that is in flight, or whose answer was lost.
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
