"""Results as SVG for the docs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from attrs import frozen
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import Report
from benchmarks.result import Result

OURS, OTHERS, MISSED = "#1b6ca8", "#b8bec6", "#c0392b"
STYLE: Final[Any] = {
    "svg.hashsalt": "coredata",  # the same figures give the same file
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@frozen
class Bar:
    """Figure with its interval."""

    name: str
    value: float
    low: float
    high: float


def draw(report: Report, folder: Path) -> None:
    """Draw all plots for which this run has figures."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        for name, title, unit, ending in (
            ("clients", "Small files through the whole flow", "files per second", " files/s"),
            ("cpu", "CPU of the client per small file", "microseconds", " CPU us"),
            ("large", "Large files", "MB per second", " MB/s"),
            ("put", "The PUT leg of small files alone, 32 at once", "PUTs per second", " PUTs/s"),
        ):
            if bars := sorted(_bars(report, ending), key=lambda bar: bar.value):
                _save(_draw_bars(bars, title, unit, log=name in {"clients", "cpu"}), folder / f"{name}.svg")
        if looks := sorted(_looks(report)):
            _save(_grown(looks), folder / "memory.svg")
        if rows := [each for each in report.results if each.must is not None and each.ratio is not None]:
            _save(_targets(rows), folder / "targets.svg")


def _bars(report: Report, ending: str) -> Iterator[Bar]:
    """Yield all figures whose name ends with this text, each name once."""
    names: set[str] = set()
    for each in report.results:
        if ending == " CPU us" and not any(name.endswith(" files/s") for name in each.figures):
            continue  # CPU of work other than a small file
        for name, value in each.figures.items():
            if name.endswith(ending) and value > 0 and name not in names:
                names.add(name)
                low, high = (each.figures.get(f"{name} {end}", value) for end in ("low", "high"))
                yield Bar(name.removesuffix(ending), value, low, high)


def _looks(report: Report) -> Iterator[tuple[int, float]]:
    """Yield the number of files, and the growth of the resident set by then."""
    for each in report.results:
        for name, value in each.figures.items():
            _, found, files = name.partition("growth MiB at ")
            if found:
                yield int(files), value


def _grown(looks: Sequence[tuple[int, float]]) -> Figure:
    figure = Figure(figsize=(7.2, 2.2), layout="constrained")
    axes = figure.add_subplot()
    files, growth = zip((0, 0.0), *looks, strict=True)
    axes.plot(files, growth, "o-", color=OURS, markersize=3)
    axes.set_ylim(bottom=0, top=max(*growth, 8) * 1.1)
    axes.set_ylabel("MiB")
    _set_titles(axes, "Growth of the resident set in one `upload_many`", "files uploaded")
    return figure


def _draw_bars(bars: Sequence[Bar], title: str, unit: str, *, log: bool) -> Figure:
    figure = Figure(figsize=(7.2, 0.9 + 0.28 * len(bars)), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(bars))
    errors = [[bar.value - bar.low for bar in bars], [bar.high - bar.value for bar in bars]]
    colours = [OURS if "ours" in bar.name else OTHERS for bar in bars]
    axes.barh(places, [bar.value for bar in bars], xerr=errors, color=colours, ecolor="#555", height=0.7)
    axes.set_yticks(places, [bar.name for bar in bars])
    axes.set_xscale("log" if log else "linear")
    for place, bar in zip(places, bars, strict=True):
        axes.annotate(
            f" {bar.value:,.0f}", (max(bar.high, bar.value), place), va="center", fontsize=8, color="#333"
        )
    _set_titles(axes, title, f"{unit} (log)" if log else unit)
    axes.set_xlim(right=axes.get_xlim()[1] * (1.6 if log else 1.08))
    return figure


def _targets(rows: Sequence[Result]) -> Figure:
    """Draw the distance of each ratio from its bound: 1 is the bound, further right is better."""
    figure = Figure(figsize=(7.2, 0.9 + 0.28 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for place, row in enumerate(reversed(rows)):
        low, middle, high = (_margin(row, value) for value in (row.low, row.ratio, row.high))
        colour = MISSED if row.status == "MISS" else OURS
        axes.plot([low, high], [place, place], color=colour, linewidth=2)
        axes.plot([middle], [place], "o", color=colour, markersize=4)
        if row.stretch is not None:
            axes.plot([_margin(row, row.stretch)], [place], "|", color="#555", markersize=9)
    axes.axvline(1, color="#333", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [f"{row.name} | {row.baseline}" for row in reversed(rows)], fontsize=7)
    axes.set_xscale("log")
    _set_titles(
        axes, "How far the bounds are cleared (| is the aim)", "times the bound (log); right is better"
    )
    return figure


def _margin(row: Result, value: float | None) -> float:
    value = row.ratio if value is None else value
    must = row.must or 1.0
    margin = (value or 0.0) / must if row.higher_is_better else must / max(value or 0.0, 1e-3)
    return max(margin, 1e-3)


def _set_titles(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel(unit)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
