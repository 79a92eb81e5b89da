"""Items of the journal: the row of each file, and the statements that change it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from attrs import frozen

from coredata_async.bulk.journal.batching import Statement, update
from coredata_async.bulk.options import FileAttributes
from coredata_async.bulk.states import Reason, State
from coredata_async.escapes import escape_controls
from coredata_async.storage.paths import Fingerprint
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.wire.files import NewFile

COLUMNS: Final = (
    "item.id, folder.path, item.folder, item.name, filename, size, mtime, ctime, inode, item.state, "
    "blob, md5, etag, since, sent, unconfirmed, file"
)
"""Columns of `item JOIN folder` that `item_of` reads."""

MANY: Final = 500
"""Maximum number of files in one statement. Older SQLites take 999 values at most."""

SOURCE: Final = "FROM item JOIN folder ON folder.id = item.folder"
JOINED: Final = f"SELECT {COLUMNS} {SOURCE}"


@frozen
class Item:
    """A file of the job: one row of the journal."""

    id: int
    folder: int
    path: bytes
    filename: str
    fingerprint: Fingerprint
    state: State
    blob: str | None = None
    md5: str | None = None
    etag: bool = False
    since: datetime | None = None
    sent: float = 0.0
    """Seconds since the epoch when its bytes were stored, or when a registration was last sent."""
    unconfirmed: int = 0
    """Registrations of its blob that were sent and not confirmed: lost, or refused."""
    file: str | None = None
    """For a file that is not CONFIRMED: id of the File of its earlier content."""
    given: bool = False
    """True if it is one of the PATHs. Such a path may be a symbolic link, which is followed."""

    @property
    def title(self) -> str:
        """Title of the File: file name without its extension. Always sent, so that the File can be found."""
        return os.path.splitext(self.filename)[0] or self.filename  # noqa: PTH122  # not a path

    def to_stored(self, content_type: str) -> Stored:
        """Return the state of the upload that the row describes."""
        plan = Planned(size=self.fingerprint.size, content_type=content_type, filename=self.filename)
        md5 = self.md5 or ""
        return Stored(plan, self.blob or "", md5, etag=md5 if self.etag else None, since=self.since)


def path_of(item: Item) -> Path:
    """Return the path of the file."""
    return Path(os.fsdecode(item.path))


def new_file(item: Item, parent: str, terms: FileAttributes) -> NewFile:
    """Return the values of the File to create."""
    return NewFile(
        filename=item.filename,
        title=item.title,
        parent=parent,
        dynatype=terms.dynatype,
        contacts=terms.contacts,
        tags=terms.tags,
    )


def item_of(row: tuple[Any, ...]) -> Item:
    """Read a row of `COLUMNS`."""
    number, at, folder, name, filename, size, mtime, ctime, inode, state, *rest = row
    blob, md5, etag, since, sent, rounds, file = rest
    return Item(
        id=number,
        folder=folder,
        path=os.path.join(cast("bytes", at), cast("bytes", name)),  # noqa: PTH118
        filename=filename,
        fingerprint=Fingerprint(size, mtime, ctime, inode),
        state=State(state),
        blob=blob,
        md5=md5,
        etag=bool(etag),
        since=None if since is None else datetime.fromtimestamp(since, UTC),
        sent=sent or 0.0,
        unconfirmed=rounds,
        file=file,
        given=not at,
    )


def is_blob_kept(item: Item, blob_life: float) -> bool:
    """Return whether the storage still has the bytes of an item, which it keeps for `blob_life` seconds."""
    # A time in the future is of a wrong clock, and says nothing about the age.
    return 0 <= time.time() - item.sent < blob_life


# Messages are escaped, because they may quote text of the server. SQLite takes no half of a surrogate pair,
# and one statement that it refuses would end the job.


# Numbers are passed to SQLite as plain `int` and `float`. For any other class, such as an `IntEnum` or a
# `bool`, Python looks for an adapter, which costs 2 us of the journal's thread each; with five states per
# file, 16 us of 51.
def mark_putting(item: Item, blob: str, since: datetime | None, *, instead_of: str | None) -> list[Statement]:
    """Return the statements for a reserved blob, perhaps instead of another one that may be stored by now."""
    moment = None if since is None else since.timestamp()
    change = (PUTTING, (int(State.PUTTING), blob, moment, item.id))
    return [change] if instead_of is None else [mark_orphan(item, instead_of), change]


def mark_orphan(item: Item, blob: str) -> Statement:
    """Return the statement for a blob that no File will reference."""
    return _ORPHAN, (item.id, blob, time.time())


def mark_stored(item: Item, what: Stored) -> Statement:
    """Return the statement for stored bytes."""
    return STORED, (int(State.STORED), what.md5, int(what.etag is not None), time.time(), item.id)


def mark_registering(item: Item) -> Statement:
    """Return the statement for a registration that is about to be sent. It must be on disk first."""
    return SENT, (int(State.REGISTERING), time.time(), item.id)


def mark_creating(item: Item, blob: str | None) -> list[Statement]:
    """Return the statements for creating a File without a blob; `blob` was reserved and is not used.

    They must be on disk before the request is sent.
    """
    change = (_CREATING, (int(State.REGISTERING), item.md5, item.sent, item.id))
    return [change] if blob is None else [mark_orphan(item, blob), change]


def mark_unknown(item: Item, message: str) -> Statement:
    """Return the statement for a registration whose response was lost."""
    return _UNKNOWN, (int(State.UNKNOWN), escape_controls(message), item.id)


def mark_refused(item: Item) -> Statement:
    """Return the statement that counts a registration that was sent and refused."""
    return _REFUSED, (item.id,)


def mark_lookup(item: Item) -> Statement:
    """Return the statement for a file whose blob must be looked up before it is registered again."""
    return _STATE, (int(State.UNKNOWN), item.id)


def mark_absent(item: Item) -> Statement:
    """Return the statement for a File that is proven absent: its blob may be registered again."""
    return _STATE, (int(State.STORED), item.id)


def mark_confirmed(item: Item, file_id: str) -> Statement:
    """Return the statement for a File whose id the service returned."""
    return CONFIRMED, (int(State.CONFIRMED), file_id, item.id)


def mark_replaced(item: Item, file_id: str, md5: str) -> Statement:
    """Return the statement for an existing File that has the content of this file now."""
    return _REPLACED, (int(State.CONFIRMED), file_id, md5, item.id)


def mark_done(ids: Sequence[int]) -> list[Statement]:
    """Return the statements for items whose Files a listing showed.

    One statement for many items takes a fifth of the time of one statement for each.
    """
    return [_mark_done(ids[start : start + MANY]) for start in range(0, len(ids), MANY)]


def _mark_done(ids: Sequence[int]) -> Statement:
    places = ", ".join("?" * len(ids))
    return f"UPDATE item SET state = ? WHERE id IN ({places})", (int(State.DONE), *ids)  # noqa: S608


def mark_ended(
    item: Item, state: State, reason: Reason, message: str, *, file_id: str | None = None
) -> Statement:
    """Return the statement for a file that is skipped, unresolved, or to be tried again."""
    return _ENDED, (int(state), reason, escape_controls(message), file_id, item.id)


def mark_failed(item: Item, reason: Reason, message: str, *, blob: str | None) -> list[Statement]:
    """Return the statements for a file that failed in this run.

    A blob that was reserved for it is useless now, unless a registration of it was sent. In that case it
    stays in the row, and the next run looks it up first.
    """
    message = escape_controls(message)
    if item.unconfirmed and blob is not None:
        return [(_FAILED_KEEPING_BLOB, (int(State.FAILED), reason, message, item.id))]
    change = (_FAILED, (int(State.FAILED), reason, message, item.id))
    return [change] if blob is None else [mark_orphan(item, blob), change]


def mark_same(item: Item, file_id: str, md5: str) -> Statement:
    """Return the statement for a file that the server has already."""
    return _SAME, (int(State.SKIPPED), Reason.SAME, file_id, md5, item.id)


def unmark_orphan(item: Item, file_id: str) -> Statement:
    """Return the statement for a blob that a listed File references after all."""
    return _NO_ORPHAN, (item.id, item.folder, item.filename, file_id)


def mark_planned(item: Item, now: Fingerprint) -> list[Statement]:
    """Return the statements for a file that has changed since it was planned: earlier steps do not count."""
    change = (_AGAIN, (int(State.PLANNED), now.size, now.modified, now.changed, now.inode, item.id))
    former = (FORMER, (item.id,))
    return [former, change] if item.blob is None else [former, mark_orphan(item, item.blob), change]


def add_finding(kind: str, message: str) -> Statement:
    """Return the statement that adds a finding to the report."""
    return "INSERT OR IGNORE INTO finding VALUES (?, ?)", (kind, escape_controls(message))


PUTTING: Final = update("state", "blob", "since", clears=("md5", "etag", "reason", "message"))
STORED: Final = update("state", "md5", "etag", "sent")
SENT: Final = update("state", "sent")
_CREATING: Final = "UPDATE item SET state = ?, blob = NULL, md5 = ?, etag = 0, sent = ? WHERE id = ?"
_UNKNOWN: Final = "UPDATE item SET state = ?, message = ?, unconfirmed = unconfirmed + 1 WHERE id = ?"
_STATE: Final = "UPDATE item SET state = ? WHERE id = ?"
CONFIRMED: Final = update("state", "file", clears=("reason", "message"))
_REPLACED: Final = "UPDATE item SET state = ?, file = ?, md5 = ?, blob = NULL WHERE id = ?"
_ENDED: Final = "UPDATE item SET state = ?, reason = ?, message = ?, file = coalesce(?, file) WHERE id = ?"
_FAILED: Final = "UPDATE item SET state = ?, reason = ?, message = ?, blob = NULL WHERE id = ?"
_FAILED_KEEPING_BLOB: Final = "UPDATE item SET state = ?, reason = ?, message = ? WHERE id = ?"
_REFUSED: Final = "UPDATE item SET unconfirmed = unconfirmed + 1 WHERE id = ?"
_SAME: Final = "UPDATE item SET state = ?, reason = ?, message = NULL, file = ?, md5 = ? WHERE id = ?"
_AGAIN: Final = (
    "UPDATE item SET state = ?, size = ?, mtime = ?, ctime = ?, inode = ?, blob = NULL, etag = NULL, "
    "unconfirmed = 0, reason = NULL, message = NULL WHERE id = ?"
)
FORMER: Final = "INSERT OR IGNORE INTO former SELECT file FROM item WHERE id = ? AND file IS NOT NULL"
"""Statement that remembers the File of a file that gets another content."""
_NO_ORPHAN: Final = (
    "DELETE FROM orphan WHERE item = ? AND blob IN "
    "(SELECT blob FROM remote_file WHERE folder = ? AND filename = ? AND file = ?)"
)
_ORPHAN: Final = "INSERT INTO orphan VALUES (?, ?, ?)"
