"""Memory of a web service while large files pass through it.

    python -m benchmarks.web_memory                     # 32 uploads of 200 MB at once; prints one JSON object
    python -m benchmarks.web_memory --uploads 1 --mib 4096 --download

It is the FastAPI example with uvicorn, in a process of its own. The sandbox behind it and the client before
it run in this process. Needs the extra `web`. The bytes of a body are spooled to a temporary file while they
are sent, so that they can be sent again: the disk needs twice the sum of all bodies. With `--download`, one
of the files is downloaded afterwards, whole, in part and not at all.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import psutil  # type: ignore[import-untyped, unused-ignore]

from coredata_async.sandbox import SandboxThread

EXAMPLES: Final = Path(__file__).parent.parent / ".docs" / "examples"
MIB: Final = 1 << 20
BLOCK: Final = bytes(range(256)) * 1024


class Peak:
    """The largest resident set of another process since `reset`."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self.highest = 0
        threading.Thread(target=self._sample, daemon=True).start()

    def _sample(self) -> None:
        while not self._stop.wait(0.005):
            try:
                self.highest = max(self.highest, self._process.memory_info().rss)
            except psutil.NoSuchProcess:
                return

    def reset(self) -> float:
        """Return the present size in MiB, and forget the largest one."""
        self.highest = self._process.memory_info().rss
        return self.highest / MIB


@contextmanager
def web_service(box: SandboxThread) -> Iterator[tuple[str, int]]:
    """Run the example in a process; yield its address and process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    settings = {
        "COREDATA_BASE_URL": box.url,
        "COREDATA_API_USER": box.api_user,
        "COREDATA_API_KEY": box.api_key,
    }
    command = [sys.executable, "-m", "uvicorn", "web_fastapi:app", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen([*command, "--app-dir", str(EXAMPLES)], env={**os.environ, **settings})
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(1200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the web service does not start")


async def body(size: int) -> AsyncIterator[bytes]:
    """Yield a body of this size."""
    left = size
    while left:
        yield BLOCK[:left]
        left -= min(left, len(BLOCK))


async def upload(session: aiohttp.ClientSession, parent: str, name: str, size: int) -> str:
    """Upload one body, and return the id of its File."""
    headers = {"Content-Length": str(size)}
    async with session.put(f"/folders/{parent}/{name}", data=body(size), headers=headers) as response:
        response.raise_for_status()
        said: dict[str, str] = await response.json()
        return said["id"]


async def fetch(session: aiohttp.ClientSession, file_id: str, **headers: str) -> dict[str, object]:
    """Download a File, and return what came."""
    began, count, digest = time.perf_counter(), 0, hashlib.md5(usedforsecurity=False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with session.get(f"/files/{file_id}", headers=named) as response:
        async for block in response.content.iter_any():
            count += len(block)
            digest.update(block)
        shown = ("Content-Range", "Content-Length", "ETag")
        return {
            "request": named,
            "status": response.status,
            "headers": {name: response.headers[name] for name in shown if name in response.headers},
            "bytes": count,
            "md5": digest.hexdigest(),
            "seconds": round(time.perf_counter() - began, 1),
        }


async def leave(session: aiohttp.ClientSession, file_id: str) -> dict[str, object]:
    """Disconnect after the first mebibyte."""
    response = await session.get(f"/files/{file_id}")
    await response.content.readexactly(MIB)
    response.close()
    return {"request": "disconnects after 1 MiB", "status": response.status}


async def measure(uploads: int, size: int, *, download: bool) -> dict[str, object]:
    """Upload so many bodies at once, and download one of them if asked to; sizes are in MiB."""
    with SandboxThread() as box, web_service(box) as (url, pid):
        peak = Peak(pid)
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(url, timeout=timeout, connector=connector) as session:
            await upload(session, box.project, "warm-up", MIB)
            before, began = peak.reset(), time.perf_counter()
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(upload(session, box.project, f"{number}.bin", size))
                    for number in range(uploads)
                ]
            took = time.perf_counter() - began
            result: dict[str, object] = {
                "uploads": uploads,
                "MiB each": size / MIB,
                "seconds": round(took, 1),
                "MiB/s": round(uploads * size / MIB / took, 1),
                "RSS before": round(before, 1),
                "RSS peak": round(peak.highest / MIB, 1),
            }
            if download:
                result["downloads"] = await _download(session, tasks[0].result(), size, peak)
    return result


async def _download(
    session: aiohttp.ClientSession, file_id: str, size: int, peak: Peak
) -> list[dict[str, object]]:
    before = peak.reset()
    whole = await fetch(session, file_id)
    whole |= {"RSS before": round(before, 1), "RSS peak": round(peak.highest / MIB, 1)}
    etag = str(whole["headers"]["ETag"])  # type: ignore[index]
    return [
        whole,
        await fetch(session, file_id, Range=f"bytes={size // 2}-{size // 2 + MIB - 1}"),
        await fetch(session, file_id, Range="bytes=-500", If_Range=etag),
        await fetch(session, file_id, Range=f"bytes={size}-"),
        await fetch(session, file_id, If_None_Match=etag),
        await leave(session, file_id),
        await fetch(session, file_id, Range="bytes=0-9"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=32)
    parser.add_argument("--mib", type=float, default=200e6 / MIB, help="of each upload")
    parser.add_argument("--download", action="store_true")
    options = parser.parse_args()
    found = asyncio.run(measure(options.uploads, int(options.mib * MIB), download=options.download))
    print(json.dumps(found, indent=2))
