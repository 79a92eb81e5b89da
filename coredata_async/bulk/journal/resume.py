"""Resuming: takes over the items of an earlier run. Runs in the journal's thread."""

from __future__ import annotations

import sqlite3
import time
from typing import Final, get_args

from coredata_async.bulk.journal.planning import Sums
from coredata_async.bulk.journal.schema import Sender
from coredata_async.bulk.journal.settle_wait import Sent
from coredata_async.bulk.states import State

_SENDERS: Final = get_args(Sender)


def begin(db: sqlite3.Connection, sent_until: float | None = None, by: Sender = "other") -> Sums:
    """Take over the items of an earlier run, and return the number of files in each state.

    An intent on disk may have been carried out, so REGISTERING becomes UNKNOWN. An upload of bytes whose end
    was not recorded does not count.

    Args:
        db: The journal's connection.
        sent_until: The last moment, in seconds since the epoch, at which a process other than this journal's
            own can have sent requests for this tree, if that is later than the journal's own value.
        by: That process.
    """
    now = time.time()
    if sent_until is not None:
        suspect(db, sent_until, by)
    asked = "UPDATE item SET state = ?, unconfirmed = max(unconfirmed, 1) WHERE state = ?"
    db.execute(asked, (State.UNKNOWN, State.REGISTERING))
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
    kept = f"UPDATE item SET state = ? WHERE state = ? AND {stored}"  # noqa: S608
    db.execute(kept, (State.STORED, State.FAILED))
    db.execute("UPDATE item SET state = ?, unconfirmed = 0 WHERE state = ?", (State.PLANNED, State.FAILED))
    bare = "UPDATE item SET state = ? WHERE state = ? AND (md5 IS NULL OR blob IS NULL)"
    db.execute(bare, (State.PLANNED, State.RETRY))  # a digest alone may belong to an earlier content
    db.execute("UPDATE item SET state = ? WHERE state = ?", (State.STORED, State.RETRY))
    return count_states(db)


def read_sent(db: sqlite3.Connection) -> Sent:
    """Read the last moment at which another process can have sent requests."""
    until, by = db.execute("SELECT sent_until, sent_by FROM job").fetchone()
    return Sent(until, by if by in _SENDERS else "other")


def is_copy(db: sqlite3.Connection) -> bool:
    """Return whether the journal is a copy of another machine's, which may have written and sent more."""
    return (
        db.execute("SELECT 1 FROM job WHERE sent_by = 'owner' AND sent_until IS NULL").fetchone() is not None
    )


def suspect(db: sqlite3.Connection, sent_until: float, by: Sender) -> None:
    """Record that another process has sent requests until a moment, perhaps into any folder."""
    db.execute("UPDATE job SET sent_until = max(coalesce(sent_until, 0), ?), sent_by = ?", (sent_until, by))
    db.execute("UPDATE folder SET made = 0")


def waive(db: sqlite3.Connection) -> None:
    """Record that no other process has sent requests."""
    db.execute("UPDATE job SET sent_until = NULL")


def count_states(db: sqlite3.Connection) -> Sums:
    """Return the files and bytes in each state."""
    rows = db.execute("SELECT state, count(*), sum(size) FROM item GROUP BY state").fetchall()
    return Sums({State(row[0]): row[1] for row in rows}, {State(row[0]): row[2] for row in rows})
