"""Results as one table: for a terminal, and in Markdown for the docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from benchmarks.result import Result

HEADINGS: Final = ("row", "metric", "baseline", "median", "95 % interval", "must", "stretch", "status")
WORDS: Final = {"stretch": "ok, stretch", "must": "ok", "MISS": "MISS", "info": "info", "absent": "absent"}


def cells(result: Result) -> Sequence[str]:
    """Return one row, as text."""
    return (
        result.row,
        result.name,
        result.baseline,
        _value(result, result.ratio),
        "" if result.low is None or result.high is None else f"{_number(result.low)}-{_number(result.high)}",
        _format_bound(result, result.must),
        _format_bound(result, result.stretch),
        WORDS[result.status],
    )


def lines(results: Iterable[Result]) -> Iterator[str]:
    """Yield a table of fixed width; notes are below their rows."""
    results = list(results)
    rows = [HEADINGS, *(cells(each) for each in results)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()

    yield line(HEADINGS)
    yield "  ".join("-" * width for width in widths)
    for each in results:
        yield line(cells(each))
        if each.note:
            yield " " * (widths[0] + 2) + f"({each.note})"


def markdown(results: Iterable[Result]) -> Iterator[str]:
    """Yield the same in Markdown, with the figures from which it was computed."""
    yield f"| {' | '.join(HEADINGS)} | figures |"
    yield "|" + "---|" * (len(HEADINGS) + 1)
    for each in results:
        row = [text.replace("|", "\\|") for text in (*cells(each), describe_figures(each))]
        yield f"| {' | '.join(row)} |"


def describe_figures(result: Result) -> str:
    """Return the figures and the note, as text."""
    figures = [
        f"{name} {_number(value)}"
        for name, value in result.figures.items()
        if not name.endswith((" low", " high")) and " MiB at " not in name  # those are for the plots
    ]
    return "; ".join([*figures, *([result.note] if result.note else [])])


def _value(result: Result, value: float | None) -> str:
    if value is None:
        return ""
    return _number(value) + ("" if result.unit == "x" else f" {result.unit}")


def _format_bound(result: Result, value: float | None) -> str:
    if value is None:
        return ""
    return f"{'≥' if result.higher_is_better else '≤'} {_number(value)}"


def _number(value: float) -> str:
    """Format with three significant digits and separated thousands."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
