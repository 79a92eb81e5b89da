"""Files of the journal that a run works on: taken over from an earlier run, claimed, and claimed again.

All functions run in the journal's thread.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from coredata_async.bulk.journal.items import COLUMNS, JOINED, SOURCE, Item, item_of
from coredata_async.bulk.journal.planning import Sums
from coredata_async.bulk.journal.schema import LARGE, Sender
from coredata_async.bulk.journal.settle_wait import suspect
from coredata_async.bulk.states import Reason, State

BATCH: Final = 200
"""Number of files read from the journal at once."""


@frozen
class RemoteFile:
    """A File that the server has under the name of a local file."""

    file: str
    size: int | None
    digest: str | None
    snapshot: str | None
    created: float
    ours: bool = field(default=False, converter=bool)
    """True if it appeared after a shard was planned, so that a former owner of the shard created it."""


@frozen
class Work:
    """One file, with all facts that a worker needs."""

    item: Item
    parent: str
    """Id of the remote folder."""
    namesakes: tuple[RemoteFile, ...] = ()
    """Files that the server had under this name before this job uploaded anything there."""
    refused: bool = False
    """True if its latest registration was refused, so that none can be in flight inside the server."""
    absent: bool = False
    """True if its File has just been looked up and is proven absent."""
    successes: int = 0
    """Number of Files that this job had registered when a registration of this one was last sent."""
    settled: bool = True
    """False if a registration of an earlier job may still be in flight, and add a File to the folder."""


@frozen
class Batch:
    """Some files of a folder, and the name after which the next ones begin."""

    files: list[tuple[Item, tuple[RemoteFile, ...]]]
    """Each file, and what the server had under its name."""
    last: bytes


def take_over(db: sqlite3.Connection, sent_until: float | None = None, by: Sender = "other") -> Sums:
    """Take over the items of an earlier run, and return the number of files in each state.

    An intent on disk may have been carried out, so REGISTERING becomes UNKNOWN. A PUT whose end was not
    recorded is repeated with another blob, and the first blob becomes an orphan.

    Args:
        db: The journal's connection.
        sent_until: The last moment, in seconds since the epoch, at which a process other than this journal's
            own may have sent requests for this tree, if that is later than the journal's own value.
        by: The kind of that process.
    """
    now = time.time()
    if sent_until is not None:
        suspect(db, sent_until, by)
    db.execute(
        "UPDATE item SET state = ?, unconfirmed = max(unconfirmed, 1) WHERE state = ?",
        (State.UNKNOWN, State.REGISTERING),
    )
    db.execute(
        "INSERT INTO orphan SELECT id, blob, ? FROM item WHERE state = ? AND blob IS NOT NULL",
        (now, State.PUTTING),
    )
    db.execute("UPDATE item SET state = ?, blob = NULL WHERE state = ?", (State.PLANNED, State.PUTTING))
    # Files that failed or are unresolved are tried again, because the reason may have passed.
    db.execute(
        "UPDATE item SET state = ?, unconfirmed = 1 WHERE state = ?", (State.UNKNOWN, State.UNRESOLVED)
    )
    # A blob whose registration was sent is looked up before any other step for the file.
    stored = "blob IS NOT NULL AND md5 IS NOT NULL AND unconfirmed > 0"
    db.execute(
        f"UPDATE item SET state = ? WHERE state = ? AND {stored}",  # noqa: S608
        (State.STORED, State.FAILED),
    )
    db.execute("UPDATE item SET state = ?, unconfirmed = 0 WHERE state = ?", (State.PLANNED, State.FAILED))
    db.execute(  # a digest without a blob may belong to an earlier content
        "UPDATE item SET state = ? WHERE state = ? AND (md5 IS NULL OR blob IS NULL)",
        (State.PLANNED, State.RETRY),
    )
    db.execute("UPDATE item SET state = ? WHERE state = ?", (State.STORED, State.RETRY))
    return count_states(db)


def count_states(db: sqlite3.Connection) -> Sums:
    """Return the files and bytes in each state."""
    rows = db.execute("SELECT state, count(*), sum(size) FROM item GROUP BY state").fetchall()
    return Sums({State(row[0]): row[1] for row in rows}, {State(row[0]): row[2] for row in rows})


def claim_small(db: sqlite3.Connection, run: int, folder: int, after: bytes) -> Batch:
    """Claim the next small files of a folder, in the order of their names."""
    rows = db.execute(_SMALL, (folder, after, run, LARGE, BATCH)).fetchall()
    if not rows:
        return Batch([], after)
    last = rows[-1][-1]
    # One statement for all files, and no further query if the server has no Files here: each statement
    # releases the GIL, and then waits for it while the event loop is busy.
    db.execute(_CLAIM, (run, folder, after, last, run, LARGE))
    is_empty = db.execute("SELECT 1 FROM remote_file WHERE folder = ? LIMIT 1", (folder,)).fetchone() is None
    items = [item_of(row[:-1]) for row in rows]
    return Batch(
        [(item, () if is_empty and item.file is None else remote_namesakes(db, item)) for item in items],
        last,
    )


def claim_large(db: sqlite3.Connection, run: int) -> Item | None:
    """Claim the largest file of the scanned directories."""
    items = _claim(db, run, db.execute(_LARGE, (LARGE, run, run)).fetchall())
    return items[0] if items else None


def _claim(db: sqlite3.Connection, run: int, rows: list[tuple[Any, ...]]) -> list[Item]:
    db.executemany("UPDATE item SET claim = ? WHERE id = ?", [(run, row[0]) for row in rows])
    return [item_of(row) for row in rows]


def claim_unknown(db: sqlite3.Connection, run: int, parent: str) -> list[Work]:
    """Claim all files for which it is unknown whether they were registered.

    Their number is at most the number of workers and queue slots of an earlier run.
    """
    rows = db.execute(f"{JOINED} WHERE item.state = ?", (State.UNKNOWN,)).fetchall()
    # Claimed, because otherwise their folder would feed them again once they are STORED.
    return _with_parents(db, _claim(db, run, rows), parent)


def read_unknown(db: sqlite3.Connection, ids: list[int], parent: str) -> list[Work]:
    """Return those of the given files for which it is unknown whether they were registered."""
    rows = db.execute(_UNKNOWN, (State.UNKNOWN, json.dumps(ids))).fetchall()
    return _with_parents(db, [item_of(row) for row in rows], parent)


def _with_parents(db: sqlite3.Connection, items: list[Item], parent: str) -> list[Work]:
    remote = "SELECT coalesce(remote, ?) FROM folder WHERE id = ?"
    return [Work(item, db.execute(remote, (parent, item.folder)).fetchone()[0]) for item in items]


def files_beside_unknown(db: sqlite3.Connection, parent: str) -> list[tuple[str, str]]:
    """Return, for each folder with files to look up, its id and that of one File that is DONE."""
    return db.execute(
        "SELECT coalesce(folder.remote, ?), min(item.file) FROM item JOIN folder ON folder.id = item.folder "
        "WHERE item.state = ? AND item.folder IN (SELECT folder FROM item WHERE state = ?) "
        "AND item.file IS NOT NULL GROUP BY item.folder",
        (parent, State.DONE, State.UNKNOWN),
    ).fetchall()


def defer_folder(db: sqlite3.Connection, folder: int, run: int, message: str) -> tuple[int, int]:
    """Defer the unclaimed files of a folder to the retry pass; return their number and their bytes."""
    which = "folder = ? AND claim < ? AND state IN (?, ?)"
    scope = (folder, run, State.PLANNED, State.STORED)
    (files, size) = db.execute(f"SELECT count(*), total(size) FROM item WHERE {which}", scope).fetchone()  # noqa: S608
    db.execute(
        f"UPDATE item SET state = ?, reason = ?, message = ? WHERE {which}",  # noqa: S608
        (State.RETRY, Reason.FOLDER, message, *scope),
    )
    return files, int(size)


def read_failure(db: sqlite3.Connection, item: int) -> tuple[Reason, str]:
    """Return the reason and message of a file's last failure."""
    code, message = db.execute("SELECT reason, message FROM item WHERE id = ?", (item,)).fetchone()
    return Reason(code), message or ""


