"""Report of a job: counts that add up, and entries that people must check; its form as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import attrs
from attrs import evolve, field, frozen

from coredata_async.bulk.plain import from_plain, to_plain
from coredata_async.bulk.states import (
    EXIT_CODE_OF_END,
    EXIT_CODE_OF_REASON,
    EXIT_CODES_BY_SEVERITY,
    GRAVITY,
    Api,
    Counts,
    Ended,
    Reason,
    add_reasons,
    exception_for,
)
from coredata_async.errors import BulkError, CoreDataError
from coredata_async.version import VERSION

FORMAT: Final = 1
"""Version of the keys of a report as JSON."""
KEPT: Final = 10_000
"""Maximum number of entries in each list, so that a million failures do not fill the memory."""


@frozen(kw_only=True)
class Entry:
    """File of a report's list."""

    path: str
    """Path as text; bytes that are not UTF-8 are written as `\\xNN`."""
    raw: bytes | None = None
    """Path as it is on disk, if `path` cannot represent it."""
    size: int = 0
    reason: Reason | None = None
    message: str = ""
    blob: str | None = None
    file_id: str | None = None

    @property
    def sentence(self) -> str:
        """Message that names the file; most messages name it already."""
        return (
            self.message
            if self.path in self.message
            else f"{self.path}: {self.message or self.reason or 'failed'}"
        )


@frozen(kw_only=True)
class Orphan:
    """Reserved blob, perhaps with content, that no File references."""

    path: str
    blob: str
    at: float
    """Seconds since the epoch."""


_NONE: Final = Counts()
_NO_REQUESTS: Final = Api()


def _no_settings() -> Mapping[str, object]:
    return {}


def _no_reasons() -> Mapping[Reason, int]:
    return {}


@frozen(kw_only=True)
class RunSummary:
    """Summary of one run: the facts that are not in the journal."""

    journal: str
    started: float
    """Beginning of this run, in seconds since the epoch."""
    seconds: float
    """Duration of the run."""
    ended: Ended
    message: str = ""
    """Reason for an early end."""
    excluded: int = 0
    """Number of files excluded by the selection, and so not planned. A directory counts as one."""
    api: Api = _NO_REQUESTS
    waited: float = 0.0
    """Seconds for which some folders waited, so that no File of another job is duplicated."""
    wait_left: float = 0.0
    """Seconds of this wait that were left at the end of the run; the next run waits for them."""
    wait_reason: str = ""
    """Reason for the wait."""
    settings: Mapping[str, object] = field(factory=_no_settings)
    """Options of the run, for people."""


