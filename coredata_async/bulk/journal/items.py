"""The journal's vocabulary: what a file's row says, and the statements that change it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from attrs import frozen

from coredata_async.bulk.journal.updates import Statement, update
from coredata_async.bulk.options import FileAttributes
from coredata_async.bulk.states import Reason, State
from coredata_async.storage.paths import Fingerprint
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.wire.files import NewFile

COLUMNS: Final = (
    "item.id, folder.path, item.folder, item.name, filename, size, mtime, ctime, inode, item.state, "
    "blob, md5, etag, since, sent, unconfirmed, file"
)
"""What `item_of` reads, from `item JOIN folder`."""

MANY: Final = 500
"""Files in one statement; older SQLites take 999 values at most."""

JOINED: Final = f"SELECT {COLUMNS} FROM item JOIN folder ON folder.id = item.folder"  # noqa: S608


@frozen
class Item:
    """A file of the job."""

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
    """When its bytes were stored, or registering was last sent for, in seconds since the epoch."""
    unconfirmed: int = 0
    """Registrations of its blob that were sent for and not confirmed: lost, or refused."""
    file: str | None = None
    """Of a file that is not CONFIRMED: the File that its earlier content became."""
    given: bool = False
    """Whether it is one of the PATHs: that may be a link, and is followed."""

    @property
    def title(self) -> str:
        """What people are shown: the file name without its ending. Always sent, so that it can be found."""
        return os.path.splitext(self.filename)[0] or self.filename  # noqa: PTH122  # no path

    def stored_state(self, content_type: str) -> Stored:
        """The state of the upload that the row speaks of."""
        plan = Planned(size=self.fingerprint.size, content_type=content_type, filename=self.filename)
        md5 = self.md5 or ""
        return Stored(plan, self.blob or "", md5, etag=md5 if self.etag else None, since=self.since)


def path_of(item: Item) -> Path:
    """Return where the file is."""
    return Path(os.fsdecode(item.path))


def new_file(item: Item, parent: str, terms: FileAttributes) -> NewFile:
    """The File that it is to become."""
    return NewFile(
        filename=item.filename,
        title=item.title,
        parent=parent,
        dynatype=terms.dynatype,
        contacts=tuple(terms.contacts),
        tags=tuple(terms.tags),
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


# Numbers go to SQLite as plain ones: of another class, as an `IntEnum` or a `bool` is, each costs 2 us of the
# journal's thread while Python looks for somebody to adapt it; with five states per file, 16 us of 51.
def mark_putting(item: Item, blob: str, since: datetime | None, *, instead_of: str | None) -> list[Statement]:
    """A blob is reserved, perhaps instead of another one, which may hold the bytes by now."""
    moment = None if since is None else since.timestamp()
    change = (PUTTING, (int(State.PUTTING), blob, moment, item.id))
    return [change] if instead_of is None else [mark_orphan(item, instead_of), change]


def mark_orphan(item: Item, blob: str) -> Statement:
    """A blob that no File will speak of."""
    return _ORPHAN, (item.id, blob, time.time())


def mark_stored(item: Item, what: Stored) -> Statement:
    """The storage has the bytes."""
    return STORED, (int(State.STORED), what.md5, int(what.etag is not None), time.time(), item.id)


def mark_registering(item: Item) -> Statement:
    """The File is about to be asked for. This must be on disk before the request leaves."""
    return SENT, (int(State.REGISTERING), time.time(), item.id)


def mark_creating(item: Item, blob: str | None) -> list[Statement]:
    """Give what must be on disk before a File is created without a blob; `blob` was reserved in vain."""
    change = (_CREATING, (int(State.REGISTERING), item.md5, item.sent, item.id))
    return [change] if blob is None else [mark_orphan(item, blob), change]


def mark_unknown(item: Item, message: str) -> Statement:
    """The answer was lost."""
    return _UNKNOWN, (int(State.UNKNOWN), message, item.id)


def mark_refused(item: Item) -> Statement:
    """Count a registration that was sent for and refused."""
    return _REFUSED, (item.id,)


def mark_looked_for(item: Item) -> Statement:
    """Mark a file whose blob has to be looked for before it is registered again."""
    return _STATE, (int(State.UNKNOWN), item.id)


def mark_absent(item: Item) -> Statement:
    """The File is proven not to be there: its blob may be registered again."""
    return _STATE, (int(State.STORED), item.id)


def mark_confirmed(item: Item, file_id: str) -> Statement:
    """The service gave an id."""
    return CONFIRMED, (int(State.CONFIRMED), file_id, item.id)


def mark_replaced(item: Item, file_id: str, md5: str) -> Statement:
    """The content of a File that was there is the file's now."""
    return _REPLACED, (int(State.CONFIRMED), file_id, md5, item.id)


def mark_done(ids: Sequence[int]) -> list[Statement]:
    """A listing showed the Files of these items. One statement for many takes a fifth of one for each."""
    return [_mark_done(ids[start : start + MANY]) for start in range(0, len(ids), MANY)]


def _mark_done(ids: Sequence[int]) -> Statement:
    places = ", ".join("?" * len(ids))
    return f"UPDATE item SET state = ? WHERE id IN ({places})", (int(State.DONE), *ids)  # noqa: S608


def mark_ended(
    item: Item, state: State, reason: Reason, message: str, *, file_id: str | None = None
) -> Statement:
    """Skipped, unresolved, or to be tried again."""
    return _ENDED, (int(state), reason, message, file_id, item.id)


def mark_failed(item: Item, reason: Reason, message: str, *, blob: str | None) -> list[Statement]:
    """Mark a file as failed in this run.

    A blob that was reserved for it is of no more use, unless registering it was sent for: then it stays in
    the row, and the next run looks for it first.
    """
    if item.unconfirmed and blob is not None:
        return [(_FAILED_KEEPING_BLOB, (int(State.FAILED), reason, message, item.id))]
    change = (_FAILED, (int(State.FAILED), reason, message, item.id))
    return [change] if blob is None else [mark_orphan(item, blob), change]


def mark_same(item: Item, file_id: str, md5: str) -> Statement:
    """The server has it already."""
    return _SAME, (int(State.SKIPPED), Reason.SAME, file_id, md5, item.id)


def mark_planned(item: Item, now: Fingerprint) -> list[Statement]:
    """The file is another one than when it was planned: what was done for it does not count."""
    change = (_AGAIN, (int(State.PLANNED), now.size, now.modified, now.changed, now.inode, item.id))
    former = (FORMER, (item.id,))
    return [former, change] if item.blob is None else [former, mark_orphan(item, item.blob), change]


def add_finding(kind: str, message: str) -> Statement:
    """A finding for the report."""
    return "INSERT OR IGNORE INTO finding VALUES (?, ?)", (kind, message)


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
"""What remembers the File of a file that gets another content."""
_ORPHAN: Final = "INSERT INTO orphan VALUES (?, ?, ?)"
