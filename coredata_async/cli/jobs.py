"""A job of a command, from its first event to its report: shown, interrupted, recorded and summarised."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, TypedDict

import click
from attrs import frozen
from rich.table import Table

from coredata_async.bulk.formatting import format_bytes, format_duration
from coredata_async.bulk.options import Effort, Policy, Selection
from coredata_async.bulk.report.advice import TITLES, summarize
from coredata_async.bulk.report.html import render
from coredata_async.bulk.report.report import Report, as_json
from coredata_async.cli.failures import FAILED
from coredata_async.cli.interrupts import Stoppable, interrupts
from coredata_async.cli.output import echo_json, print_table, say
from coredata_async.cli.progress import JobOutput
from coredata_async.errors import TransferError
from coredata_async.escapes import json_line
from coredata_async.fields import plain_object
from coredata_async.storage.atomic import Target, new_part

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


HTML: Final = ".html"
_SUFFIXES: Final = (".json", HTML)


class JobOptions(TypedDict):
    """Options of a job, as arguments."""

    selection: Selection
    policy: Policy
    effort: Effort
    dynatype: str | None
    contacts: Sequence[str]
    tags: Sequence[str]


class Job(Stoppable, Protocol):
    """Interface of a job, as far as this command needs it."""

    async def __aenter__(self) -> AsyncIterator[object]: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def report(self) -> Report:
        """The report; raises if the job did not start."""
        ...


@frozen(kw_only=True)
class JobCommand:
    """Outputs of a job: events, reports and figures."""

    watch: JobOutput
    as_json: bool = False
    reports: Sequence[Path] = ()
    interruptible: bool = True
    """True if signals end the job; otherwise they end this command."""
    page: Callable[[Report], str] = render
    """Returns the report as HTML."""

    async def run(self, job: Job) -> int:
        """Run a job, and return the exit code. Reports are written however the job ends."""
        try:
            await self._watch(job)
        finally:
            written = self._write_reports(job)
        report = job.report
        self.watch.report_remaining(report)
        if self.as_json:
            await asyncio.to_thread(echo_json, {"event": "report", **as_json(report)})
        if not self.watch.quiet:
            await asyncio.to_thread(summarise, report, figures=not self.as_json)
            for path in written:
                say(f"report: {path}")
        return report.exit_code or (0 if len(written) == len(self.reports) else FAILED)

    async def _watch(self, job: Job) -> None:
        async with job as events:
            with interrupts(job) if self.interruptible else nullcontext(), self.watch.gauge.live():
                async for event in events:
                    self.watch.take(event)
                    if self.as_json:  # in a thread: a slow reader must not stop transfers
                        await asyncio.to_thread(echo_json, event_json(event))

    def _write_reports(self, job: Job) -> list[Path]:
        """Write the reports, and return those that were written."""
        try:
            report = job.report
        except RuntimeError:  # the job did not start
            return []
        written: list[Path] = []
        for path in self.reports:
            try:
                write_report(report, path, self.page)
            except (OSError, TransferError) as exc:
                say(f"coredata: the report {path} cannot be written: {getattr(exc, 'strerror', None) or exc}")
            else:
                written.append(path)
        return written


def event_json(event: object) -> dict[str, object]:
    """Convert an event to the object of a JSON line: `{"event": "file_done", …}`."""
    return {"event": _CAPITAL.sub("_", type(event).__name__).lower(), **plain_object(event)}


def summarise(report: Report, *, figures: bool = True) -> None:
    """Print the figures, on stdout unless JSON lines go there, and the result with the next step."""
    if figures:
        print_table(table(report))
    say(summarize(report))
    if report.message:
        say(report.message)
    if report.failed_by:
        say("; ".join(f"{TITLES[why]}: {count:,}" for why, count in report.failed_by.items()))
    if report.wait_left:
        say(f"{format_duration(report.wait_left)} of the wait remain for the next run: {report.wait_reason}")
    if report.journal:
        say(f"journal: {report.journal}")
    if report.next_step:
        say(report.next_step)


def table(report: Report) -> Table:
    """Build a table of the figures."""
    shown = Table(title="coredata upload", title_justify="left", box=None, pad_edge=False)
    shown.add_column()
    shown.add_column("files", justify="right")
    shown.add_column("bytes", justify="right")
    for part in ("planned", "done", "skipped", "failed", "unresolved", "pending"):
        count = getattr(report.counts, part)
        if count or part in {"planned", "done"}:
            shown.add_row(part, f"{count:,}", format_bytes(getattr(report.bytes, part)))
    if report.excluded:
        shown.add_row("excluded", f"{report.excluded:,}", "")
    for name, count in (
        ("duplicates", report.duplicates_total),
        ("orphans", report.orphans_total),
        ("warnings", report.warnings_total),
    ):
        if count:
            shown.add_row(name, f"{count:,}", "")
    seconds, fresh = report.seconds or 1.0, bool(report.fresh.done)
    shown.add_row(
        f"in {format_duration(report.seconds)}",
        f"{report.fresh.done / seconds:,.1f}/s" if fresh else "",
        f"{format_bytes(report.fresh_bytes.done / seconds)}/s" if fresh else "",
    )
    return shown


def report_file(text: str) -> Path:
    """Parse the path of a report, and check before the job starts that the file can be written."""
    path = Path(text)
    if path.suffix.lower() not in _SUFFIXES:
        raise click.BadParameter(f"{text!r} must end in {' or '.join(_SUFFIXES)}")
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # the latter is reported below
    except OSError as exc:
        raise click.BadParameter(f"{text!r} cannot be written: {exc.strerror}") from None
    if path.is_dir():
        raise click.BadParameter(f"{text!r} is a folder")
    if not path.parent.is_dir():
        raise click.BadParameter(f"the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise click.BadParameter(f"the folder {path.parent} is not writable")
    return path


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON line per event.")
report_option = click.option(
    "--report",
    "reports",
    metavar="FILE",
    multiple=True,
    type=report_file,
    help="Write a report of the upload at the end: .json for programs, .html for people. [repeatable]",
)


def write_report(report: Report, path: Path, page: Callable[[Report], str] = render) -> None:
    """Write a report atomically; an existing file is replaced, and a link is not followed.

    Args:
        report: The report.
        path: The file: JSON or HTML according to its suffix.
        page: Returns the report as HTML.

    Raises:
        OSError: If it cannot be written.
        TransferError: If the path has become a directory, a device or a pipe.
    """
    text = page(report) if path.suffix.lower() == HTML else json_line(as_json(report), indent=1) + "\n"
    target = Target.examine(path, overwrite=True)
    with new_part(target) as part:
        part.file.write(text.encode("utf-8", "backslashreplace"))
        part.file.flush()
        os.fsync(part.file.fileno())
        part.publish(target)
