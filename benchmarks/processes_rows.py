"""One job over two processes in the table; `benchmarks.processes` measures it, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from benchmarks.result import Result
from benchmarks.served import ROOT

MUST: Final = 1.6
PROCESSES: Final = 2


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """One row for small files, one for files of 8 MiB."""
    sizes = ["--files", "4000", "--middle", "24"] if quick else ["--files", "6000", "--middle", "60"]
    command = [sys.executable, "-m", "benchmarks.processes", "--rounds", str(rounds), *sizes]
    # It exits with 1 when a ratio misses: that is for the table to say.
    out = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=600)
    found: dict[str, Any] = json.loads((out.stdout.splitlines() or ["{}"])[-1])
    if "small" not in found:
        raise RuntimeError(f"benchmarks.processes ended with {out.returncode}")
    return [
        _row("small files", found["small"], MUST, "the far end has its share of the same cores"),
        _ceiling(found["small"]),
        _row("files of 8 MiB", found["middle"], None, "one process hashes them on both cores already"),
    ]


def _ceiling(found: dict[str, Any]) -> Result:
    """What the machine gives to processes that need not agree on anything."""
    low, high = found["apart_95"]
    return Result(
        name=f"{PROCESSES} jobs of one process each, small files",
        baseline="1 process",
        ratio=found["apart_ratio"],
        low=low,
        high=high,
        figures={"files per second": found["apart"]["files_per_second"]},
        note="half of the tree for each, sharing nothing: what this machine gives to two processes",
    )


def _row(name: str, found: dict[str, Any], must: float | None, note: str) -> Result:
    low, high = found["ratio_95"]
    one, two = found["processes_1"], found[f"processes_{PROCESSES}"]
    figures = {
        "1 process, files per second": one["files_per_second"],
        "2 processes, files per second": two["files_per_second"],
        "parent us/file": two["parent_us"],
        "workers us/file": two["workers_us"],
        "far end us/file": two["far_us"],
        "by CPU alone, far end elsewhere": found["model"],
    }
    return Result(
        name=f"one job over {PROCESSES} processes, {name}",
        baseline="1 process",
        ratio=found["ratio"],
        low=low,
        high=high,
        must=must,
        figures=figures,
        note=note,
    )
