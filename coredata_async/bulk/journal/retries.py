"""Retry pass: claims files that failed transiently. Runs in the journal's thread."""

from __future__ import annotations

import sqlite3
from typing import Final

from attrs import evolve

from coredata_async.bulk.journal.items import JOINED, Item, item_of
from coredata_async.bulk.states import Reason, State

BATCH: Final = 200
"""Number of files read from the journal at once."""


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


def reason(db: sqlite3.Connection, item: int) -> tuple[Reason, str]:
    """Return the reason and message of a file's last failure."""
    code, message = db.execute("SELECT reason, message FROM item WHERE id = ?", (item,)).fetchone()
    return Reason(code), message or ""


def claim_retries(db: sqlite3.Connection, after: int) -> list[Item]:
    """Claim a batch of files in RETRY, as PLANNED, or as STORED if the storage has the bytes."""
    rows = db.execute(_AGAIN, (after, State.RETRY, BATCH)).fetchall()
    retried = [item_of(row) for row in rows]
    items = [
        evolve(item, state=State.STORED if item.md5 and item.blob else State.PLANNED) for item in retried
    ]
    db.executemany("UPDATE item SET state = ? WHERE id = ?", [(item.state, item.id) for item in items])
    return items


_AGAIN: Final = f"{JOINED} WHERE item.id > ? AND item.state = ? ORDER BY item.id LIMIT ?"
