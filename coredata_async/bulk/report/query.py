"""The report of a run, counted in the journal."""

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
from coredata_async.bulk.report.report import Counts, Entry, Orphan, Report, RunSummary
from coredata_async.bulk.states import FINAL, Reason, State
from coredata_async.redaction import without_queries

KEPT: Final = 10_000
"""How many entries of each list are kept, so that a million failures do not fill the memory."""

_SIDES: Final = {
    State.DONE: "done",
    State.SKIPPED: "skipped",
    State.FAILED: "failed",
    State.UNRESOLVED: "unresolved",
}
_KNOWN: Final = frozenset(int(state) for state in State)
_REASONS: Final = frozenset(str(why) for why in Reason)
_SETTLED: Final = ", ".join(str(int(state)) for state in sorted(FINAL - {State.UNRESOLVED}))
_COUNTED: Final = f"(:all OR item.seen = :run OR item.state NOT IN ({_SETTLED}))"
_GROUPS: Final = f"""
SELECT state, reason, claim = :run, count(*), sum(size) FROM item WHERE {_COUNTED} GROUP BY 1, 2, 3
"""  # noqa: S608  # numbers and names of ours only
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
    """Files of one state and reason."""

    state: int
    reason: str | None
    fresh: bool
    files: int
    bytes: int


def read_report(db: sqlite3.Connection, course: RunSummary, *, kept: int = KEPT) -> Report:
    """Count what the journal says of this run.

    A file counts if this run's scan saw it; if not, as long as something is to be done or said about it.
    When the scan was not completed, all count.
    """
    job = "SELECT tenant, parent, roots, created, run, scanned = run FROM job"
    tenant, parent, roots, created, run, scanned = db.execute(job).fetchone()
    scope = {"run": run, "all": not scanned}
    groups = [_Group(*row) for row in db.execute(_GROUPS, scope)]
    fresh = [group for group in groups if group.fresh]
    counts = _counts((each.state, each.files) for each in groups)
    orphans, orphans_total = _orphans(db, kept)
    duplicates, duplicates_total = _findings(db, "duplicate", kept)
    warnings, warnings_total = _findings(db, "warning", kept)
    return Report(
        **asdict(course, recurse=False),
        tenant=without_queries(tenant),
        parent=parent,
        roots=tuple(path_text(root.encode("utf-8", "surrogateescape")) for root in json.loads(roots)),
        run=run,
        created=created,
        scanned=bool(scanned),
        counts=counts,
        bytes=_counts((each.state, each.bytes) for each in groups),
        fresh=_counts((each.state, each.files) for each in fresh),
        fresh_bytes=_counts((each.state, each.bytes) for each in fresh),
        skipped_by=_reasons(groups, State.SKIPPED),
        failed_by=_reasons(groups, State.FAILED),
        files=(
            *_entries(db, scope, groups, State.DONE, kept),
            *(one for one in _entries(db, scope, groups, State.SKIPPED, kept) if one.reason == Reason.SAME),
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
    """Sums by how files ended. What is in a state that does not exist is planned only: it does not add up."""
    sums = dict.fromkeys(("planned", "pending", *_SIDES.values()), 0)
    for state, count in states:
        sums["planned"] += count
        if state in _KNOWN:
            sums[_SIDES.get(State(state), "pending")] += count
    return Counts(**sums)


def _reasons(groups: Iterable[_Group], state: State) -> dict[Reason, int]:
    """Files of a state by reason, the most frequent first. One that is not known is an error of ours."""
    found: Counter[Reason] = Counter()
    for group in groups:
        if group.state == state:
            found[_reason(group.reason) or Reason.INTERNAL] += group.files
    return dict(found.most_common())


def _reason(text: str | None) -> Reason | None:
    return Reason(text) if text in _REASONS else None


def _entries(
    db: sqlite3.Connection, scope: Mapping[str, object], groups: Iterable[_Group], state: State, kept: int
) -> Iterator[Entry]:
    """Some files of every reason: a million of one kind must not hide three of another."""
    sizes: Counter[str | None] = Counter()
    for group in groups:
        if group.state == state:
            sizes[group.reason] += group.files
    left = kept
    for at, (why, count) in enumerate(sorted(sizes.items(), key=itemgetter(1))):  # the rarest first
        limit = min(count, left // (len(sizes) - at))
        left -= limit
        asked = {**scope, "state": int(state), "reason": why, "limit": limit}
        for folder, name, size, words, blob, file in db.execute(_ENTRIES, asked):
            raw = _join(folder, name)
            path = path_text(raw)
            yield Entry(
                path=path,
                raw=None if path.encode() == raw else raw,
                size=size,
                reason=_reason(why),
                message=without_queries(words or ""),
                blob=blob,
                file_id=file,
            )


def _orphans(db: sqlite3.Connection, kept: int) -> tuple[tuple[Orphan, ...], int]:
    found = tuple(
        Orphan(path=path_text(_join(folder, name or b"")), blob=blob, at=at)
        for folder, name, blob, at in db.execute(_ORPHANS, (kept,))
    )
    return found, db.execute("SELECT count(*) FROM orphan").fetchone()[0]


def _findings(db: sqlite3.Connection, kind: str, kept: int) -> tuple[tuple[str, ...], int]:
    found = db.execute("SELECT message FROM finding WHERE kind = ? ORDER BY rowid LIMIT ?", (kind, kept))
    total = db.execute("SELECT count(*) FROM finding WHERE kind = ?", (kind,)).fetchone()[0]
    return tuple(without_queries(words) for (words,) in found), total


def _join(folder: bytes | None, name: bytes) -> bytes:
    return os.path.join(folder or b"", name)  # noqa: PTH118  # bytes
