"""Division of a journal's files into shards. Runs in the journal's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Final, NamedTuple, cast

from attrs import define, field

from coredata_async.bulk.journal.planning import Planned
from coredata_async.bulk.journal.shards import identify, read_shard
from coredata_async.bulk.states import Reason, State
from coredata_async.errors import ConfigurationError

BATCH: Final = 5000
"""Number of files read from the journal at once."""


_AT_ONCE: Final = 500
"""Maximum number of ids per statement. Older SQLites take no more than 999 parameters."""


class PendingFile(NamedTuple):
    """File that is not in a shard yet."""

    id: int
    size: int
    name: bytes
    filename: str = ""
    """Name on the server."""


_FOLDER: Final = "path, title, state, remote"
_ITEM: Final = "name, filename, size, mtime, ctime, inode"


@define
class Splitter:
    """Groups files in the order in which they come; each group is as large as the limits permit.

    A group has at least one file, however large.
    """

    max_files: int
    max_bytes: int
    _group: list[int] = field(factory=list[int], init=False)
    _bytes: int = field(default=0, init=False)

    def add(self, files: Iterable[PendingFile]) -> Iterator[list[int]]:
        """Add files; yield the ids of each complete group, as soon as it is complete."""
        for file in files:
            if self._group and self._bytes + file.size > self.max_bytes:
                yield self.take()
            self._group.append(file.id)
            self._bytes += file.size
            if len(self._group) >= self.max_files or self._bytes > self.max_bytes:
                yield self.take()

    def take(self) -> list[int]:
        """Return the ids of the last group, which may be empty, and begin another one."""
        group, self._group, self._bytes = self._group, [], 0
        return group


@define
class FolderWindow:
    """Collects completely scanned folders until they are many, or may fill a shard."""

    max_folders: int
    max_files: int
    max_bytes: int
    _folders: list[int] = field(factory=list[int], init=False)
    _files: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _open: dict[int, tuple[int, int]] = field(factory=dict[int, tuple[int, int]], init=False)
    """Files and bytes of folders whose scan goes on."""

    def add(self, planned: Planned, *, wanted: bool) -> None:
        """Add a batch of a folder. The folder is collected with its last batch, if it is wanted."""
        files, size = self._open.pop(planned.folder, (0, 0))
        files += planned.sums.files.get(State.PLANNED, 0)
        size += planned.sums.bytes.get(State.PLANNED, 0)
        if not planned.complete:
            self._open[planned.folder] = files, size
        elif wanted:
            self._folders.append(planned.folder)
            self._files += files
            self._bytes += size

    @property
    def is_full(self) -> bool:
        """True if the folders should be divided before the scan goes on."""
        return (
            len(self._folders) >= self.max_folders
            or self._files >= self.max_files
            or self._bytes >= self.max_bytes
        )

    def take(self) -> list[int]:
        """Return the folders in the order in which they came, and begin another window."""
        folders, self._folders, self._files, self._bytes = self._folders, [], 0, 0
        return folders


def keep_assigned(db: sqlite3.Connection, run: int) -> None:
    """Keep the files that are in a shard as they are, whatever the scan of this run finds."""
    db.execute("UPDATE item SET claim = ? WHERE shard IS NOT NULL", (run,))


def adopt(db: sqlite3.Connection, data: bytes, run: int, root: bytes) -> None:
    """Record a published shard in a journal that does not know it, because the earlier one is lost."""
    with closing(read_shard(data, root)) as shard:
        (shard_id,) = shard.execute("SELECT shard FROM job").fetchone()
        made = db.execute("INSERT OR IGNORE INTO shard (id, published) VALUES (?, 1)", (shard_id,))
        if not made.rowcount:
            return
        folders: dict[int | None, int | None] = {None: None}
        for number, parent, *row in shard.execute(f"SELECT id, parent, {_FOLDER} FROM folder ORDER BY id"):  # noqa: S608
            db.execute(
                f"INSERT OR IGNORE INTO folder (parent, {_FOLDER}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
                (folders[parent], *row),
            )
            (folders[number],) = db.execute("SELECT id FROM folder WHERE path = ?", row[:1]).fetchone()
        for folder, *row in shard.execute(f"SELECT folder, {_ITEM} FROM item"):  # noqa: S608
            db.execute(
                f"INSERT INTO item (folder, {_ITEM}, state, seen, claim, shard) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (folder, name) DO UPDATE "
                "SET claim = excluded.claim, shard = excluded.shard",
                (folders[folder], *row, int(State.PLANNED), run, run, made.lastrowid),
            )


def list_pending(db: sqlite3.Connection, folder: int, after: bytes) -> list[PendingFile]:
    """Return the next files of a folder that are not in a shard, in the order of their names."""
    rows = db.execute(
        "SELECT id, size, name, filename FROM item WHERE folder = ? AND name > ? AND shard IS NULL "
        "AND state IN (?, ?) ORDER BY name LIMIT ?",
        (folder, after, State.PLANNED, State.STORED, BATCH),
    )
    return [PendingFile(*row) for row in rows.fetchall()]


def assign(db: sqlite3.Connection, items: list[int], run: int, share: str, root: bytes) -> int:
    """Put files into a new shard, and return its number."""
    made = db.execute("INSERT INTO shard (id) VALUES (?)", (identify(db, items, share, root),))
    number = int(made.lastrowid or 0)
    for start in range(0, len(items), _AT_ONCE):
        part = items[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        db.execute(f"UPDATE item SET shard = ?, claim = ? WHERE id IN ({marks})", (number, run, *part))  # noqa: S608
    return number


def list_unpublished(db: sqlite3.Connection) -> list[int]:
    """Return the numbers of the shards that may exist in this journal only."""
    rows = db.execute("SELECT number FROM shard WHERE NOT published ORDER BY number")
    return [number for (number,) in rows]


def mark_published(db: sqlite3.Connection, number: int) -> None:
    """Record that a shard exists elsewhere."""
    db.execute("UPDATE shard SET published = 1 WHERE number = ?", (number,))


def fail_folder(db: sqlite3.Connection, folder: int, message: str) -> None:
    """Fail the files of a folder that are not in a shard, because it cannot be found or created."""
    db.execute(
        "UPDATE item SET state = ?, reason = ?, message = ? "
        "WHERE folder = ? AND shard IS NULL AND state IN (?, ?)",
        (State.FAILED, Reason.FOLDER, message, folder, State.PLANNED, State.STORED),
    )


def fail_taken(db: sqlite3.Connection, folder: int, taken: Mapping[int, str]) -> bytes:
    """Fail files whose names another source of the job has, by id, with a message; return their directory."""
    rows = [(State.FAILED, Reason.COLLISION, message, file) for file, message in taken.items()]
    db.executemany("UPDATE item SET state = ?, reason = ?, message = ? WHERE id = ?", rows)
    (path,) = db.execute("SELECT path FROM folder WHERE id = ?", (folder,)).fetchone()
    return cast("bytes", path)


def refuse_divided(db: sqlite3.Connection) -> None:
    """Refuse a journal whose files were divided into shards, because these are uploaded elsewhere.

    Raises:
        ConfigurationError: If a file is in a shard.
    """
    if db.execute("SELECT 1 FROM shard LIMIT 1").fetchone() is not None:
        raise ConfigurationError(
            "the journal is that of a plan for several machines, which upload its files; use another journal"
        )
