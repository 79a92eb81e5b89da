"""A report as a page that a person reads: one file, no script, nothing from elsewhere."""

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
    """The page. Whatever comes from elsewhere, names above all, is text in it and no markup."""
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
    yield from _skipped_section(report)
    yield from facts(
        "Settings", {name.replace("_", " "): _value(value) for name, value in report.settings.items()}
    )
    yield "</body></html>\n"


def _head(report: Report) -> Iterator[str]:
    look = "good" if report.exit_code == 0 else "open" if not report.counts.failed else "bad"
    yield f"<header><h1>Upload to {text(report.tenant)}</h1>"
    yield f'<p class="verdict {look}">{text(summarize(report))}</p>'
    if report.message:
        yield f"<p>{text(report.message)}</p>"
    if not report.scanned:
        yield "<p>The sources were not read to their end: there may be more files than planned.</p>"
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
    yield f"<div><dt><i></i>left out</dt><dd>{report.excluded:,}<small>not planned</small></dd></div></dl>"
    if report.adds_up:
        yield '<p class="soft">Planned is the sum of the others: no file was lost sight of.</p>'
    else:
        yield "<p><strong>These do not add up. Please report it, with this report.</strong></p>"
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
        "Requests": f"{report.api.requests:,}, {report.api.retries:,} of them repeats; "
        f"{report.api.throttled:,} were told to slow down",
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
    for why, count in report.failed_by.items():
        rows = [
            (path(each.path), format_bytes(each.size), text(each.message))
            for each in report.failures
            if (each.reason or Reason.INTERNAL) == why
        ]
        yield from Table(TITLES[why], ADVICE[why], count, ("File", "Size", "Message"), rows).markup()
    yield "</section>\n"


def _findings(report: Report) -> Iterator[str]:
    """Yield what a person must look at on the server, and what may be of interest there."""
    shown = [table for table in _tables(report) if table.total]
    if shown:
        yield "<section><h2>To look at</h2>"
        for table in shown:
            yield from table.markup()
        yield "</section>\n"


def _tables(report: Report) -> Iterator[Table]:
    yield Table(
        "Unresolved",
        ADVICE[Reason.UNCERTAIN],
        report.unresolved_total,
        ("File", "Blob", "Message"),
        [(path(each.path), path(each.blob or ""), text(each.message)) for each in report.unresolved],
    )
    yield Table(
        "Duplicates",
        "Files that are there twice. None was deleted.",
        report.duplicates_total,
        ("What was found",),
        [(text(each),) for each in report.duplicates],
    )
    yield Table(
        "Warnings",
        "What a person should know.",
        report.warnings_total,
        ("What happened",),
        [(text(each),) for each in report.warnings],
    )
    yield Table(
        "Orphans",
        "Blobs that were reserved, and that no File speaks of. They do no harm.",
        report.orphans_total,
        ("Reserved for", "Blob", "When"),
        [(path(each.path), path(each.blob), moment(each.at)) for each in report.orphans],
    )


def _skipped_section(report: Report) -> Iterator[str]:
    if not report.skipped_by:
        return
    rows = [(text(TITLES[why]), f"{count:,}", text(ADVICE[why])) for why, count in report.skipped_by.items()]
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
