"""Journals and reports for tests."""

import json
import sqlite3
from typing import Any

from coredata_async.bulk.journal.schema import TABLES
from coredata_async.bulk.report.report import Report, RunSummary
from coredata_async.bulk.states import Counts, Reason, State

COURSE = RunSummary(journal="/state/job.sqlite", started=1_700_000_600.0, seconds=100.0, ended="complete")


class Rows:
    """Journal in memory, in its third run."""

    def __init__(self, *roots: bytes, run: int = 3, scanned: bool = True) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.executescript(TABLES)
        names = [root.decode("utf-8", "surrogateescape") for root in roots or (b"/data",)]
        self.db.execute(
            "INSERT INTO job (one, schema, tenant, account, parent, roots, created, run, scanned) "
            "VALUES (1, 1, 'https://acme.coredata.is', 'ann', 'p1', ?, 1700000000.0, ?, ?)",
            (json.dumps(names), run, run if scanned else run - 1),
        )
        self.db.execute("INSERT INTO folder (id, path, title) VALUES (1, x'2f64617461', 'data')")
        self.count = 0

    def close(self) -> None:
        self.db.close()

    def item(
        self,
        state: State | int,
        reason: Reason | str | None = None,
        message: str | None = None,
        *,
        size: int = 10,
        seen: int = 3,
        claim: int = 3,
        name: bytes | None = None,
        blob: str | None = None,
        file: str | None = None,
    ) -> int:
        self.count += 1
        made = self.db.execute(
            "INSERT INTO item (folder, name, filename, size, mtime, ctime, inode, state, reason, message, "
            "blob, "
            "file, claim, seen) VALUES (1, ?, '', ?, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?)",
            (name or b"f%d" % self.count, size, state, reason, message, blob, file, claim, seen),
        )
        return int(made.lastrowid or 0)

    def finding(self, kind: str, message: str) -> None:
        self.db.execute("INSERT INTO finding VALUES (?, ?)", (kind, message))


def a_report(**found: Any) -> Report:
    """Return a report of a complete run, changed by the given values."""
    usual: dict[str, Any] = {
        "journal": "/state/job.sqlite",
        "started": 1_700_000_600.0,
        "seconds": 100.0,
        "ended": "complete",
        "tenant": "https://acme.coredata.is",
        "parent": "p1",
        "roots": ("/data",),
        "run": 1,
        "created": 1_700_000_000.0,
        "scanned": True,
        "counts": Counts(planned=2, done=2),
        "bytes": Counts(planned=20, done=20),
    }
    return Report(**{**usual, **found})
