"""Duration of imports, in fresh interpreters, beside the libraries that the package uses.

    python -m benchmarks.import_time --rounds 15

Each round starts one interpreter per way, in shuffled order; the ratio is that of the CPU time of the whole
interpreter, user and system. Exits with 1 if a whole 95 % interval is above its bound. The bound is on a
client that was made, not on the import alone, which only promises the names.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Final

from attrs import asdict, frozen

from benchmarks.intervals import median_interval, ratios
from benchmarks.result import Result

ROOT: Final = Path(__file__).parents[1]
BASE: Final = "aiohttp+attrs+cattrs+aiofiles"
MADE: Final = (
    "from coredata_async import CoreData; "
    "client = CoreData('https://t.coredata.is', api_user='u', api_key='k')"
)


@frozen
class Way:
    """Statements to measure."""

    name: str
    code: str
    must: float | None = None
    stretch: float | None = None


WAYS: Final = (
    Way(BASE, "import aiohttp, attrs, cattrs, aiofiles"),
    Way("import", "import coredata_async", 1.15, 1.05),
    Way("import, a client made", MADE, 1.15, 1.05),
    Way("import, a client made, its files used", f"{MADE}; client.files"),
    Way("import of every public name", "from coredata_async import *"),
)


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # the form that all measurements have
    """Measure row 18 of the table, and the deferred imports; a quick run omits nothing."""
    seconds: dict[str, list[float]] = {way.name: [] for way in WAYS}
    numbers = random.Random(18)
    for turn in range(rounds + 1):
        for way in numbers.sample(WAYS, len(WAYS)):
            spent = _measure_cpu(way.code)
            if turn:  # the first round compiles and fills the page cache
                seconds[way.name].append(spent)
    return [_result(way, seconds) for way in WAYS if way.name != BASE]


def _measure_cpu(code: str) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _result(way: Way, seconds: dict[str, list[float]]) -> Result:
    found = median_interval(ratios(seconds[way.name], seconds[BASE]))
    return Result(
        name=way.name,
        baseline=BASE,
        ratio=found.median,
        low=found.low,
        high=found.high,
        must=way.must,
        stretch=way.stretch,
        higher_is_better=False,
        figures={f"{name} CPU ms": statistics.median(seconds[name]) * 1e3 for name in (BASE, way.name)},
        row="18",
    )


def main() -> None:
    """Run it and print one JSON array."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    wanted = parser.parse_args()
    found = measure(wanted.rounds, quick=False)
    rows = [{**asdict(each), "status": each.status} for each in found]
    sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    raise SystemExit(any(each.status == "MISS" for each in found))


if __name__ == "__main__":
    main()
