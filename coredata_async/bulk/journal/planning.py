"""What a scan found becomes rows of the journal. Runs in the journal's thread, one batch at a time."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from coredata_async.bulk.journal.items import FORMER
from coredata_async.bulk.scan.found import Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.states import Reason, State

_AT_ONCE: Final = 500
"""Names per question: older SQLites take no more than 999 parameters."""

_KEPT: Final = frozenset(map(int, (State.DONE, State.CONFIRMED, State.STORED, State.UNKNOWN, State.PLANNED)))
"""States that go on as they are while the file stays the same."""


@frozen
class Sums:
    """Files and bytes per state: how many there are, or how many more."""

    files: Mapping[State, int]
    bytes: Mapping[State, int]


@frozen
class Planned:
    """What became of a batch."""

    folder: int
    """Its row."""
    sums: Sums
    complete: bool
    pending: bool
    """Whether the folder holds anything that a worker has to do; known when it is complete."""
    excluded: int
    warnings: tuple[str, ...]
    path: bytes
    """Of the directory."""
    ended: tuple[ScannedEntry, ...]
    """What is skipped, or has failed, by what the scan alone saw."""


def plan_batch(db: sqlite3.Connection, batch: DirectoryBatch, run: int) -> Planned:
    """Write down a batch."""
    folder = _folder(db, batch.directory)
    sums = Counter[State](), Counter[State]()
    ended: list[ScannedEntry] = []
    for part in _parts(batch.entries):
        ended += _upsert(db, folder, part, run, sums)
    pending = False
    if batch.complete:
        ended += _collide(db, folder, run, sums)
        _vanish(db, folder, run, sums)
        db.execute("UPDATE folder SET scanned = ? WHERE id = ?", (run, folder))
        pending = is_pending(db, folder)
    return Planned(
        folder,
        Sums(*sums),
        batch.complete,
        pending,
        batch.excluded,
        batch.warnings,
        batch.directory.path,
        tuple(ended),
    )


def finish(db: sqlite3.Connection, run: int) -> Sums:
    """The scan is complete: directories that are no more hold no more files to upload; how many less."""
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
    known = _rows(db, folder, part)
    ended: list[ScannedEntry] = []
    new: list[tuple[object, ...]] = []
    seen: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    for entry in part:
        row = known.get(entry.name)
        if row is None:
            new.append((folder, entry.name, run, *_values(entry)))
        elif row[10] == run or _is_kept(row, entry):  # a worker that has it knows better
            seen.append((run, row[0]))
            continue
        else:
            changed.append((run, *_values(entry), row[0]))
            _count(sums, State(row[5]), -1, -row[1])
            if row[6] is not None:
                db.execute("INSERT INTO orphan VALUES (?, ?, ?)", (row[0], row[6], time.time()))
        _count(sums, entry.state, 1, entry.fingerprint.size)
        if entry.state != State.PLANNED:
            ended.append(entry)
    db.executemany(_INSERT, new)
    db.executemany("UPDATE item SET seen = ? WHERE id = ?", seen)
    db.executemany(FORMER, [(values[-1],) for values in changed])
    db.executemany(_CHANGE, changed)
    return ended


def _is_kept(row: tuple[Any, ...], entry: ScannedEntry) -> bool:
    """Return whether a row goes on as it is, or begins again.

    One that is UNKNOWN stays so whatever became of the file: the blob has to be looked for first.
    """
    state = row[5]
    if state == State.UNKNOWN:
        return True
    # Compared as it is: a `Fingerprint` and a `State` of every row took a fifth of a resumed job's scan.
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
    # The blob of what is a File by now is no orphan, whatever becomes of the row.
    blob = "CASE WHEN state IN (4, 5) THEN NULL ELSE blob END"
    question = (
        f"SELECT id, size, mtime, ctime, inode, state, {blob}, reason, filename, name, claim "  # noqa: S608
        f"FROM item WHERE folder = ? AND name IN ({marks})"
    )
    rows = db.execute(question, (folder, *(entry.name for entry in part)))
    return {row[9]: row for row in rows}


def _values(entry: ScannedEntry) -> tuple[object, ...]:
    shape = entry.fingerprint
    return (
        entry.filename,
        shape.size,
        shape.modified,
        shape.changed,
        shape.inode,
        int(entry.state),
        entry.reason,
        entry.message or None,
    )


def _collide(
    db: sqlite3.Connection, folder: int, run: int, sums: tuple[Counter[State], ...]
) -> list[ScannedEntry]:
    """Two names that became one: neither is uploaded, for one would pass for the other."""
    same = "SELECT 1 FROM item WHERE folder = ? AND CAST(filename AS BLOB) != name LIMIT 1"
    if db.execute(same, (folder,)).fetchone() is None:
        return []  # no name was altered, and a directory has none twice
    twice = db.execute(
        "SELECT filename FROM item WHERE folder = ? AND seen = ? AND filename != '' AND state NOT IN (6, 8) "
        "GROUP BY filename HAVING count(*) > 1",
        (folder, run),
    ).fetchall()
    ended: list[ScannedEntry] = []
    for (filename,) in twice:
        rows = db.execute(
            "SELECT id, size, state, name FROM item WHERE folder = ? AND filename = ? AND seen = ? "
            "AND state IN (0, 2, 7)",
            (folder, filename, run),
        ).fetchall()
        words = f"another file here would be called {filename!r}, too; rename one of them"
        for number, size, state, name in rows:
            db.execute(
                "UPDATE item SET state = ?, reason = ?, message = ? WHERE id = ?",
                (State.FAILED, Reason.COLLISION, words, number),
            )
            _count(sums, State(state), -1, -size)
            _count(sums, State.FAILED, 1, size)
            ended.append(
                ScannedEntry(name, filename, state=State.FAILED, reason=Reason.COLLISION, message=words)
            )
    return ended


def _vanish(db: sqlite3.Connection, folder: int, run: int, sums: tuple[Counter[State], ...]) -> None:
    """Forget files that are no more, and were not uploaded; what is UNKNOWN has to be looked for."""
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


def is_pending(db: sqlite3.Connection, folder: int) -> bool:
    """Return whether a folder holds anything that a worker has to do."""
    question = "SELECT 1 FROM item WHERE folder = ? AND state IN (?, ?) LIMIT 1"
    return db.execute(question, (folder, State.PLANNED, State.STORED)).fetchone() is not None


_INSERT: Final = (
    "INSERT INTO item (folder, name, seen, filename, size, mtime, ctime, inode, state, reason, message) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# Blob and digest are of the earlier content; its File, if there is one, is remembered.
_CHANGE: Final = (
    "UPDATE item SET seen = ?, filename = ?, size = ?, mtime = ?, ctime = ?, inode = ?, state = ?, reason = "
    "?, "
    "message = ?, blob = NULL, etag = NULL, since = NULL, unconfirmed = 0, md5 = CASE WHEN file IS NULL THEN "
    "NULL "
    "ELSE md5 END WHERE id = ?"
)
