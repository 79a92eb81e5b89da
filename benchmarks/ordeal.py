"""Whole tree through `coredata upload`, on a server full of faults, killed again and again, then compared.

    python -m benchmarks.ordeal /usr/include /usr/share/man --kills 6

The command runs in a process of its own and gets SIGKILL after a while, several times; then it may end. The
sandbox, in another process, loses responses, resets connections, refuses, lets URLs expire and lists late.
Its own list of Files is compared with the disk: every file must be there once, with its bytes. Exits with 1
if not.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from coredata_async.cli.sandbox_process import SandboxAddress, sandbox_process

FAULTS: Final = (
    {"fault": "reset_after", "operation": "files.register", "every": 97},
    {"fault": "commit_late", "operation": "files.register", "seconds": 2.0, "every": 331},
    {"fault": "status", "operation": "files.register", "code": 502, "done": True, "every": 257},
    {"fault": "reset_before", "operation": "blobs.reserve", "every": 101},
    {"fault": "status", "operation": "blobs.reserve", "code": 429, "retry_after": 1, "every": 1009},
    {"fault": "status", "operation": "storage.put", "code": 503, "every": 307},
    {"fault": "reset_after", "operation": "storage.put", "every": 151},
    {"fault": "cut_upload", "operation": "storage.put", "at": 1000, "every": 127},
    {"fault": "expire", "operation": "storage.put", "every": 173},
    {"fault": "reset_after", "operation": "folders.create", "every": 41},
    {"fault": "status", "operation": "files.list", "code": 500, "every": 37},
)
"""Faults of the sandbox, each with its schedule."""
LAG: Final = 1.0
"""Seconds for which a new File is missing from lists."""


async def script_faults(box: SandboxAddress) -> None:
    """Switch the faults on."""
    for fault in FAULTS:
        await ask_sandbox(box, "POST", "/sandbox/faults", {**fault, "times": None})
    await ask_sandbox(box, "POST", "/sandbox/faults", {"fault": "listing_lag", "seconds": LAG})


async def ask_sandbox(box: SandboxAddress, method: str, path: str, body: object = None) -> Any:
    """Send a request to the sandbox itself."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{box.url}{path}", data, {"Content-Type": "application/json"}, method=method)

    def answer() -> object:
        with urlopen(request) as reply:
            return json.loads(reply.read())

    return await asyncio.to_thread(answer)


async def upload(command: list[str], environment: dict[str, str], seconds: float | None) -> tuple[int, str]:
    """Run the command; kill it after this many seconds, if given."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    reading = asyncio.create_task(process.communicate())
    try:
        await asyncio.wait_for(asyncio.shield(reading), seconds)
    except TimeoutError:
        process.kill()
    out, _ = await reading
    return process.returncode or 0, out.decode("utf-8", "replace")


def on_disk(roots: list[Path]) -> Counter[tuple[str, str]]:
    """Return path, from the PATH's own name on, and MD5 of every regular file."""
    found = Counter[tuple[str, str]]()
    for root in roots:
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as file:
                        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
                    found[str(path.relative_to(root.parent)), digest.hexdigest()] += 1
    return found


async def on_server(box: SandboxAddress) -> Counter[tuple[str, str]]:
    """Return the same from the sandbox's own list of Files."""
    found = Counter[tuple[str, str]]()
    offset, total = 0, 1
    while offset < total:
        page = await ask_sandbox(box, "GET", f"/sandbox/files?limit=10000&offset={offset}")
        for each in page["objects"]:
            found["/".join((*_folders(each), each["filename"])), each["digest"]] += 1
        offset, total = offset + len(page["objects"]), page["meta"]["total_count"]
    return found


def _folders(file: dict[str, str]) -> list[str]:
    return [part for part in (file["path"] or "").split("/") if part]


async def ordeal(
    roots: list[Path], kills: int, seconds: float, folder: Path, processes: int
) -> dict[str, object]:
    """Run the whole ordeal."""
    numbers = random.Random(7)
    async with sandbox_process() as (_, box):
        await script_faults(box)
        report_file = folder / "report.html"
        command = [
            *(sys.executable, "-m", "coredata_async", "upload", *map(str, roots), "--parent", box.project),
            *("--job", str(folder / "job.sqlite"), "--json", "--quiet", "--names", "escape"),
            *("--processes", str(processes)),
            *("--report", str(report_file), "--report", str(folder / "report.json")),
        ]
        began, killed = time.monotonic(), 0
        for _ in range(kills):
            code, _ = await upload(command, environment(box), numbers.uniform(0.3, 1.0) * seconds)
            killed += code < 0
        code, out = await upload(command, environment(box), None)
        report = json.loads(out.splitlines()[-1])
        here, there = await asyncio.to_thread(on_disk, roots), await on_server(box)
        state = await ask_sandbox(box, "GET", "/sandbox/state")
        faults = await ask_sandbox(box, "GET", "/sandbox/faults")
    return {
        "files": here.total(),
        "sigkills": killed,
        "faults": {f"{each['fault']} {each['operation']}": each["fired"] for each in faults},
        "missing": (here - there).total(),
        "twice_or_wrong": (there - here).total(),
        "blobs_twice": len(state["duplicates"]),
        "folders_twice": len(state["folders_twice"]),
        "exit_code": code,
        "seconds": round(time.monotonic() - began, 1),
        "report": {
            name: report[name] for name in ("run", "ended", "counts", "adds_up", "api") if name in report
        },
        "orphans": report.get("orphans_total"),
    }


def environment(box: SandboxAddress) -> dict[str, str]:
    """Return the environment variables of the command."""
    return {
        **os.environ,
        "COREDATA_BASE_URL": box.url,
        "COREDATA_API_USER": box.api_user,
        "COREDATA_API_KEY": box.api_key,
    }


def main() -> None:
    """Run it and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=15.0, help="the longest a killed run may live")
    parser.add_argument("--processes", type=int, default=1, help="over which each run is spread")
    parser.add_argument("--keep", type=Path, help="an empty directory for journal and reports, to look at")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coredata-ordeal-") as name:
        found = asyncio.run(
            ordeal(
                [path.resolve() for path in wanted.paths],
                wanted.kills,
                wanted.seconds,
                wanted.keep or Path(name),
                wanted.processes,
            )
        )
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    raise SystemExit(
        bool(found["missing"] or found["twice_or_wrong"] or found["folders_twice"] or found["exit_code"])
    )


if __name__ == "__main__":
    main()
