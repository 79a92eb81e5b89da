"""Planning: writes scanned entries to the journal. Runs in the journal's thread, one batch at a time."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from attrs import frozen

from coredata_async.bulk.journal.items import FORMER
from coredata_async.bulk.journal.schema import LARGE
from coredata_async.bulk.scan.entries import Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.states import Reason, State

_AT_ONCE: Final = 500
"""Maximum number of names per query. Older SQLites take no more than 999 parameters."""

_KEPT: Final = frozenset(map(int, (State.DONE, State.CONFIRMED, State.STORED, State.UNKNOWN, State.PLANNED)))
"""States that remain as they are while the file is unchanged."""


@frozen
class Sums:
    """Files and bytes per state, as totals or as differences."""

    files: Mapping[State, int]
    bytes: Mapping[State, int]


@frozen
class Planned:
    """Result of planning one batch."""

    folder: int
    """Row of the folder."""
    sums: Sums
    complete: bool
    pending: bool
    """True if the folder has files for a worker; known when it is complete."""
    large: bool
    """True if some of these are large; known when it is complete."""
    excluded: int
    warnings: tuple[str, ...]
    path: bytes
    """Path of the directory."""
    ended: tuple[ScannedEntry, ...]
    """Files that the scan alone has skipped or failed."""


def plan_batch(db: sqlite3.Connection, batch: DirectoryBatch, run: int) -> Planned:
    """Write a batch to the journal."""
    folder = _folder(db, batch.directory)
    sums = Counter[State](), Counter[State]()
    ended: list[ScannedEntry] = []
    for part in _parts(batch.entries):
        ended += _upsert(db, folder, part, run, sums)
    pending = large = False
    if batch.complete:
        ended += _collide(db, folder, run, sums)
        _vanish(db, folder, run, sums)
        db.execute("UPDATE folder SET scanned = ? WHERE id = ?", (run, folder))
        pending = is_pending(db, folder)
        large = pending and is_pending(db, folder, above=LARGE)
    return Planned(
        folder,
        Sums(*sums),
        batch.complete,
        pending,
        large,
        batch.excluded,
        batch.warnings,
        batch.directory.path,
        tuple(ended),
    )


def see_all(db: sqlite3.Connection, run: int) -> None:
    """Record that all files and folders of the journal belong to a run, as if its scan had seen them."""
    db.execute("UPDATE item SET seen = ?", (run,))
    db.execute("UPDATE folder SET scanned = ?", (run,))


def list_folders(db: sqlite3.Connection) -> list[Planned]:
    """Return the folders of the journal. Their files are counted already."""
    folders = db.execute("SELECT id, path FROM folder ORDER BY id").fetchall()
    return [
        Planned(
            folder=number,
            sums=Sums({}, {}),
            complete=True,
            pending=is_pending(db, number),
            large=is_pending(db, number, above=LARGE),
            excluded=0,
            warnings=(),
            path=path,
            ended=(),
        )
        for number, path in folders
    ]


def finish(db: sqlite3.Connection, run: int) -> Sums:
    """End a complete scan: drop the pending files of vanished directories; return the change of the sums."""
    sums = Counter[State](), Counter[State]()
    gone = db.execute("SELECT id FROM folder WHERE scanned < ?", (run,)).fetchall()
    for (folder,) in gone:
        _vanish(db, folder, run, sums)
    db.execute("UPDATE job SET scanned = ?", (run,))
    return Sums(*sums)


def _folder(db: sqlite3.Connection, directory: Directory) -> int:
    row = db.execute("SELECT id FROM folder WHERE path = ?", (directory.path,)).fetchone()
    if row is not None:
        return int(row[0])
    parent = None if directory.parent is None else _directory_id(db, directory.parent)
    made = db.execute(
        "INSERT INTO folder (path, parent, title) VALUES (?, ?, ?)", (directory.path, parent, directory.title)
    )
    return int(made.lastrowid or 0)


def _directory_id(db: sqlite3.Connection, path: bytes) -> int:
    (number,) = db.execute("SELECT id FROM folder WHERE path = ?", (path,)).fetchone()  # parents come first
    return int(number)


def _parts(entries: Sequence[ScannedEntry]) -> Iterator[Sequence[ScannedEntry]]:
    for start in range(0, len(entries), _AT_ONCE):
        yield entries[start : start + _AT_ONCE]


def _upsert(
    db: sqlite3.Connection,
    folder: int,
    part: Sequence[ScannedEntry],
    run: int,
    sums: tuple[Counter[State], ...],
) -> list[ScannedEntry]:
    known, (files, size) = _rows(db, folder, part), sums
    ended: list[ScannedEntry] = []
    new: list[tuple[object, ...]] = []
    seen: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    for entry in part:
        row = known.get(entry.name)
        if row is None:
            new.append((folder, entry.name, run, *_VALUES(entry), int(entry.state)))
        elif row[10] == run or _is_kept(row, entry):  # the worker that has claimed it decides
            seen.append((run, row[0]))
            continue
        else:
            changed.append((run, *_VALUES(entry), int(entry.state), row[0]))
            _count(sums, State(row[5]), -1, -row[1])
            if row[6] is not None:
                db.execute("INSERT INTO orphan VALUES (?, ?, ?)", (row[0], row[6], time.time()))
        files[entry.state] += 1
        size[entry.state] += entry.fingerprint.size
        if entry.state != State.PLANNED:
            ended.append(entry)
    db.executemany(_INSERT, new)
    db.executemany("UPDATE item SET seen = ? WHERE id = ?", seen)
    db.executemany(FORMER, [(values[-1],) for values in changed])
    db.executemany(_CHANGE, changed)
    return ended


def _is_kept(row: tuple[Any, ...], entry: ScannedEntry) -> bool:
    """Return whether a row remains as it is; otherwise it is planned again.

    An UNKNOWN row remains whatever happened to the file, because its blob must be looked up first.
    """
    state = row[5]
    if state == State.UNKNOWN:
        return True
    # Compared directly: a `Fingerprint` and a `State` of every row took a fifth of the scan of a resumed job.
    now = entry.fingerprint
    if row[1:5] != (now.size, now.modified, now.changed, now.inode):
        return False
    if entry.state is not State.PLANNED or row[8] != entry.filename:
        return False
    return state in _KEPT or (state == State.SKIPPED and row[7] == Reason.SAME)


def _count(sums: tuple[Counter[State], ...], state: State, files: int, size: int) -> None:
    sums[0][state] += files
    sums[1][state] += size


def _rows(db: sqlite3.Connection, folder: int, part: Sequence[ScannedEntry]) -> dict[bytes, tuple[Any, ...]]:
    if db.execute("SELECT 1 FROM item WHERE folder = ? LIMIT 1", (folder,)).fetchone() is None:
        return {}
    marks = ",".join("?" * len(part))
    # The blob of a registered File is not an orphan, whatever happens to the row.
    blob = "CASE WHEN state IN (4, 5) THEN NULL ELSE blob END"
    query = (
        f"SELECT id, size, mtime, ctime, inode, state, {blob}, reason, filename, name, claim "  # noqa: S608
        f"FROM item WHERE folder = ? AND name IN ({marks})"
    )
    rows = db.execute(query, (folder, *(entry.name for entry in part)))
    return {row[9]: row for row in rows}


def _collide(
    db: sqlite3.Connection, folder: int, run: int, sums: tuple[Counter[State], ...]
) -> list[ScannedEntry]:
    """Fail files whose names became equal. None of them is uploaded, because one would pass for the other."""
    same = "SELECT 1 FROM item WHERE folder = ? AND CAST(filename AS BLOB) != name LIMIT 1"
    if db.execute(same, (folder,)).fetchone() is None:
        return []  # no name was changed, and a directory has every name only once
    duplicates = db.execute(
        "SELECT filename FROM item WHERE folder = ? AND seen = ? AND filename != '' AND state NOT IN (6, 8) "
        "GROUP BY filename HAVING count(*) > 1",
        (folder, run),
    ).fetchall()
    ended: list[ScannedEntry] = []
    for (filename,) in duplicates:
        rows = db.execute(
            "SELECT id, size, state, name FROM item WHERE folder = ? AND filename = ? AND seen = ? "
            "AND state IN (0, 2, 7)",
            (folder, filename, run),
        ).fetchall()
        message = f"another file in this directory gets the same name {filename!r}; rename one of them"
        for number, size, state, name in rows:
            db.execute(
                "UPDATE item SET state = ?, reason = ?, message = ? WHERE id = ?",
                (State.FAILED, Reason.COLLISION, message, number),
            )
            _count(sums, State(state), -1, -size)
            _count(sums, State.FAILED, 1, size)
            ended.append(
                ScannedEntry(name, filename, state=State.FAILED, reason=Reason.COLLISION, message=message)
            )
    return ended


def _vanish(db: sqlite3.Connection, folder: int, run: int, sums: tuple[Counter[State], ...]) -> None:
    """Delete files that no longer exist and were not uploaded. An UNKNOWN one stays, to be looked up."""
    less = (
        "SELECT state, count(*), sum(size) FROM item "
        "WHERE folder = ? AND seen < ? AND claim < ? AND state NOT IN (?, ?) GROUP BY state"
    )
    for state, files, size in db.execute(less, (folder, run, run, State.CONFIRMED, State.UNKNOWN)):
        _count(sums, State(state), -files, -size)
    keep = (State.DONE, State.CONFIRMED, State.UNKNOWN, State.SKIPPED)
    gone = "folder = ? AND seen < ? AND claim < ? AND state NOT IN (?, ?, ?, ?)"
    db.execute(
        f"INSERT INTO orphan SELECT id, blob, ? FROM item WHERE {gone} AND blob IS NOT NULL",  # noqa: S608
        (time.time(), folder, run, run, *keep),
    )
    db.execute(
        f"INSERT OR IGNORE INTO former SELECT file FROM item WHERE {gone} AND file IS NOT NULL",  # noqa: S608
        (folder, run, run, *keep),
    )
    db.execute(f"DELETE FROM item WHERE {gone}", (folder, run, run, *keep))  # noqa: S608


def is_pending(db: sqlite3.Connection, folder: int, *, above: int = -1) -> bool:
    """Return whether a folder has files for a worker that are larger than `above` bytes."""
    which = "folder = ? AND state IN (?, ?) AND size > ? AND shard IS NULL"
    query = f"SELECT 1 FROM item WHERE {which} LIMIT 1"  # noqa: S608
    return db.execute(query, (folder, State.PLANNED, State.STORED, above)).fetchone() is not None


_VALUES: Final = attrgetter(
    "filename",
    *("fingerprint.size", "fingerprint.modified", "fingerprint.changed", "fingerprint.inode"),
    *("reason", "message"),
)
"""Returns the values of an entry for `_INSERT` and `_CHANGE`, without the state, which must be an `int`."""
_INSERT: Final = (
    "INSERT INTO item (folder, name, seen, filename, size, mtime, ctime, inode, reason, message, state) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?)"
)
# Blob and digest belong to the earlier content; its File, if it has one, is remembered.
_CHANGE: Final = (
    "UPDATE item SET seen = ?, filename = ?, size = ?, mtime = ?, ctime = ?, inode = ?, reason = ?, "
    "message = nullif(?, ''), state = ?, blob = NULL, etag = NULL, since = NULL, unconfirmed = 0, "
    "md5 = CASE WHEN file IS NULL THEN NULL ELSE md5 END WHERE id = ?"
)
