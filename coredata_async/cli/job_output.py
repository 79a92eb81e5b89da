"""A job as people watch it: failures as they come, and how far it is, every ten seconds at least."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from attrs import define, field

from coredata_async.bulk.events import (
    Event,
    FileFailed,
    FileUnresolved,
    Progress,
    Scanned,
    Started,
    Waiting,
    Warned,
)
from coredata_async.bulk.formatting import files, format_bytes
from coredata_async.bulk.formatting import format_duration as length
from coredata_async.bulk.report.report import Report
from coredata_async.cli.error_messages import in_options
from coredata_async.cli.output import say

SHOWN: Final = 20
"""How many failures are told one by one."""
EVERY: Final = 10.0
"""Seconds between two lines where there is no terminal."""


class ProgressDisplay(Protocol):
    """What shows how far a job is."""

    def show(self, progress: Progress) -> None:
        """Show it."""
        ...

    def live(self) -> AbstractContextManager[object]:
        """Return what is to be open meanwhile."""
        ...


@define
class JobOutput:
    """Tells people what a job does."""

    gauge: ProgressDisplay
    quiet: bool = False
    """Whether to tell only what went wrong."""
    _reported: set[str] = field(factory=set[str], init=False)
    """Files that were named; at most so many as are shown."""
    _warned: int = field(default=0, init=False)

    def take(self, event: Event) -> None:
        """Tell what is worth telling."""
        match event:
            case Progress():
                self.gauge.show(event)
            case FileFailed():
                self._fail("failed", event.path, event.message)
            case FileUnresolved():
                self._fail("unresolved", event.path, event.message)
            case Warned():
                self._warned += 1
                if self._warned <= SHOWN:
                    say(f"warning: {event.message}")
            case Waiting() if not self.quiet:
                say(f"waiting for up to {length(event.seconds)}: {event.message}")
            case Started() if not self.quiet:
                say(f"{'going on with' if event.resumed else 'keeping'} the journal {event.journal}")
            case Scanned() if not self.quiet:
                say(f"{files(event.files)}, {format_bytes(event.bytes)}; {event.excluded:,} left out")
            case _:
                pass

    def report_remaining(self, report: Report) -> None:
        """Tell failures of which no event spoke, as those of names that the scan found."""
        for word, entries in (("unresolved", report.unresolved), ("failed", report.failures)):
            for entry in entries:
                self._fail(word, entry.path, entry.message)

    def _fail(self, word: str, path: str, words: str) -> None:
        if path in self._reported or len(self._reported) == SHOWN:
            return
        self._reported.add(path)
        words = in_options(words)
        say(f"{word}: {words}" if path in words else f"{word}: {path}: {words}")
        if len(self._reported) == SHOWN:
            say("further failures are counted, and in the report")


class Silent:
    """Shows nothing."""

    def show(self, progress: Progress) -> None:
        """Show nothing."""

    def live(self) -> AbstractContextManager[object]:
        """Give something that does nothing."""
        return nullcontext()


class Lines(Silent):
    """Shows a line now and then."""

    def __init__(self) -> None:
        self._next = EVERY

    def show(self, progress: Progress) -> None:
        """Say a line, if it is time for one."""
        if progress.seconds >= self._next:
            self._next = progress.seconds + EVERY
            say(line(progress))


def line(progress: Progress) -> str:
    """All of it in one line."""
    more = "" if progress.scanned else "+"
    told = f"{progress.done:,} of {progress.planned:,}{more} done, {format_bytes(progress.done_bytes)}"
    return "; ".join(part for part in (told, rates(progress), state(progress)) if part)


def rates(progress: Progress) -> str:
    """Return how fast it goes, and how long it will take."""
    left = "" if progress.eta is None else f", {length(progress.eta)} left"
    return f"{progress.files_per_second:,.1f} files/s, {format_bytes(progress.bytes_per_second)}/s{left}"


def state(progress: Progress) -> str:
    """Return what went wrong, how much goes at once, and why nothing goes."""
    counts = (
        (progress.skipped, "skipped"),
        (progress.failed, "failed"),
        (progress.unresolved, "unresolved"),
        (progress.delayed, "to be tried again"),
        (progress.retries, "retries"),
        (progress.throttled, "throttled"),
    )
    parts = [f"{count:,} {word}" for count, word in counts if count]
    parts.append(
        f"{progress.in_flight:,} in flight (API {progress.api_width}, storage {progress.storage_width})"
    )
    if progress.wait_left:
        parts.append(f"some folders wait for another {length(progress.wait_left)}")
    if progress.paused:
        parts.append(f"paused: {progress.paused}")
    return ", ".join(parts)
