"""Report of a run, computed from the journal."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Final

from attrs import asdict, frozen

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.report.report import KEPT, Entry, Orphan, Report, RunSummary
from coredata_async.bulk.states import FINAL, Counts, Reason, State
from coredata_async.redaction import without_queries

_SIDES: Final = {
    State.DONE: "done",
    State.SKIPPED: "skipped",
    State.FAILED: "failed",
    State.UNRESOLVED: "unresolved",
}
_KNOWN: Final = frozenset(int(state) for state in State)
_REASONS: Final = frozenset(str(reason) for reason in Reason)
_SETTLED: Final = ", ".join(str(int(state)) for state in sorted(FINAL - {State.UNRESOLVED}))
# A file that was given to a shard is counted by the report of the shard.
_COUNTED: Final = f"item.shard IS NULL AND (:all OR item.seen = :run OR item.state NOT IN ({_SETTLED}))"
_GROUPS: Final = f"""
SELECT state, reason, claim = :run, count(*), sum(size) FROM item WHERE {_COUNTED} GROUP BY 1, 2, 3
"""  # noqa: S608  # built from constants
_ENTRIES: Final = f"""
SELECT folder.path, item.name, size, message, blob, file
FROM item LEFT JOIN folder ON folder.id = item.folder
WHERE item.state = :state AND reason IS :reason AND {_COUNTED} ORDER BY item.id LIMIT :limit
"""  # noqa: S608
_ORPHANS: Final = """
SELECT folder.path, item.name, orphan.blob, orphan.at
FROM orphan LEFT JOIN item ON item.id = orphan.item LEFT JOIN folder ON folder.id = item.folder
ORDER BY orphan.rowid LIMIT ?
"""


@frozen
class _Group:
    """Number and bytes of the files of one state and reason."""

    state: int
    reason: str | None
    fresh: bool
    files: int
    bytes: int


def read_report(db: sqlite3.Connection, summary: RunSummary, *, kept: int = KEPT) -> Report:
    """Compute the report of a run from the journal.

    A file counts if this run's scan saw it, or if it is not settled yet. If the scan was not completed, all
    files count.
    """
    job = "SELECT tenant, parent, roots, created, run, scanned = run FROM job"
    tenant, parent, roots, created, run, scanned = db.execute(job).fetchone()
    scope = {"run": run, "all": not scanned}
    groups = [_Group(*row) for row in db.execute(_GROUPS, scope)]
    fresh = [group for group in groups if group.fresh]
    counts = _counts((group.state, group.files) for group in groups)
    orphans, orphans_total = _orphans(db, kept)
    duplicates, duplicates_total = _findings(db, "duplicate", kept)
    warnings, warnings_total = _findings(db, "warning", kept)
    return Report(
        **asdict(summary, recurse=False),
        tenant=without_queries(tenant),
        parent=parent,
        roots=tuple(path_text(root.encode("utf-8", "surrogateescape")) for root in json.loads(roots)),
        run=run,
        created=created,
        scanned=bool(scanned),
        counts=counts,
        bytes=_counts((group.state, group.bytes) for group in groups),
        fresh=_counts((group.state, group.files) for group in fresh),
        fresh_bytes=_counts((group.state, group.bytes) for group in fresh),
        skipped_by=_reasons(groups, State.SKIPPED),
        failed_by=_reasons(groups, State.FAILED),
        files=(
            *_entries(db, scope, groups, State.DONE, kept),
            *(
                entry
                for entry in _entries(db, scope, groups, State.SKIPPED, kept)
                if entry.reason == Reason.SAME
            ),
        ),
        files_total=counts.done + _reasons(groups, State.SKIPPED).get(Reason.SAME, 0),
        failures=tuple(_entries(db, scope, groups, State.FAILED, kept)),
        failures_total=counts.failed,
        unresolved=tuple(_entries(db, scope, groups, State.UNRESOLVED, kept)),
        unresolved_total=counts.unresolved,
        duplicates=duplicates,
        duplicates_total=duplicates_total,
        orphans=orphans,
        orphans_total=orphans_total,
        warnings=warnings,
        warnings_total=warnings_total,
    )


def _counts(states: Iterable[tuple[int, int]]) -> Counts:
    """Return sums by state. An unknown state counts as planned only, so that the report does not add up."""
    sums = dict.fromkeys(("planned", "pending", *_SIDES.values()), 0)
    for state, count in states:
        sums["planned"] += count
        if state in _KNOWN:
            sums[_SIDES.get(State(state), "pending")] += count
    return Counts(**sums)


def _reasons(groups: Iterable[_Group], state: State) -> dict[Reason, int]:
    """Return the files of a state by reason, the most frequent first. An unknown one counts as INTERNAL."""
    by_reason: Counter[Reason] = Counter()
    for group in groups:
        if group.state == state:
            by_reason[_reason(group.reason) or Reason.INTERNAL] += group.files
    return dict(by_reason.most_common())


def _reason(text: str | None) -> Reason | None:
    return Reason(text) if text in _REASONS else None


def _entries(
    db: sqlite3.Connection, scope: Mapping[str, object], groups: Iterable[_Group], state: State, kept: int
) -> Iterator[Entry]:
    """Yield some files of every reason, so that a million of one kind do not hide three of another."""
    sizes: Counter[str | None] = Counter()
    for group in groups:
        if group.state == state:
            sizes[group.reason] += group.files
    left = kept
    for index, (reason, count) in enumerate(sorted(sizes.items(), key=itemgetter(1))):  # the rarest first
        limit = min(count, left // (len(sizes) - index))
        left -= limit
        cause = _reason(reason)
        parameters = {**scope, "state": int(state), "reason": reason, "limit": limit}
        for folder, name, size, message, blob, file in db.execute(_ENTRIES, parameters):
            raw = os.path.join(folder or b"", name)  # noqa: PTH118  # bytes
            path = path_text(raw)
            yield Entry(
                path=path,
                raw=None if path.encode() == raw else raw,
                size=size,
                reason=cause,
                message=without_queries(message) if message else "",
                blob=blob,
                file_id=file,
            )


def _orphans(db: sqlite3.Connection, kept: int) -> tuple[tuple[Orphan, ...], int]:
    orphans = tuple(
        Orphan(path=path_text(os.path.join(folder or b"", name or b"")), blob=blob, at=at)  # noqa: PTH118
        for folder, name, blob, at in db.execute(_ORPHANS, (kept,))
    )
    return orphans, db.execute("SELECT count(*) FROM orphan").fetchone()[0]


def _findings(db: sqlite3.Connection, kind: str, kept: int) -> tuple[tuple[str, ...], int]:
    rows = db.execute("SELECT message FROM finding WHERE kind = ? ORDER BY rowid LIMIT ?", (kind, kept))
    total = db.execute("SELECT count(*) FROM finding WHERE kind = ?", (kind,)).fetchone()[0]
    return tuple(without_queries(message) for (message,) in rows), total
