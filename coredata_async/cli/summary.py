"""Summary of a job, for people at a shell."""

from __future__ import annotations

from rich.table import Table

from coredata_async.bulk.formatting import format_bytes, format_duration
from coredata_async.bulk.report.advice import AGAIN, TITLES, summarize
from coredata_async.bulk.report.report import Report
from coredata_async.cli.output import print_table, say


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
    say(f"journal: {report.journal}")
    if not report.finished:
        say(AGAIN)
    elif report.exit_code:
        say("Run the same command again to retry the remaining files.")


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
