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
from coredata_async.bulk.options import Terms
from coredata_async.bulk.states import State, Why
from coredata_async.storage.paths import Print
from coredata_async.transfer.steps import Planned, Stored
from coredata_async.wire.files import NewFile

COLUMNS: Final = (
    "item.id, folder.path, item.folder, item.name, filename, size, mtime, ctime, inode, item.state, "
    "blob, md5, etag, since, sent, rounds, file"
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
    print: Print
    state: State
    blob: str | None = None
    md5: str | None = None
    etag: bool = False
    since: datetime | None = None
    sent: float = 0.0
    """When its bytes were stored, or registering was last sent for, in seconds since the epoch."""
    rounds: int = 0
    """Registrations of its blob that were sent for and not confirmed: lost, or refused."""
    file: str | None = None
    """Of a file that is not CONFIRMED: the File that its earlier content became."""
    given: bool = False
    """Whether it is one of the PATHs: that may be a link, and is followed."""

    @property
    def title(self) -> str:
        """What people are shown: the file name without its ending. Always sent, so that it can be found."""
        return os.path.splitext(self.filename)[0] or self.filename  # noqa: PTH122  # no path

    def stored(self, content_type: str) -> Stored:
        """The state of the upload that the row speaks of."""
        plan = Planned(size=self.print.size, content_type=content_type, filename=self.filename)
        md5 = self.md5 or ""
        return Stored(plan, self.blob or "", md5, etag=md5 if self.etag else None, since=self.since)


def path_of(item: Item) -> Path:
    """Where the file is."""
    return Path(os.fsdecode(item.path))


def new_file(item: Item, parent: str, terms: Terms) -> NewFile:
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
        print=Print(size, mtime, ctime, inode),
        state=State(state),
        blob=blob,
        md5=md5,
        etag=bool(etag),
        since=None if since is None else datetime.fromtimestamp(since, UTC),
        sent=sent or 0.0,
        rounds=rounds,
        file=file,
        given=not at,
    )


# Numbers go to SQLite as plain ones: of another class, as an `IntEnum` or a `bool` is, each costs 2 us of the
# journal's thread while Python looks for somebody to adapt it; with five states per file, 16 us of 51.
def putting(item: Item, blob: str, since: datetime | None, *, instead_of: str | None) -> list[Statement]:
    """A blob is reserved, perhaps instead of another one, which may hold the bytes by now."""
    moment = None if since is None else since.timestamp()
    change = (PUTTING, (int(State.PUTTING), blob, moment, item.id))
    return [change] if instead_of is None else [orphaned(item, instead_of), change]


def orphaned(item: Item, blob: str) -> Statement:
    """A blob that no File will speak of."""
    return _ORPHAN, (item.id, blob, time.time())


def stored(item: Item, what: Stored) -> Statement:
    """The storage has the bytes."""
    return STORED, (int(State.STORED), what.md5, int(what.etag is not None), time.time(), item.id)


def registering(item: Item) -> Statement:
    """The File is about to be asked for. This must be on disk before the request leaves."""
    return SENT, (int(State.REGISTERING), time.time(), item.id)


def creating(item: Item, blob: str | None) -> list[Statement]:
    """Give what must be on disk before a File is created without a blob; `blob` was reserved in vain."""
    change = (_CREATING, (int(State.REGISTERING), item.md5, item.sent, item.id))
    return [change] if blob is None else [orphaned(item, blob), change]


def unknown(item: Item, words: str) -> Statement:
    """The answer was lost."""
    return _UNKNOWN, (int(State.UNKNOWN), words, item.id)


def refused(item: Item) -> Statement:
    """Count a registration that was sent for and refused."""
    return _REFUSED, (item.id,)


def looked_for(item: Item) -> Statement:
    """Mark a file whose blob has to be looked for before it is registered again."""
    return _STATE, (int(State.UNKNOWN), item.id)


def absent(item: Item) -> Statement:
    """The File is proven not to be there: its blob may be registered again."""
    return _STATE, (int(State.STORED), item.id)


def confirmed(item: Item, file_id: str) -> Statement:
    """The service gave an id."""
    return CONFIRMED, (int(State.CONFIRMED), file_id, item.id)


