"""Rows of one job over two processes; `benchmarks.processes` measures it, in a process of its own."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.apart import run_part
from benchmarks.result import Result

MUST: Final = 1.6
PROCESSES: Final = 2


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure one row for small files, one for files of 8 MiB."""
    sizes = ("--files", 4000 if quick else 6000, "--middle", 60)
    # The table decides whether a ratio misses its bound.
    found = run_part("benchmarks.processes", "--rounds", rounds, *sizes, missing=True)
    if "cores" not in found:  # present in the last line of a complete run
        raise RuntimeError("benchmarks.processes broke off")
    small, middle = found["small"], found["middle"]
    many, apart = f"one job over {PROCESSES} processes", f"{PROCESSES} jobs of one process each, small files"
    shared = "half of the tree for each, sharing nothing: what this machine gives to two processes"
    alone = {"files per second": small["apart"]["files_per_second"]}
    return [
        _row(
            f"{many}, small files",
            *(small["ratio"], small["ratio_95"], _figures(small)),
            note="the far end has its share of the same cores",
            must=MUST,
        ),
        _row(apart, small["apart_ratio"], small["apart_95"], alone, note=shared),
        _row(
            f"{many}, files of 8 MiB",
            *(middle["ratio"], middle["ratio_95"], _figures(middle)),
            note="one process hashes them on both cores already",
        ),
    ]


def _figures(found: dict[str, Any]) -> dict[str, float]:
    one, two = found["processes_1"], found[f"processes_{PROCESSES}"]
    return {
        "1 process, files per second": one["files_per_second"],
        "2 processes, files per second": two["files_per_second"],
        "parent us/file": two["parent_us"],
        "workers us/file": two["workers_us"],
        "far end us/file": two["far_us"],
        "by CPU alone, far end elsewhere": found["model"],
    }


def _row(
    name: str,
    ratio: float,
    interval: list[float],
    figures: dict[str, float],
    *,
    note: str,
    must: float | None = None,
) -> Result:
    low, high = interval
    return Result(
        name=name,
        baseline="1 process",
        ratio=ratio,
        low=low,
        high=high,
        must=must,
        figures=figures,
        note=note,
    )
