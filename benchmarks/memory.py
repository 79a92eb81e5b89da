"""Peak memory of this process while it uploads one large file, against a sandbox in another process.

    python benchmarks/memory.py --gib 2

The file is sparse, so it costs no disk; the sandbox stores it for real. Growth is measured against the
resident set just before the upload. Exits with 1 if it grows by more than the bound.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from coredata_async import CoreData
from coredata_async.cli.process import sandbox_process

MIB = 1 << 20


class Peak:
    """The largest resident set of this process while it is open."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self.before = self.highest = self._process.memory_info().rss

    def __enter__(self) -> Peak:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watch.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.005):
            self.highest = max(self.highest, self._process.memory_info().rss)


async def measure(size: int, folder: Path) -> dict[str, float]:
    """Upload one file of `size` bytes and say what it took."""
    path = folder / "large.bin"
    with path.open("wb") as file:
        file.truncate(size)
    data = folder / "sandbox"
    data.mkdir()
    async with (
        sandbox_process(data=data) as (_, box),
        CoreData(box.url, api_user=box.api_user, api_key=box.api_key) as client,
    ):
        await client.files.upload(b"warm", parent=box.project, filename="warm.txt")
        with Peak() as peak:
            began = time.monotonic()
            up = await client.files.upload(path, parent=box.project)
            seconds = time.monotonic() - began
    return {
        "bytes": up.size,
        "verified": up.verified,
        "seconds": round(seconds, 2),
        "megabytes_per_second": round(up.size / seconds / 1e6, 1),
        "rss_before_mib": round(peak.before / MIB, 1),
        "rss_peak_mib": round(peak.highest / MIB, 1),
        "growth_mib": round((peak.highest - peak.before) / MIB, 1),
    }


def main() -> None:
    """Run it and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gib", type=float, default=2.0, help="size of the file")
    parser.add_argument("--bound-mib", type=float, default=12.0, help="how much it may grow")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as folder:
        found = asyncio.run(measure(int(wanted.gib * (1 << 30)), Path(folder)))
    sys.stdout.write(json.dumps(found) + "\n")
    raise SystemExit(found["growth_mib"] > wanted.bound_mib)


if __name__ == "__main__":
    main()
