"""What a run of a job came to, as values: counts that add up, and what people must look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from attrs import field, frozen

from coredata_async.bulk.states import Reason
from coredata_async.errors import (
    BulkError,
    ChecksumMismatchError,
    CoreDataError,
    RegistrationUncertainError,
    SourceChangedError,
    SourceError,
    StorageError,
)
from coredata_async.message import Request
from coredata_async.wire.files import PATH

Ended = Literal[
    "complete", "drained", "stopped", "time", "circuit", "clock", "authentication", "conflict", "error"
]
"""How a run ended: all was seen to, it was asked to end (in good order, or at once), `max_duration` was
over, a far end did not work for too long, signed URLs had expired on arrival, the key was refused, another
job for the same files was found, unlike files were refused for the same reason, or this library failed."""

EXIT_CODES_BY_SEVERITY: Final = (6, 130, 5, 4, 1, 3, 10)
"""Exit codes, the gravest first.

6 before all: the same command again cannot do better. 130 next: what follows it in a script must not run,
and no count is final. Then what a person must look at on the server (5, 4), before what failed there (1).
3 says that nothing but sources stood in the way, and 10 that nothing did: the same command goes on.
"""

_ENDINGS: Final[Mapping[Ended, int]] = {
    "complete": 0,
    "drained": 130,
    "stopped": 130,
    "time": 10,
    "circuit": 6,
    "clock": 6,
    "authentication": 6,
    "conflict": 5,
    "error": 1,
}
_REASONS: Final = {Reason.UNREADABLE: 3, Reason.CHANGED: 3, Reason.MISMATCH: 4, Reason.UNCERTAIN: 5}


@frozen(kw_only=True)
class Counts:
    """Files, or bytes, by how they ended. They add up, or a file was lost sight of."""

    planned: int = 0
    """All that were selected."""
    done: int = 0
    """The server showed them in a listing."""
    skipped: int = 0
    failed: int = 0
    unresolved: int = 0
    pending: int = 0
    """To be done by the next run."""

    @property
    def add_up(self) -> bool:
        """Return whether every one that was planned is in exactly one of the others."""
        return self.planned == self.done + self.skipped + self.failed + self.unresolved + self.pending


@frozen(kw_only=True)
class Api:
    """How the service and its storage bore it."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    """Answers 429 and 503."""


@frozen(kw_only=True)
class Entry:
    """A file that a person should know of."""

    path: str
    """Bytes that are no UTF-8 are written as `\\xNN`."""
    raw: bytes | None = None
    """The path as it is on disk, where `path` cannot say it."""
    size: int = 0
    reason: Reason | None = None
    message: str = ""
    blob: str | None = None
    file_id: str | None = None

    @property
    def sentence(self) -> str:
        """Return what is wrong, and with which file; most words name it themselves."""
        return (
            self.message
            if self.path in self.message
            else f"{self.path}: {self.message or self.reason or 'failed'}"
        )


@frozen(kw_only=True)
class Orphan:
    """A blob that was reserved, and perhaps filled, and that no File speaks of."""

    path: str
    blob: str
    at: float
    """Seconds since the epoch."""


def _nothing() -> Mapping[str, object]:
    return {}


def _none() -> Mapping[Reason, int]:
    return {}


@frozen(kw_only=True)
class RunSummary:
    """How a run went: all that the journal does not say."""

    journal: str
    started: float
    """When this run began, in seconds since the epoch."""
    seconds: float
    """How long it took."""
    ended: Ended
    message: str = ""
    """Why it ended before its end."""
    excluded: int = 0
    """Files left out by the selection, and so not planned. A directory counts as one."""
    api: Api = Api()
    waited: float = 0.0
    """Seconds for which some folders waited, so that no File of another job is made twice."""
    wait_left: float = 0.0
    """Seconds that were left of this when the run ended; the next run waits for the rest."""
    wait_reason: str = ""
    """Why they waited."""
    settings: Mapping[str, object] = field(factory=_nothing)
    """The rules it went by, for people."""


@frozen(kw_only=True)
class Report(RunSummary):
    """What a job came to. Of each list at most some thousands are kept; its `…_total` counts them all."""

    tenant: str
    parent: str
    roots: tuple[str, ...]
    run: int
    """How often the job was begun, this time included."""
    created: float
    """When the first run began, in seconds since the epoch."""
    scanned: bool
    """Whether this run saw all sources; if not, `counts` are of all that any run has seen."""
    counts: Counts = Counts()
    bytes: Counts = Counts()
    fresh: Counts = Counts()
    """Of the counts, the files that this run took up."""
    fresh_bytes: Counts = Counts()
    skipped_by: Mapping[Reason, int] = field(factory=_none)
    failed_by: Mapping[Reason, int] = field(factory=_none)
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

    @property
    def adds_up(self) -> bool:
        """Whether no file was lost sight of: planned = done + skipped + failed + unresolved + pending."""
        return self.counts.add_up and self.bytes.add_up

    @property
    def finished(self) -> bool:
        """Return whether nothing is left for another run to go on with."""
        return self.ended == "complete" and self.scanned and not self.counts.pending

    @property
    def exit_code(self) -> int:
        """Return what a command exits with: the gravest of all that can be said. 0: all done, or skipped."""
        codes = set(self._codes())
        return next((code for code in EXIT_CODES_BY_SEVERITY if code in codes), 0)

    def raise_for_failures(self) -> None:
        """Raise if anything that was selected is neither done nor skipped.

        Raises:
            BulkError: One exception for every entry that is kept, and one for what is left to do.
        """
        failures: list[Exception] = [
            exception_for(each.reason, each.sentence, each.size, each.blob)
            for each in (*self.unresolved, *self.failures)
        ]
        if self.counts.pending or not self.finished:
            why = f": {self.message}" if self.message else ""
            failures.append(
                CoreDataError(f"{self.counts.pending} left to do ({self.ended}){why}; run it again")
            )
        if failures:
            raise BulkError(
                f"{self.counts.failed} failed, {self.counts.unresolved} unresolved, "
                f"{self.counts.pending} left of {self.counts.planned} files",
                failures,
            )

    def _codes(self) -> Iterator[int]:
        yield _ENDINGS[self.ended]
        yield from (_REASONS.get(why, 1) for why, count in self.failed_by.items() if count)
        if self.counts.unresolved or self.duplicates_total:
            yield 5
        if not self.adds_up or (self.ended == "complete" and not self.finished):
            yield 1  # must not be; and must not look like success if it is


def exception_for(reason: Reason | None, message: str, size: int, blob: str | None) -> CoreDataError:
    """The exception with these words. Its class is right, as far as a reason can tell; details are gone."""
    match reason:
        case Reason.UNREADABLE:
            return SourceError(message, stage="source", total=size)
        case Reason.CHANGED:
            return SourceChangedError(message, stage="put", total=size)
        case Reason.STORAGE:
            return StorageError(message, stage="put", total=size)
        case Reason.MISMATCH:
            return ChecksumMismatchError(message, stage="put", expected="", actual="", total=size)
        case Reason.UNCERTAIN:
            request = Request("POST", PATH)
            return RegistrationUncertainError(message, request, blob_name=blob, total=size)
        case _:
            return CoreDataError(message)
