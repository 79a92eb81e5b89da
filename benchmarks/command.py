"""Command that runs the benchmarks: one table, one JSON, plots, and exit code 1 if a ratio misses its bound.

    pip install '.[bench]' && python -m benchmarks
    python -m benchmarks --quick                          # about two minutes
    python -m benchmarks --only small large --rounds 9
    python -m benchmarks --from found.json --docs .docs   # tables and plots of the docs from an earlier run

A bound is missed when the whole 95 % interval of the median lies on the wrong side of it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.registry import MEASUREMENTS, Measurement, choose
from benchmarks.report import Report, load, machine
from benchmarks.result import Result
from benchmarks.table import lines
from coredata_async import CoreDataError


def options() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these measurements alone")
    parser.add_argument("--list", action="store_true", help="their names, and no more")
    parser.add_argument("--rounds", type=int, help="at least, of each; 5, or 2 in a quick run")
    parser.add_argument("--quick", action="store_true", help="less work: fewer rounds, smaller files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw SVG there")
    parser.add_argument(
        "--docs", type=Path, metavar="DIR", help="write tables and plots into performance.md there"
    )
    parser.add_argument(
        "--from", type=Path, dest="source", metavar="JSON", help="measure nothing: take this run"
    )
    return parser


def run(wanted: Sequence[Measurement], rounds: int, *, quick: bool) -> Report:
    """Run the measurements, and print each group of rows when it is finished."""
    began, where = time.monotonic(), machine()
    found: list[Result] = []
    for each in wanted:
        started = time.monotonic()
        try:
            rows = each.measure(rounds, quick=quick)
        except (CoreDataError, OSError, RuntimeError, subprocess.SubprocessError, ExceptionGroup) as exc:
            words = f"it failed: {type(exc).__name__}: {exc}"
            rows = [Result(name=each.name, baseline="", ratio=0, must=1, note=words)]
        found += rows
        sys.stdout.write(f"\n== {each.name}: {each.about} ({time.monotonic() - started:.0f} s)\n")
        sys.stdout.write("\n".join(lines(rows)) + "\n")
        sys.stdout.flush()
    return Report(machine=where, rounds=rounds, quick=quick, seconds=time.monotonic() - began, results=found)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command, and return the exit code."""
    parser = options()
    wanted = parser.parse_args(argv)
    if wanted.list:
        sys.stdout.writelines(f"{each.name:10} {each.about}\n" for each in MEASUREMENTS)
        return 0
    try:
        report = (
            load(wanted.source)
            if wanted.source
            else run(
                choose(wanted.only),
                wanted.rounds or (2 if wanted.quick else 5),
                quick=wanted.quick,
            )
        )
    except (ValueError, OSError) as exc:
        parser.error(str(exc))
    _write(report, wanted)
    sys.stdout.write(f"\n== all of it ({report.seconds:.0f} s)\n" + "\n".join(lines(report.results)) + "\n")
    return int(any(each.status == "MISS" for each in report.results))


def _write(report: Report, wanted: argparse.Namespace) -> None:
    if wanted.json:
        wanted.json.write_text(report.dumps() + "\n")
    if (wanted.plots or wanted.docs) and find_spec("matplotlib") is None:
        sys.stderr.write("no plots: matplotlib is not installed\n")
    elif wanted.plots or wanted.docs:
        from benchmarks.plots import draw  # noqa: PLC0415  # half a second, and not everybody has matplotlib

        draw(report, wanted.plots or wanted.docs / "plots")
    if wanted.docs:
        from benchmarks.docs import rewrite  # noqa: PLC0415

        rewrite(wanted.docs / "performance.md", report)
