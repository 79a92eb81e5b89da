"""What an earlier run left in the journal, taken up. Runs in the journal's thread."""

from __future__ import annotations

import sqlite3
import time

from coredata_async.bulk.plan import Sums
from coredata_async.bulk.states import State


def begin(db: sqlite3.Connection) -> Sums:
    """Take up what an earlier run left behind; gives how many files there are in which state.

    An intent that is on disk may have been carried out: what was REGISTERING is UNKNOWN. Bytes whose
    end nobody saw count for nothing.
    """
    now = time.time()
    asked = "UPDATE item SET state = ?, rounds = max(rounds, 1) WHERE state = ?"
    db.execute(asked, (State.UNKNOWN, State.REGISTERING))
    db.execute(
        "INSERT INTO orphan SELECT id, blob, ? FROM item WHERE state = ? AND blob IS NOT NULL",
        (now, State.PUTTING),
    )
    db.execute("UPDATE item SET state = ?, blob = NULL WHERE state = ?", (State.PLANNED, State.PUTTING))
    # What failed, or could not be settled, is tried again: the reason may have gone.
    db.execute("UPDATE item SET state = ?, rounds = 1 WHERE state = ?", (State.UNKNOWN, State.UNRESOLVED))
    # A blob that registering was sent for is looked for before anything else is done for the file.
    stored = "blob IS NOT NULL AND md5 IS NOT NULL AND rounds > 0"
    kept = f"UPDATE item SET state = ? WHERE state = ? AND {stored}"  # noqa: S608
    db.execute(kept, (State.STORED, State.FAILED))
    db.execute("UPDATE item SET state = ?, rounds = 0 WHERE state = ?", (State.PLANNED, State.FAILED))
    bare = "UPDATE item SET state = ? WHERE state = ? AND (md5 IS NULL OR blob IS NULL)"
    db.execute(bare, (State.PLANNED, State.RETRY))  # a digest alone may be of an earlier content
    db.execute("UPDATE item SET state = ? WHERE state = ?", (State.STORED, State.RETRY))
    return counted(db)


def counted(db: sqlite3.Connection) -> Sums:
    """What the journal holds."""
    rows = db.execute("SELECT state, count(*), sum(size) FROM item GROUP BY state").fetchall()
    return Sums({State(row[0]): row[1] for row in rows}, {State(row[0]): row[2] for row in rows})
