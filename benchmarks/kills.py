"""SIGKILLs at random times of upload jobs, against a server whose answers are ambiguous, late and incomplete.

    python -m benchmarks.crash --kills 500 --processes 2

Each job uploads a tree of its own. It is killed again and again, started again with the same journal, and in
the end it may finish. Then every local file is looked for among the Files of the server. All faults are on
all the time: registrations and folders answered with 503 and Retry-After or with 524, carried out or not;
committed after the connection was reset; and lists that lag behind.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from attrs import define, field, fields, frozen

from coredata_async import CoreData, Retry
from coredata_async.bulk import Effort, UploadJob
from coredata_async.cli.sandbox_process import SandboxAddress

LATE: Final = 1.0
"""Seconds after which a late commit is made."""
LAG: Final = 0.5
"""Seconds that a new File stays out of the lists."""
RETRY: Final = Retry(base=0.02, cap=0.2, settle=3.0, probe_gap=1.0)
"""Longer than the server is late, as `Retry.settle` and `probe_gap` demand, even if the machine is busy."""
MOST: Final = 12
"""Kills of one job."""
HANGS: Final = 180.0
"""Seconds after which a run that is not killed is taken to hang."""
_BUSY: Final = {"code": 503, "retry_after": 0.2}
FAULTS: Final = (
    {"fault": "status", "operation": "files.register", **_BUSY, "every": 5},
    {"fault": "status", "operation": "files.register", **_BUSY, "done": True, "every": 7},
    {"fault": "status", "operation": "files.register", "code": 524, "done": True, "every": 11},
    {"fault": "commit_late", "operation": "files.register", "seconds": LATE, "every": 9},
    {"fault": "status", "operation": "folders.create", **_BUSY, "every": 4},
    {"fault": "status", "operation": "folders.create", **_BUSY, "done": True, "every": 5},
    {"fault": "status", "operation": "folders.create", "code": 524, "done": True, "every": 7},
    {"fault": "commit_late", "operation": "folders.create", "seconds": LATE, "every": 6},
)

Truth = Counter[tuple[str, str]]
"""Path and MD5."""


@define
class Tally:
    """Results of the jobs so far."""

    jobs: int = 0
    runs: int = 0
    kills: int = 0
    files: int = 0
    missing: int = 0
    duplicate: int = 0
    folders_duplicate: int = 0
    unresolved: int = 0
    other_exit: int = 0
    """Last runs whose report does not say that all is well."""
    problems: list[str] = field(factory=list[str])

    @property
    def clean(self) -> bool:
        """True if every file is there once, and every report says so."""
        return not any(
            (self.missing, self.duplicate, self.folders_duplicate, self.unresolved, self.other_exit)
        )

    def __str__(self) -> str:
        names = [one.name for one in fields(Tally) if one.name != "problems"]
        return ", ".join(f"{name.replace('_', ' ')} {getattr(self, name)}" for name in names)


@frozen(kw_only=True)
class Task:
    """One job."""

    box: SandboxAddress
    parent: str
    root: Path
    journal: Path
    processes: int

    async def upload(self) -> dict[str, Any]:
        """Run it, in the process that may be killed."""
        async with CoreData(
            self.box.url, api_user=self.box.api_user, api_key=self.box.api_key, retry=RETRY
        ) as client:
            job = UploadJob(
                client,
                [self.root],
                parent=self.parent,
                journal=self.journal,
                effort=Effort(concurrency=16, processes=self.processes),
            )
            report = await job.run()
        return {
            "exit_code": report.exit_code,
            "unresolved": report.counts.unresolved,
            "failed": report.counts.failed,
            "adds_up": report.adds_up,
        }


def campaign(kills: int, processes: int, seed: int, keep: Path | None) -> Tally:
    """Kill until it is enough, and look at the truth after each job."""
    tally = Tally()
    gc.freeze()
    with sandbox() as box, tempfile.TemporaryDirectory(prefix="coredata-kills-") as where:
        for fault in FAULTS:
            ask(box, "POST", "/sandbox/faults", {**fault, "times": None})
        ask(box, "POST", "/sandbox/faults", {"fault": "listing_lag", "seconds": LAG})
        while tally.kills < kills:
            chance = random.Random(f"{seed} {tally.jobs}")
            folder = Path(where) / f"job{seed}-{tally.jobs}"
            task = Task(
                box=box,
                parent=asyncio.run(new_project(box, folder.name)),
                root=plant(folder / folder.name, chance),
                journal=folder / "job.sqlite",
                processes=processes,
            )
            before = len(tally.problems)
            finish(task, chance, min(MOST, kills - tally.kills), tally)
            if keep is not None and len(tally.problems) > before:
                shutil.copytree(folder, keep / folder.name)
            shutil.rmtree(folder)
            print(tally, *tally.problems[before:], sep="\n  ", flush=True)
    return tally


def finish(task: Task, chance: random.Random, most: int, tally: Tally) -> None:
    """Kill a job several times, let it end, and compare."""
    killed = 0
    report: dict[str, Any] | None = None
    while report is None:
        # Most of a job happens in its first second, and most of the waiting later.
        moment = chance.choice([chance.expovariate(2), chance.uniform(0, 8)])
        start = 0.0 if task.processes == 1 else 0.5
        report = run(task, HANGS if killed == most else start + moment)
        killed += report is None
        tally.runs += 1
    time.sleep(LATE + LAG)
    tally.jobs += 1
    tally.kills += killed
    here, there, folders = on_disk(task.root), on_server(task), folders_on_server(task)
    tally.files += here.total()
    tally.missing += (here - there).total()
    tally.duplicate += (there - here).total()
    tally.folders_duplicate += sum(count - 1 for count in folders.values())
    tally.unresolved += report["unresolved"]
    tally.other_exit += report["exit_code"] != 0 or not report["adds_up"]
    tally.problems += [f"{task.root.name}: missing {path}" for path, _ in here - there]
    tally.problems += [f"{task.root.name}: duplicate {path}" for path, _ in there - here]
    tally.problems += [f"{task.root.name}: duplicate folder {path}" for path, n in folders.items() if n > 1]
    if report["exit_code"] or not report["adds_up"]:
        tally.problems.append(f"{task.root.name}: after {killed} kills the report says {report}")


def run(task: Task, seconds: float) -> dict[str, Any] | None:
    """Run a job in a fork of this process, and kill it after so many seconds; `None` if it was killed."""
    out = task.root.parent / "report.json"
    out.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        _perform(task, out)
    until = time.monotonic() + seconds
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() >= until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if seconds == HANGS:
                raise RuntimeError(f"a run of {task.root.name} hangs")
            return None
        time.sleep(0.002)
    found: dict[str, Any] = json.loads(out.read_text())
    if "error" in found:
        raise RuntimeError(found["error"])
    return found


def _perform(task: Task, out: Path) -> None:
    try:
        found = asyncio.run(task.upload())
    except BaseException:  # noqa: BLE001  # reported in the other process
        found = {"error": traceback.format_exc()}
    part = out.with_suffix(".part")
    part.write_text(json.dumps(found))
    part.rename(out)
    os._exit(0)


def plant(root: Path, chance: random.Random) -> Path:
    """Make a tree: some 50 small files in 7 folders, some with equal names, titles and bytes."""
    folders = ["", "a", "b", "a/c", "a/c/d", "scans", "b/scans"]
    for number in range(60):
        path = root / chance.choice(folders) / chance.choice([f"scan {number}.txt"] * 4 + ["scan.pdf"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.choice([0, 300, 300, 5_000, 70_000])))
    return root


def on_disk(root: Path) -> Truth:
    """Read the truth to compare with."""
    paths = [path for path in root.rglob("*") if path.is_file()]
    return Counter((str(path.relative_to(root.parent)), _md5(path.read_bytes())) for path in paths)


def on_server(task: Task) -> Truth:
    """Read all Files of a job from the sandbox's own list, which no fault touches."""
    found = ask(task.box, "GET", "/sandbox/files?limit=10000")
    below = [each for each in found["objects"] if f"{each['path']}/".startswith(f"{task.root.name}/")]
    return Counter((f"{each['path']}/{each['filename']}", each["digest"]) for each in below)


