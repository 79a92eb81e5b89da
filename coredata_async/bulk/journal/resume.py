"""What an earlier run left in the journal, claimed. Runs in the journal's thread."""

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
    """Take up what an earlier run left behind; gives how many files there are in which state.

    An intent that is on disk may have been carried out: what was REGISTERING is UNKNOWN. Bytes whose
    end nobody saw count for nothing.

    Args:
        db: The journal's connection.
        sent_until: The last moment, in seconds since the epoch, at which a process other than this journal's
            own can have sent requests for this tree, if that is later than what the journal says.
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
    # What failed, or could not be settled, is tried again: the reason may have gone.
    db.execute(
        "UPDATE item SET state = ?, unconfirmed = 1 WHERE state = ?", (State.UNKNOWN, State.UNRESOLVED)
    )
    # A blob that registering was sent for is looked for before anything else is done for the file.
    stored = "blob IS NOT NULL AND md5 IS NOT NULL AND unconfirmed > 0"
    kept = f"UPDATE item SET state = ? WHERE state = ? AND {stored}"  # noqa: S608
    db.execute(kept, (State.STORED, State.FAILED))
    db.execute("UPDATE item SET state = ?, unconfirmed = 0 WHERE state = ?", (State.PLANNED, State.FAILED))
    bare = "UPDATE item SET state = ? WHERE state = ? AND (md5 IS NULL OR blob IS NULL)"
    db.execute(bare, (State.PLANNED, State.RETRY))  # a digest alone may be of an earlier content
    db.execute("UPDATE item SET state = ? WHERE state = ?", (State.STORED, State.RETRY))
    return count_states(db)


def read_sent(db: sqlite3.Connection) -> Sent:
    """Read until when another process can have sent requests."""
    until, by = db.execute("SELECT sent_until, sent_by FROM job").fetchone()
    return Sent(until, by if by in _SENDERS else "other")


def suspect(db: sqlite3.Connection, sent_until: float, by: Sender) -> None:
    """Write down that another process has sent requests until a moment, perhaps into any folder."""
    db.execute("UPDATE job SET sent_until = max(coalesce(sent_until, 0), ?), sent_by = ?", (sent_until, by))
    db.execute("UPDATE folder SET made = 0")


def waive(db: sqlite3.Connection) -> None:
    """Write down that there is no other process."""
    db.execute("UPDATE job SET sent_until = NULL")


def count_states(db: sqlite3.Connection) -> Sums:
    """Return what the journal holds."""
    rows = db.execute("SELECT state, count(*), sum(size) FROM item GROUP BY state").fetchall()
    return Sums({State(row[0]): row[1] for row in rows}, {State(row[0]): row[2] for row in rows})
