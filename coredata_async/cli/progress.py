"""Progress of a job for people: failures as they occur, and bars or lines with the figures."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from attrs import define, field
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from coredata_async.bulk.events import (
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
from coredata_async.cli.failures import in_options
from coredata_async.cli.output import people, printable, say

SHOWN: Final = 20
"""Maximum number of failures that are reported one by one."""
EVERY: Final = 10.0
"""Seconds between two lines if stderr is not a terminal."""


class ProgressDisplay(Protocol):
    """Interface of a progress display."""

    def show(self, progress: Progress) -> None:
        """Show the progress."""
        ...

    def live(self) -> AbstractContextManager[object]:
        """Return a context manager that must be open while progress is shown."""
        ...


@define
class JobOutput:
    """Output of a job for people."""

    gauge: ProgressDisplay
    quiet: bool = False
    """True to print only problems."""
    _reported: set[str] = field(factory=set[str], init=False)
    """Paths already printed; at most as many as are shown."""
    _warned: int = field(default=0, init=False)

    def take(self, event: object) -> None:
        """Print an event if people need to see it."""
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
                say(f"{'continuing' if event.resumed else 'keeping'} the journal {event.journal}")
            case Scanned() if not self.quiet:
                say(f"{files(event.files)}, {format_bytes(event.bytes)}; {event.excluded:,} excluded")
            case _:
                pass

    def report_remaining(self, report: Report) -> None:
        """Print failures that had no event, such as those of names found by the scan."""
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
            say("further failures are counted, and listed in the report")


class Silent:
    """Progress display that shows nothing."""

    def show(self, progress: Progress) -> None:
        """Ignore the progress."""

    def live(self) -> AbstractContextManager[object]:
        """Return a context manager that does nothing."""
        return nullcontext()


class Lines(Silent):
    """Progress display that prints a line at intervals."""

    def __init__(self) -> None:
        self._next = EVERY

    def show(self, progress: Progress) -> None:
        """Print a line if the interval has passed."""
        if progress.seconds >= self._next:
            self._next = progress.seconds + EVERY
            say(line(progress))


def line(progress: Progress) -> str:
    """Format the progress as one line."""
    more = "" if progress.scanned else "+"
    done = f"{progress.done:,} of {progress.planned:,}{more} done, {format_bytes(progress.done_bytes)}"
    return "; ".join(part for part in (done, rates(progress), state(progress)) if part)


def rates(progress: Progress) -> str:
    """Format the speed and the remaining time."""
    left = "" if progress.eta is None else f", {length(progress.eta)} left"
    return f"{progress.files_per_second:,.1f} files/s, {format_bytes(progress.bytes_per_second)}/s{left}"


def state(progress: Progress) -> str:
    """Format failures, concurrency, and the reason for a pause."""
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


class ProgressBars:
    """Progress display with bars, and details in the lines below them."""

    def __init__(self, console: Console = people) -> None:
        self._bars = Bars(
            TextColumn("{task.description:<6}"),
            BarColumn(table_column=Column(ratio=1)),
            TextColumn("{task.fields[words]}", markup=False, justify="right"),
            console=console,
            expand=True,
        )
        self._files = self._bars.add_task("files", total=None, words="")
        self._bytes = self._bars.add_task("bytes", total=None, words="")
        self._below = Text(style="dim")
        self._live = Live(
            Group(self._bars, self._below),
            console=console,
            refresh_per_second=5,
            redirect_stdout=False,  # JSON lines are not redirected
        )

    def show(self, progress: Progress) -> None:
        """Update the bars."""
        more = "" if progress.scanned else "+"
        settled = progress.done + progress.skipped + progress.failed + progress.unresolved
        self._bars.update(
            self._files,
            completed=settled,
            total=progress.planned if progress.scanned else None,
            words=f"{settled:,} of {progress.planned:,}{more}",
        )
        self._bars.update(
            self._bytes,
            completed=progress.done_bytes,
            total=progress.planned_bytes if progress.scanned else None,
            words=f"{format_bytes(progress.done_bytes)} of {format_bytes(progress.planned_bytes)}{more}",
        )
        self._below.plain = printable(rates(progress)) + "\n" + printable(state(progress))

    def live(self) -> AbstractContextManager[object]:
        """Return the part of the screen that changes."""
        return self._live


def choose_display(*, as_json: bool, quiet: bool = False) -> ProgressDisplay:
    """Return bars on a terminal that can redraw lines, lines elsewhere, and nothing for a quiet command."""
    if quiet:
        return Silent()
    mixed = as_json and sys.stdout.isatty()  # bars would break the lines of JSON apart
    # With FORCE_COLOR, as many CI systems set it, rich takes a file for a terminal.
    return ProgressBars() if people.is_interactive and sys.stderr.isatty() and not mixed else Lines()
