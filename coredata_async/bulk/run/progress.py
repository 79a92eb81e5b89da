"""Progress of a running job, counted in memory. The report is computed from the journal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import Progress
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.planning import Sums
from coredata_async.bulk.journal.settle_wait import SettleWait
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import JobSpec, describe_settings
from coredata_async.bulk.report.report import RunSummary
from coredata_async.bulk.states import Api, Ended, State
from coredata_async.bulk.workers.runtime import Runtime

WINDOW: Final = 20.0
"""Seconds over which rates are measured."""


@define
class ProgressCounter:
    """Files and bytes per state, and their rates."""

    clock: Callable[[], float] = time.monotonic
    scanned: bool = False
    excluded: int = 0
    _files: dict[State, int] = field(factory=dict[State, int])
    _bytes: dict[State, int] = field(factory=dict[State, int])
    _began: float = field(init=False)
    _marks: deque[tuple[float, int, int]] = field(factory=deque[tuple[float, int, int]], init=False)

    def __attrs_post_init__(self) -> None:
        self._began = self.clock()
        self._marks.append((self._began, 0, 0))

    def add(self, sums: Sums) -> None:
        """Add the counts of a scanned batch."""
        for own, further in ((self._files, sums.files), (self._bytes, sums.bytes)):
            for state, count in further.items():
                own[state] = own.get(state, 0) + count

    def transition(self, size: int, before: State, after: State, *, files: int = 1) -> None:
        """Count a change of state of a file, or of several with `size` bytes together."""
        for own, count in ((self._files, files), (self._bytes, size)):
            own[before] = own.get(before, 0) - count
            own[after] = own.get(after, 0) + count

    def count(self, *states: State) -> int:
        """Return the number of files in some states."""
        return sum(self._files.get(state, 0) for state in states)

    @property
    def files(self) -> int:
        """Number of all files."""
        return sum(self._files.values())

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(self._bytes.values())

    def mark(self, sent: int) -> None:
        """Record the present counts, and the bytes sent so far, for the rates."""
        now = self.clock()
        self._marks.append((now, self._transferred, sent))
        while now - self._marks[0][0] > WINDOW and len(self._marks) > 2:  # noqa: PLR2004  # a rate needs two
            self._marks.popleft()

    def progress(self, runtime: Runtime, wait: SettleWait, in_flight: int) -> Progress:
        """Return the progress event."""
        limiters = runtime.limiters
        files, per_second = self._rates(limiters.sent)
        left = self.count(*_LEFT)
        return Progress(
            planned=self.files,
            planned_bytes=self.bytes,
            scanned=self.scanned,
            done=self.count(*_REACHED),
            done_bytes=_sum(self._bytes, _REACHED),
            skipped=self.count(State.SKIPPED),
            failed=self.count(State.FAILED),
            unresolved=self.count(State.UNRESOLVED),
            delayed=self.count(State.RETRY, State.UNKNOWN),
            in_flight=in_flight,
            sent=limiters.sent,
            seconds=self.clock() - self._began,
            files_per_second=files,
            bytes_per_second=per_second,
            eta=self._eta(left, files, per_second),
            api_width=runtime.api_width,
            storage_width=runtime.storage_width,
            retries=limiters.retries,
            throttled=limiters.throttled,
            paused=runtime.paused,
            wait_left=wait.remaining() if wait.is_waited_for else 0.0,
            wait_reason=wait.reason if wait.is_waited_for else "",
        )

    @property
    def _transferred(self) -> int:
        return self.count(*_REACHED, State.SKIPPED)

    def _rates(self, sent: int) -> tuple[float, float]:
        then, files, sent_then = self._marks[0]
        seconds = self.clock() - then
        if seconds <= 0:
            return 0.0, 0.0
        return max(0.0, (self._transferred - files) / seconds), (sent - sent_then) / seconds

    def _eta(self, left: int, files: float, per_second: float) -> float | None:
        """Return the estimated seconds, the longer of those by number and by size of files."""
        if not self.scanned or (files <= 0 and per_second <= 0):
            return None
        by_files = left / files if files > 0 else 0.0
        by_bytes = _sum(self._bytes, _LEFT) / per_second if per_second > 0 else 0.0
        return max(by_files, by_bytes)


_REACHED: Final = (State.CONFIRMED, State.DONE)
_LEFT: Final = (State.PLANNED, State.PUTTING, State.STORED, State.REGISTERING, State.RETRY, State.UNKNOWN)


def _sum(amounts: Mapping[State, int], states: tuple[State, ...]) -> int:
    return sum(amounts.get(state, 0) for state in states)


def summarize(
    spec: JobSpec,
    journal: Journal,
    limiters: Limiters,
    wait: SettleWait,
    *,
    started: float,
    seconds: float,
    ended: Ended,
    message: str,
    excluded: int,
) -> RunSummary:
    """Return the facts of a run that ends now."""
    return RunSummary(
        journal=str(journal.path),
        started=started,
        seconds=seconds,
        ended=ended,
        message=message,
        excluded=excluded,
        api=Api(requests=limiters.requests, retries=limiters.retries, throttled=limiters.throttled),
        waited=wait.waited,
        wait_left=wait.remaining() if wait.interrupted else 0.0,
        wait_reason=wait.reason if wait.waited else "",
        settings=describe_settings(spec.selection, spec.policy, spec.effort),
    )
