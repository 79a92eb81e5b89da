"""Small files through all three steps: this library beside clients as competent users write them.

    python -m benchmarks.small_files --files 2000 --rounds 5

Everything runs in one process against `benchmarks.server` in another, ways interleaved in shuffled rounds;
the ratio is taken by round, to `naive+md5`: a careful hand-written aiohttp client that hashes, as ours does.
Exits with 1 if the median ratio is below the bound.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import aiofiles
import aiohttp
import yarl

from coredata_async import CoreData, Failed, Unknown

Way = Callable[[dict[str, str], Sequence[Path], int], Awaitable[None]]
PARENT = "00000000-0000-4000-8000-000000000001"


async def ours(where: dict[str, str], paths: Sequence[Path], width: int) -> None:
    """`upload_many` with everything on: retries, timeouts, digests, checks."""
    async with CoreData(where["api"], api_user="u", api_key="k") as client:
        uploads = client.files.upload_many(paths, parent=PARENT, concurrency=width, verify=False)
        async with uploads as outcomes:
            async for outcome in outcomes:
                if isinstance(outcome, Failed | Unknown):
                    raise outcome.error


async def naive(where: dict[str, str], paths: Sequence[Path], width: int) -> None:
    """Hand-written: aiofiles, `params=`, `json()`, FormData, a semaphore and gather; hashes the bytes."""
    slots = asyncio.Semaphore(width)
    key = {"Authorization": "apikey u:k"}

    async def one(session: aiohttp.ClientSession, path: Path) -> None:
        async with slots:
            async with aiofiles.open(path, "rb") as file:
                data = await file.read()
            hashlib.md5(data, usedforsecurity=False).hexdigest()
            reserve = f"{where['api']}/api/v3/blob/presigned-upload-url/"
            query = {"content_length": str(len(data)), "content_type": "application/octet-stream"}
            async with session.post(reserve, params=query, headers=key) as reply:
                reserved = await reply.json(content_type=None)
            url = yarl.URL(reserved["presignedUrl"], encoded=True)
            sent = {"Content-Type": "application/octet-stream"}
            async with session.put(url, data=data, headers=sent) as reply:
                reply.raise_for_status()
            form = aiohttp.FormData(default_to_multipart=True)
            fields = {
                "blob_name": reserved["blobName"],
                "filename": path.name,
                "title": path.stem,
                "parent": PARENT,
            }
            for name, value in fields.items():
                form.add_field(name, value)
            async with session.post(f"{where['api']}/api/v2/files/", data=form, headers=key) as reply:
                if reply.status != 201:  # noqa: PLR2004
                    raise RuntimeError(str(reply.status))

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(one(session, path) for path in paths))


WAYS: dict[str, Way] = {"coredata_async": ours, "naive+md5": naive}


@asynccontextmanager
async def served() -> AsyncGenerator[dict[str, str], None]:
    """The server, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.server",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield json.loads(await process.stdout.readline() if process.stdout else b"")
    finally:
        process.terminate()
        await process.wait()


async def measured(name: str, paths: Sequence[Path], width: int) -> tuple[float, float]:
    """Seconds and CPU seconds of one way; every file must have arrived."""
    async with served() as where:
        wall, cpu = time.perf_counter(), time.process_time()
        await WAYS[name](where, paths, width)
        spent = time.perf_counter() - wall, time.process_time() - cpu

        def ask() -> dict[str, int]:
            with urlopen(f"{where['api']}/truth") as reply:
                return json.loads(reply.read())

        truth = await asyncio.to_thread(ask)
    if truth != {"files": len(paths), "put": len(paths), "wrong": 0}:
        raise RuntimeError(f"{name}: {truth} of {len(paths)}")
    return spent


async def compared(paths: Sequence[Path], rounds: int, width: int) -> dict[str, object]:
    """All ways, round by round, in shuffled order; the first round warms up."""
    numbers = random.Random(5)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for number in range(rounds + 1):
        for name in numbers.sample(sorted(WAYS), len(WAYS)):
            spent = await measured(name, paths, width)
            if number:
                seconds[name].append(spent)
    base = [wall for wall, _ in seconds["naive+md5"]]
    found: dict[str, object] = {"files": len(paths), "concurrency": width, "rounds": rounds}
    for name, rows in seconds.items():
        ratios = [one / wall for one, (wall, _) in zip(base, rows, strict=True)]
        found[name] = {
            "files_per_second": round(len(paths) / statistics.median(wall for wall, _ in rows)),
            "cpu_us_per_file": round(statistics.median(cpu for _, cpu in rows) / len(paths) * 1e6),
            "ratio": round(statistics.median(ratios), 3),
            "ratio_min": round(min(ratios), 3),
            "ratio_max": round(max(ratios), 3),
        }
    return found


def small_files(folder: Path, count: int) -> list[Path]:
    """Files of 4 to 64 KiB, log-uniform."""
    numbers = random.Random(1)
    paths = [folder / f"{number}.bin" for number in range(count)]
    for path in paths:
        path.write_bytes(numbers.randbytes(int(4096 * 16 ** numbers.random())))
    return paths


def main() -> None:
    """Run it and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--bound", type=float, default=1.0, help="of the median ratio to naive+md5")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coredata-bench-") as name:
        paths = small_files(Path(name), wanted.files)
        found = asyncio.run(compared(paths, wanted.rounds, wanted.concurrency))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    mine = found["coredata_async"]
    raise SystemExit(isinstance(mine, dict) and mine["ratio"] < wanted.bound)


if __name__ == "__main__":
    main()