def folders_on_server(task: Task) -> Counter[str]:
    """Count the folders of a job by path."""
    found = ask(task.box, "GET", "/sandbox/folders?limit=10000")["objects"]
    paths = ["/".join(filter(None, (each["path"], each["title"]))) for each in found]
    return Counter(path for path in paths if f"{path}/".startswith(f"{task.root.name}/"))


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


async def new_project(box: SandboxAddress, title: str) -> str:
    """Make a project for one job."""
    async with CoreData(box.url, api_user=box.api_user, api_key=box.api_key) as client:
        return await client.projects.create(space=box.space, title=title)


def ask(box: SandboxAddress, method: str, path: str, body: object = None) -> Any:
    """Ask the sandbox itself."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{box.url}{path}", data, {"Content-Type": "application/json"}, method=method)
    with urlopen(request) as reply:
        return json.loads(reply.read())


@contextmanager
def sandbox() -> Iterator[SandboxAddress]:
    """Start a sandbox in a process of its own. This one has neither threads nor a loop, because it forks."""
    command = [sys.executable, "-m", "coredata_async.sandbox", "--exit-with-stdin", "--port", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        said = json.loads(process.stdout.readline())
        yield SandboxAddress(**{one.name: said[one.name] for one in fields(SandboxAddress)})
        process.stdin.close()