def claim_retries(db: sqlite3.Connection, after: int) -> list[Item]:
    """Claim a batch of files in RETRY, as PLANNED, or as STORED if the storage has the bytes."""
    rows = db.execute(_RETRIES, (after, State.RETRY, BATCH)).fetchall()
    retried = [item_of(row) for row in rows]
    items = [
        evolve(item, state=State.STORED if item.md5 and item.blob else State.PLANNED) for item in retried
    ]
    db.executemany("UPDATE item SET state = ? WHERE id = ?", [(item.state, item.id) for item in items])
    return items


def read_confirmed(db: sqlite3.Connection, folder: int, limit: int) -> list[Item]:
    """Return some files of a folder whose Files no listing has shown yet."""
    return [item_of(row) for row in db.execute(_CONFIRMED, (folder, State.CONFIRMED, limit)).fetchall()]


def is_complete(db: sqlite3.Connection, folder: int) -> bool:
    """Return whether a remote folder seems to have all its pending files, by name and size."""
    return db.execute(_MISSING, (folder,)).fetchone() is None


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


def remote_namesakes(db: sqlite3.Connection, item: Item) -> tuple[RemoteFile, ...]:
    """Return the Files of a file's name, as last listed, and the File of its earlier content."""
    listed = find_files_named(db, item.folder, item.filename)
    if item.file is None or any(file.file == item.file for file in listed):
        return listed
    # The File of its earlier content is one of this job.
    return (previous_version(item), *listed)