@frozen(kw_only=True)
class Report(RunSummary):
    """Report of a job. Each list holds at most some thousand entries; its `…_total` counts all of them."""

    tenant: str
    parent: str
    roots: tuple[str, ...]
    run: int
    """Number of runs of the job, including this one."""
    created: float
    """Beginning of the first run, in seconds since the epoch."""
    scanned: bool
    """True if this run saw all sources; otherwise `counts` include all that any run has seen."""
    counts: Counts = _NONE
    bytes: Counts = _NONE
    fresh: Counts = _NONE
    """Counts of the files that this run claimed."""
    fresh_bytes: Counts = _NONE
    skipped_by: Mapping[Reason, int] = field(factory=_no_reasons)
    failed_by: Mapping[Reason, int] = field(factory=_no_reasons)
    files: tuple[Entry, ...] = ()
    """Files of the job that the server has, with their ids: those done, and those skipped as the same."""
    files_total: int = 0
    failures: tuple[Entry, ...] = ()
    failures_total: int = 0
    unresolved: tuple[Entry, ...] = ()
    unresolved_total: int = 0
    duplicates: tuple[str, ...] = ()
    duplicates_total: int = 0
    orphans: tuple[Orphan, ...] = ()
    orphans_total: int = 0
    warnings: tuple[str, ...] = ()
    warnings_total: int = 0

    @classmethod
    def from_json(cls, data: str | Mapping[str, Any]) -> Report:
        """Read a report from its JSON, or from the values of it. See `as_json`.

        Raises:
            ConfigurationError: If it is not the report of this version of the library.
        """
        values: dict[str, Any] = dict(data) if isinstance(data, Mapping) else json.loads(data)
        counts = dict(values.get("counts") or {})
        excluded = counts.pop("excluded", 0)
        known = {each.name for each in attrs.fields(cls)}
        fields = {name: value for name, value in values.items() if name in known}
        return from_plain(cls, {**fields, "counts": counts, "excluded": excluded})

    def __add__(self, other: Report) -> Report:
        """Return the report of two parts of one job, such as two shards, that have no file in common.

        Counts add up. The graver end counts, with its message. Lists are joined and hold at most `KEPT`
        entries; their totals are exact.

        Raises:
            ValueError: If the reports are about different servers or parents.
        """
        if (self.tenant, self.parent) != (other.tenant, other.parent):
            raise ValueError(
                f"a report about parent {other.parent} of {other.tenant} cannot be added to one about "
                f"{self.parent} of {self.tenant}"
            )
        graver = max(self, other, key=lambda report: GRAVITY[report.ended])  # the first of equal ones
        started = min(self.started, other.started)
        joined: dict[str, Any] = {
            name: (*getattr(self, name), *getattr(other, name))[:KEPT] for name in _LISTS
        }
        joined |= {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        return evolve(
            self,
            **joined,
            journal=self.journal if self.journal == other.journal else "",
            started=started,
            seconds=max(self.started + self.seconds, other.started + other.seconds) - started,
            ended=graver.ended,
            message=graver.message,
            wait_left=max(self.wait_left, other.wait_left),
            wait_reason=self.wait_reason or other.wait_reason,
            roots=tuple(dict.fromkeys((*self.roots, *other.roots))),
            run=max(self.run, other.run),
            created=min(self.created, other.created),
            scanned=self.scanned and other.scanned,
            skipped_by=add_reasons(self.skipped_by, other.skipped_by),
            failed_by=add_reasons(self.failed_by, other.failed_by),
        )

    @property
    def adds_up(self) -> bool:
        """True if no file was lost track of: planned = done + skipped + failed + unresolved + pending."""
        return self.counts.add_up and self.bytes.add_up

    @property
    def finished(self) -> bool:
        """True if another run has nothing to continue."""
        return self.ended == "complete" and self.scanned and not self.counts.pending

    @property
    def next_step(self) -> str:
        """Next step for people; empty if every file is done or skipped."""
        if self.ended == "input":
            return (
                "Correct the parent, the source, or the path of its share on the worker, and begin a new "
                "job: another attempt would end in the same way."
            )
        if not self.finished:
            return "Run the same command again: it continues where this run ended."
        return "Run the same command again to retry the remaining files." if self.exit_code else ""

    @property
    def exit_code(self) -> int:
        """Most severe applicable exit code of a command; 0 if all files are done or skipped."""
        codes = set(self._codes())
        return next((code for code in EXIT_CODES_BY_SEVERITY if code in codes), 0)

    def raise_for_failures(self) -> None:
        """Raise if a selected file is not done or skipped.

        Raises:
            BulkError: With one exception for every listed entry, and one for the files that are left.
        """
        failures: list[Exception] = [
            exception_for(entry.reason, entry.sentence, entry.size, entry.blob)
            for entry in (*self.unresolved, *self.failures)
        ]
        if self.counts.pending or not self.finished:
            reason = f": {self.message}" if self.message else ""
            step = "correct it, and begin a new job" if self.ended == "input" else "run it again"
            failures.append(CoreDataError(f"{self.counts.pending} left to do ({self.ended}){reason}; {step}"))
        if failures:
            raise BulkError(
                f"{self.counts.failed} failed, {self.counts.unresolved} unresolved, "
                f"{self.counts.pending} left of {self.counts.planned} files",
                failures,
            )

    def _codes(self) -> Iterator[int]:
        yield EXIT_CODE_OF_END[self.ended]
        yield from (EXIT_CODE_OF_REASON.get(reason, 1) for reason, count in self.failed_by.items() if count)
        if self.counts.unresolved or self.duplicates_total:
            yield 5
        if not self.adds_up or (self.ended == "complete" and not self.finished):
            yield 1  # this must not happen, and must not look like success


_LISTS: Final = ("files", "failures", "unresolved", "duplicates", "orphans", "warnings")
_SUMS: Final = (
    *(f"{name}_total" for name in _LISTS),
    *("counts", "bytes", "fresh", "fresh_bytes", "excluded", "api", "waited"),
)


def as_json(report: Report) -> dict[str, object]:
    """Return the report as values for `json.dumps`.

    The keys are those of `Report` and of the values in it. They do not change within one `format`; new ones
    may be added. `counts` also contains `excluded`; `exit_code`, `adds_up` and `finished` are added. Times
    are seconds since the epoch. For a path that is not UTF-8, `raw` contains the bytes in hexadecimal. It
    contains no key and no signed URL, because the journal has none.
    """
    values = to_plain(report)
    excluded = values.pop("excluded")
    counts = {**cast("dict[str, object]", values.pop("counts")), "excluded": excluded}
    return {
        "format": FORMAT,
        "version": VERSION,
        "exit_code": report.exit_code,
        "adds_up": report.adds_up,
        "finished": report.finished,
        "counts": counts,
        **values,
    }
