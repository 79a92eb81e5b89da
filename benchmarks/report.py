"""The results as one JSON object, and back again."""

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
    """One run: where it was made, how, and what it found."""

    machine: dict[str, str]
    rounds: int
    quick: bool
    seconds: float
    results: list[Result] = field(factory=list[Result])

    def figure(self, name: str) -> float | None:
        """The first figure of this name in any row: what the docs compute with."""
        return next((each.figures[name] for each in self.results if name in each.figures), None)

    def dumps(self) -> str:
        """As JSON; each row with its status, for those who read it without this program."""
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
    """Read what `dumps` wrote.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no such report.
    """
    whole: dict[str, Any] = json.loads(path.read_text())
    rows = whole.pop("results")
    for row in rows:
        row.pop("status")
    try:
        return Report(**whole, results=[Result(**row) for row in rows])
    except TypeError as exc:
        raise ValueError(f"{path} is no report of this suite: {exc}") from None


def machine() -> dict[str, str]:
    """What the figures depend on; the load is that of others if it is taken before the run."""
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
