"""Report of a job on many machines as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator

from coredata_async.bulk.formatting import format_bytes, format_duration
from coredata_async.bulk.report.html import Table, facts, plain_table, render, text
from coredata_async.bulk.report.report import Report
from coredata_async.cluster.report import ClusterReport


def render_page(report: Report) -> str:
    """Return the page: that of every bulk job, with machines and shards if the job had many machines."""
    return render(report, _sections(report) if isinstance(report, ClusterReport) else ())


def _sections(report: ClusterReport) -> Iterator[str]:
    shards = report.shards
    values = {
        "Job": report.job,
        "Done": f"{shards.done:,} of {shards.planned:,}",
        "Moved": f"{shards.moved:,} times, another worker continued a shard",
        "Leases lost": f"{report.fences:,}",
        "Waited": f"{format_duration(report.waited)} in all, so that no File is created twice",
    }
    yield from facts("Shards", values)
    if report.workers:
        heads = ("Machine", "Shards", "Owners", "Files", "Size", "CPU")
        rows = [
            (
                text(each.host),
                f"{each.shards:,}",
                f"{each.epochs:,}",
                f"{each.files:,}",
                format_bytes(each.bytes),
                format_duration(each.cpu),
            )
            for each in report.workers
        ]
        yield "<section><h2>Machines</h2>"
        yield from plain_table(heads, rows)
        yield "</section>\n"
    if report.lost_shards:
        advice = "No worker could finish these."
        if report.ended != "input":
            advice += f" To try again: coredata job retry {report.job}"
        names = [
            (text(name), text(reason))
            for name, reason in zip(report.lost_shards, report.lost_reasons, strict=True)
        ]
        yield "<section><h2>Shards without an end</h2>"
        yield from Table("Not finished", advice, len(names), ("Scan or shard", "Reason"), names).markup()
        yield "</section>\n"