def find_files_named(db: sqlite3.Connection, folder: int, filename: str) -> tuple[RemoteFile, ...]:
    """Return the Files that have this name in a folder, the newest first, as last read."""
    return tuple(RemoteFile(*row) for row in db.execute(_FILES_NAMED, (folder, filename)))


def previous_version(item: Item) -> RemoteFile:
    """Return the File of a file's earlier content."""
    return RemoteFile(item.file or "", None, item.md5, None, time.time())


_PENDING: Final = f"state IN ({State.PLANNED:d}, {State.STORED:d})"
_SMALL: Final = (
    f"SELECT {COLUMNS}, item.name {SOURCE} WHERE item.folder = ? AND item.name > ? "
    f"AND item.{_PENDING} AND claim < ? AND size <= ? ORDER BY item.name LIMIT ?"
)
_CLAIM: Final = (  # the same rows
    f"UPDATE item SET claim = ? WHERE folder = ? AND name > ? AND name <= ? AND {_PENDING} "  # noqa: S608
    "AND claim < ? AND size <= ?"
)
_LARGE: Final = (
    f"{JOINED} WHERE size > ? AND item.{_PENDING} AND claim < ? AND folder.scanned = ? "
    "ORDER BY size DESC LIMIT 1"
)
_RETRIES: Final = f"{JOINED} WHERE item.id > ? AND item.state = ? ORDER BY item.id LIMIT ?"
_UNKNOWN: Final = f"{JOINED} WHERE item.state = ? AND item.id IN (SELECT value FROM json_each(?))"  # noqa: S608
_CONFIRMED: Final = f"{JOINED} WHERE item.folder = ? AND item.state = ? LIMIT ?"
_PLANNED_FILES: Final = (
    f"SELECT {COLUMNS}, message, item.name {SOURCE} WHERE item.folder = ? AND item.name > ? "  # noqa: S608
    "AND (item.seen = (SELECT run FROM job) OR item.state = ?) ORDER BY item.name LIMIT ?"
)
_MISSING: Final = (
    f"SELECT 1 FROM item WHERE folder = ? AND {_PENDING} AND shard IS NULL "  # noqa: S608
    "AND NOT EXISTS (SELECT 1 FROM remote_file WHERE remote_file.folder = item.folder "
    "AND remote_file.filename = item.filename "
    "AND (remote_file.size = item.size OR remote_file.size IS NULL)) LIMIT 1"
)
_FILES_NAMED: Final = (
    "SELECT file, size, digest, snapshot, created, (SELECT shard FROM job) != '' "
    "AND NOT EXISTS (SELECT 1 FROM baseline WHERE baseline.file = remote_file.file) "
    "FROM remote_file WHERE folder = ? AND filename = ? ORDER BY created DESC"
)
