"""Report as an HTML page: one file, without scripts or external resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from coredata_async.bulk.formatting import files, format_bytes, format_duration
from coredata_async.bulk.report.advice import ADVICE, AGAIN, TITLES, summarize
from coredata_async.bulk.report.markup import Table, facts, moment, path, plain_table, text
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.report.style import STYLE
from coredata_async.bulk.states import Reason

_PARTS: Final = ("done", "skipped", "failed", "unresolved", "pending")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def render(report: Report) -> str:
    """Return the page. External text, such as file names, is escaped and never interpreted as markup."""
    return "".join(_page(report))


def _page(report: Report) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Upload to {text(report.tenant)}</title><style>{STYLE}</style></head><body>\n"
    yield from _head(report)
    yield from _counts(report)
    yield from facts("This run", _run(report))
    yield from _failures(report)
    yield from _findings(report)
    yield from _render_skipped(report)
    yield from facts(
        "Settings", {name.replace("_", " "): _value(value) for name, value in report.settings.items()}
    )
    yield "</body></html>\n"


def _head(report: Report) -> Iterator[str]:
    status = "good" if report.exit_code == 0 else "open" if not report.counts.failed else "bad"
    yield f"<header><h1>Upload to {text(report.tenant)}</h1>"
    yield f'<p class="summary {status}">{text(summarize(report))}</p>'
    if report.message:
        yield f"<p>{text(report.message)}</p>"
    if not report.scanned:
        yield "<p>The sources were not read completely: there may be more files than planned.</p>"
    if not report.finished:
        yield f"<p>{AGAIN}</p>"
    yield "</header>\n"


def _counts(report: Report) -> Iterator[str]:
    widths = ((part, getattr(report.counts, part)) for part in _PARTS)
    bar = "".join(f'<span class="{part}" style="flex:{count}"></span>' for part, count in widths if count)
    yield f'<section><div class="bar" aria-hidden="true">{bar}</div><dl class="tiles">'
    for part in ("planned", *_PARTS):
        yield f'<div><dt class="{part}"><i></i>{part}</dt><dd>{getattr(report.counts, part):,}'
        yield f"<small>{format_bytes(getattr(report.bytes, part))}</small></dd></div>"
    yield f"<div><dt><i></i>excluded</dt><dd>{report.excluded:,}<small>not planned</small></dd></div></dl>"
    if report.adds_up:
        yield '<p class="soft">Planned is the sum of the others: every file is accounted for.</p>'
    else:
        yield "<p><strong>These do not add up. Please report it, and attach this report.</strong></p>"
    yield "</section>\n"


def _run(report: Report) -> Mapping[str, str]:
    seconds = report.seconds or 1.0
    return {
        "Sources": ", ".join(report.roots),
        "Parent": report.parent,
        "Journal": report.journal,
        "Begun": f"{moment(report.started)} (run {report.run:,}; the first began {moment(report.created)})",
        "Took": format_duration(report.seconds),
        **_wait(report),
        "Done in it": f"{files(report.fresh.done)}, {format_bytes(report.fresh_bytes.done)}",
        "Rates": (
            f"{report.fresh.done / seconds:,.1f} files/s, {format_bytes(report.fresh_bytes.done / seconds)}/s"
        ),
        "Requests": f"{report.api.requests:,}, {report.api.retries:,} of them retries; "
        f"{report.api.throttled:,} were throttled (429 or 503)",
    }


def _wait(report: Report) -> Mapping[str, str]:
    if not report.wait_reason:
        return {}
    left = f", and {format_duration(report.wait_left)} are left for the next run" if report.wait_left else ""
    return {"Waited": f"{format_duration(report.waited)}{left}: {report.wait_reason}"}


def _failures(report: Report) -> Iterator[str]:
    if not report.failed_by:
        return
    yield "<section><h2>Failed</h2>"
    for reason, count in report.failed_by.items():
        rows = [
            (path(entry.path), format_bytes(entry.size), text(entry.message))
            for entry in report.failures
            if (entry.reason or Reason.INTERNAL) == reason
        ]
        yield from Table(TITLES[reason], ADVICE[reason], count, ("File", "Size", "Message"), rows).markup()
    yield "</section>\n"


def _findings(report: Report) -> Iterator[str]:
    """Yield tables of what a person must check on the server."""
    shown = [table for table in _tables(report) if table.total]
    if shown:
        yield "<section><h2>To check</h2>"
        for table in shown:
            yield from table.markup()
        yield "</section>\n"


def _tables(report: Report) -> Iterator[Table]:
    yield Table(
        "Unresolved",
        ADVICE[Reason.UNCERTAIN],
        report.unresolved_total,
        ("File", "Blob", "Message"),
        [(path(entry.path), path(entry.blob or ""), text(entry.message)) for entry in report.unresolved],
    )
    yield Table(
        "Duplicates",
        "Files that exist twice on the server. None was deleted.",
        report.duplicates_total,
        ("Duplicate",),
        [(text(message),) for message in report.duplicates],
    )
    yield Table(
        "Warnings",
        "Events that need attention.",
        report.warnings_total,
        ("Event",),
        [(text(message),) for message in report.warnings],
    )
    yield Table(
        "Orphans",
        "Blobs that were reserved and are not referenced by a File. They have no effect.",
        report.orphans_total,
        ("Reserved for", "Blob", "When"),
        [(path(orphan.path), path(orphan.blob), moment(orphan.at)) for orphan in report.orphans],
    )


def _render_skipped(report: Report) -> Iterator[str]:
    if not report.skipped_by:
        return
    rows = [
        (text(TITLES[reason]), f"{count:,}", text(ADVICE[reason]))
        for reason, count in report.skipped_by.items()
    ]
    yield "<section><h2>Skipped</h2>"
    yield from plain_table(("Reason", "Files", "What to do"), rows)
    yield "</section>\n"


def _value(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return "; ".join(map(str, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            return str(value)
