"""Process of `benchmarks.revisions`: carries out work with the library in a given folder.

Reads one JSON object per line, and prints the seconds that each took, and the CPU time of this process. It
imports nothing of the benchmarks, because it must run with earlier revisions, too.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

TREE = sys.argv[1]
sys.path.insert(0, TREE)

from coredata_async import CoreData, Uploaded  # noqa: E402  # of this tree
from coredata_async.bulk import UploadJob  # noqa: E402

Clients = dict[str, CoreData]


async def upload_many(clients: Clients, wanted: dict[str, Any]) -> float:
    """Upload files, on connections that are kept between the slices."""
    url = wanted["url"]
    client = clients.get(url) or clients.setdefault(url, CoreData(url, api_user="u", api_key="k"))
    began = time.perf_counter()
    uploads = client.files.upload_many(wanted["paths"], parent=wanted["parent"], concurrency=wanted["width"])
    async with uploads as outcomes:
        found = [isinstance(each, Uploaded) async for each in outcomes]
    seconds = time.perf_counter() - began
    if found.count(True) != len(wanted["paths"]):
        raise RuntimeError(f"{found.count(False)} files failed")
    return seconds


async def job(_: Clients, wanted: dict[str, Any]) -> float:
    """Upload a tree by a job with the default options."""
    async with CoreData(wanted["url"], api_user="u", api_key="k") as client:
        began = time.perf_counter()
        upload = UploadJob(client, wanted["root"], parent=wanted["parent"], journal=wanted["journal"])
        report = await upload.run()
        seconds = time.perf_counter() - began
    if report.exit_code or report.counts.done != wanted["files"]:
        raise RuntimeError(f"the job failed: {report.counts}")
    return seconds


async def import_code(_: Clients, wanted: dict[str, Any]) -> float:
    """Run code in a fresh interpreter and return its CPU time."""
    code = f"import sys; sys.path.insert(0, {TREE!r}); {wanted['code']}"
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-P", "-c", code], check=True)  # noqa: ASYNC221  # nothing else runs
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


WORK = {"upload_many": upload_many, "job": job, "import": import_code}


async def main() -> None:
    """Carry out each line of the standard input."""
    clients: Clients = {}
    for line in sys.stdin:  # blocks the loop on purpose: the process waits for its turn
        wanted = json.loads(line)
        before = time.process_time()
        seconds = await WORK[wanted["work"]](clients, wanted)
        cpu = time.process_time() - before
        sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu}) + "\n")
        sys.stdout.flush()
    for client in clients.values():
        await client.aclose()


asyncio.run(main())