def replaced(item: Item, file_id: str, md5: str) -> Statement:
    """The content of a File that was there is the file's now."""
    return _REPLACED, (int(State.CONFIRMED), file_id, md5, item.id)


def done(ids: Sequence[int]) -> list[Statement]:
    """A listing showed the Files of these items. One statement for many takes a fifth of one for each."""
    return [_done(ids[start : start + MANY]) for start in range(0, len(ids), MANY)]


def _done(ids: Sequence[int]) -> Statement:
    places = ", ".join("?" * len(ids))
    return f"UPDATE item SET state = ? WHERE id IN ({places})", (int(State.DONE), *ids)  # noqa: S608


def ended(item: Item, state: State, why: Why, words: str, *, file_id: str | None = None) -> Statement:
    """Skipped, unresolved, or to be tried again."""
    return _ENDED, (int(state), why, words, file_id, item.id)


def failed(item: Item, why: Why, words: str, *, blob: str | None) -> list[Statement]:
    """Mark a file as failed in this run.

    A blob that was reserved for it is of no more use, unless registering it was sent for: then it stays in
    the row, and the next run looks for it first.
    """
    if item.rounds and blob is not None:
        return [(_FAILED_ASKED, (int(State.FAILED), why, words, item.id))]
    change = (_FAILED, (int(State.FAILED), why, words, item.id))
    return [change] if blob is None else [orphaned(item, blob), change]


def same(item: Item, file_id: str, md5: str) -> Statement:
    """The server has it already."""
    return _SAME, (int(State.SKIPPED), Why.SAME, file_id, md5, item.id)


def planned_again(item: Item, now: Print) -> list[Statement]:
    """The file is another one than when it was planned: what was done for it does not count."""
    change = (_AGAIN, (int(State.PLANNED), now.size, now.modified, now.changed, now.inode, item.id))
    former = (FORMER, (item.id,))
    return [former, change] if item.blob is None else [former, orphaned(item, item.blob), change]


def found(kind: str, words: str) -> Statement:
    """A finding for the report."""
    return "INSERT OR IGNORE INTO finding VALUES (?, ?)", (kind, words)


PUTTING: Final = update("state", "blob", "since", clears=("md5", "etag", "why", "words"))
STORED: Final = update("state", "md5", "etag", "sent")
SENT: Final = update("state", "sent")
_CREATING: Final = "UPDATE item SET state = ?, blob = NULL, md5 = ?, etag = 0, sent = ? WHERE id = ?"
_UNKNOWN: Final = "UPDATE item SET state = ?, words = ?, rounds = rounds + 1 WHERE id = ?"
_STATE: Final = "UPDATE item SET state = ? WHERE id = ?"
CONFIRMED: Final = update("state", "file", clears=("why", "words"))
_REPLACED: Final = "UPDATE item SET state = ?, file = ?, md5 = ?, blob = NULL WHERE id = ?"
_ENDED: Final = "UPDATE item SET state = ?, why = ?, words = ?, file = coalesce(?, file) WHERE id = ?"
_FAILED: Final = "UPDATE item SET state = ?, why = ?, words = ?, blob = NULL WHERE id = ?"
_FAILED_ASKED: Final = "UPDATE item SET state = ?, why = ?, words = ? WHERE id = ?"
_REFUSED: Final = "UPDATE item SET rounds = rounds + 1 WHERE id = ?"
_SAME: Final = "UPDATE item SET state = ?, why = ?, words = NULL, file = ?, md5 = ? WHERE id = ?"
_AGAIN: Final = (
    "UPDATE item SET state = ?, size = ?, mtime = ?, ctime = ?, inode = ?, blob = NULL, etag = NULL, "
    "rounds = 0, why = NULL, words = NULL WHERE id = ?"
)
FORMER: Final = "INSERT OR IGNORE INTO former SELECT file FROM item WHERE id = ? AND file IS NOT NULL"
"""What remembers the File of a file that gets another content."""
_ORPHAN: Final = "INSERT INTO orphan VALUES (?, ?, ?)"
