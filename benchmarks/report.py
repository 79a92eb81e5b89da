"""Results as one JSON object, and back."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from attrs import asdict, field, frozen

from benchmarks.result import Result

PACKAGES: Final = (
    "coredata-async",
    "aiohttp",
    "httptools",
    "httpx",
    "requests",
    "pycurl",
    "obstore",
    "orjson",
    "uvloop",
)


@frozen(kw_only=True)
class Report:
    """One run: the machine, the options, and the results."""

    machine: dict[str, str]
    rounds: int
    quick: bool
    seconds: float
    results: list[Result] = field(factory=list[Result])

    def figure(self, name: str) -> float | None:
        """Return the first figure of this name in any row, for the computations of the docs."""
        return next((each.figures[name] for each in self.results if name in each.figures), None)

    def dumps(self) -> str:
        """Return the report as JSON; each row with its result, for readers without this program."""
        rows = [{**asdict(each), "status": each.status} for each in self.results]
        whole = {
            "machine": self.machine,
            "rounds": self.rounds,
            "quick": self.quick,
            "seconds": round(self.seconds, 1),
            "results": rows,
        }
        return json.dumps(whole, indent=1)


def load(path: Path) -> Report:
    """Read the output of `dumps`.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not such a report.
    """
    whole: dict[str, Any] = json.loads(path.read_text())
    rows = whole.pop("results")
    for row in rows:
        row.pop("status")
    try:
        return Report(**whole, results=[Result(**row) for row in rows])
    except TypeError as exc:
        raise ValueError(f"{path} is not a report of this suite: {exc}") from None


def machine() -> dict[str, str]:
    """Return the facts on which the figures depend; take the load before the run, so that it is of others."""
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "load before": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found
