"""Report as an HTML page: one file, without scripts or external resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from attrs import frozen

from coredata_async.bulk.formatting import escape_unprintable, files, format_bytes, format_duration
from coredata_async.bulk.report.advice import ADVICE, TITLES, summarize
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.states import Reason

_PARTS: Final = ("done", "skipped", "failed", "unresolved", "pending")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
ROWS: Final = 1000
"""Maximum number of rows of a table."""
_OPEN: Final = 20
"""Maximum number of rows of a table that is initially open."""
_NUMBERS: Final = frozenset({"Size", "Files", "Shards", "Owners", "CPU"})
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2127; --soft: #5f6b7a; --line: #d9dee5;
  --page: #fff; --tint: #f5f7f9;
  --done: #2f8f5b; --skipped: #8fa3b8; --failed: #c8372d; --unresolved: #d98a00; --pending: #b9c3cf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #98a4b1; --line: #343c46;
  --page: #15191e; --tint: #1d232a; --done: #4fb57c; --skipped: #66788c; --failed: #ef6a5f;
  --unresolved: #f0ad3c; --pending: #48535f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; color: var(--ink);
  background: var(--page); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1rem; font-weight: 600; color: var(--soft); }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem; }
p { margin: .25rem 0; }
.summary { margin: .25rem 0 1rem; padding-left: .9rem; border-left: .3rem solid var(--failed);
  font-size: 1.6rem; line-height: 1.3; font-weight: 600; }
.good { border-color: var(--done); }
.open { border-color: var(--unresolved); }
.soft, dt, th, small { color: var(--soft); }
.bar { display: flex; gap: 2px; height: .8rem; margin: 1.5rem 0 1rem; border-radius: .4rem;
  overflow: hidden; }
.bar span { min-width: 3px; }
.done { --own: var(--done); } .skipped { --own: var(--skipped); } .failed { --own: var(--failed); }
.unresolved { --own: var(--unresolved); } .pending { --own: var(--pending); }
.bar span, .tiles i { background: var(--own, transparent); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin: 0; }
.tiles dd { margin: 0; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles i { display: inline-block; width: .6rem; height: .6rem; margin-right: .4rem; border-radius: 50%; }
.tiles small { display: block; font-size: .8rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
details { margin: .5rem 0; border: 1px solid var(--line); border-radius: .5rem; }
summary { padding: .6rem .9rem; cursor: pointer; background: var(--tint); border-radius: .5rem; }
details > p { padding: .4rem .9rem; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .9rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
code { font: .92em ui-monospace, monospace; white-space: pre-wrap; }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } details { border: 0; }
  tr { break-inside: avoid; } .bar span, .tiles i { print-color-adjust: exact; } }
"""


def render(report: Report, sections: Iterable[str] = ()) -> str:
    """Return the page. External text, such as file names, is escaped and never interpreted as markup.

    Args:
        report: The report.
        sections: Further sections after the facts of the run, as HTML.
    """
    return "".join(_page(report, sections))


def _page(report: Report, sections: Iterable[str]) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Upload to {text(report.tenant)}</title><style>{STYLE}</style></head><body>\n"
    yield from _head(report)
    yield from _counts(report)
    yield from facts("This run", _run(report))
    yield from sections
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
    if report.next_step:
        yield f"<p>{text(report.next_step)}</p>"
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


@frozen
class Table:
    """Table that can be folded."""

    title: str
    description: str
    total: int
    """Number of rows if all had been kept."""
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    """Rows whose cells are HTML already."""

    def markup(self) -> Iterator[str]:
        """Yield the table, with its description and the number of rows that are not shown."""
        opened = " open" if len(self.rows) <= _OPEN else ""
        yield f"<details{opened}><summary><strong>{text(self.title)}</strong> ({self.total:,})</summary>"
        yield f"<p>{text(self.description)}</p>"
        yield from plain_table(self.heads, self.rows[:ROWS])
        rest = self.total - min(len(self.rows), ROWS)
        if rest > 0:
            yield f'<p class="soft">… and {rest:,} more.</p>'
        yield "</details>\n"


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table whose cells are HTML already."""
    classes = [' class="number"' if head in _NUMBERS else "" for head in heads]
    yield "<table><thead>" + _row("th", classes, heads) + "</thead><tbody>"
    for row in rows:
        yield _row("td", classes, row)
    yield "</tbody></table>"


def facts(title: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield names and texts, one below the other; nothing if the mapping is empty."""
    if not values:
        return
    yield f'<section><h2>{text(title)}</h2><dl class="facts">'
    for name, value in values.items():
        yield f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"
    yield "</dl></section>\n"


def text(value: str) -> str:
    """Return text as HTML, with unprintable characters made visible."""
    return escape(escape_unprintable(value))


def path(value: str) -> str:
    """Return the name of a file or blob as HTML. Right-to-left letters do not affect the text after it."""
    return f"<bdi><code>{text(value)}</code></bdi>" if value else ""


def moment(seconds: float) -> str:
    """Return a point in time as text."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _row(tag: str, classes: Sequence[str], cells: Sequence[str]) -> str:
    inside = "".join(f"<{tag}{css}>{cell}</{tag}>" for cell, css in zip(cells, classes, strict=True))
    return f"<tr>{inside}</tr>"
