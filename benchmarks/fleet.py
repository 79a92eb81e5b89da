"""A job over three hosts, of which one worker is killed, one is frozen, and one loses the nats-server.

    python -m benchmarks.fleet --files 100000

The hosts are network namespaces: they need root and `ip` (iproute2), and are removed afterwards. The first
has the sandbox, the nats-server (with TLS) and the process that watches the job. The second has two workers:
one is killed, and one is stopped for longer than its lease and continued. The third has one worker, whose
cable to the nats-server is cut for longer than a lease, and joined; its cable to the sandbox is another one.
Then each file on the disk is looked for, by path and MD5, among the Files of the sandbox. Prints JSON with
the merged report, and exits with 1 if a File is missing, duplicated or unresolved, or a folder is duplicated,
or the report says something else. Needs 6 KB of disk per file, which is free again at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psutil
from attrs import asdict, define, field

from benchmarks.kills import Truth, ask
from benchmarks.namespaces import HOSTS, NATS, hosts, ip, unavailable
from benchmarks.served import ROOT
from coredata_async import Retry
from coredata_async.bulk.events import Progress
from coredata_async.cli.sandbox_process import SandboxAddress
from coredata_async.cluster import Cluster, ClusterJob, ClusterReport
from coredata_async.cluster.nats_errors import hide_end_of_tls
from coredata_async.cluster.server import ServerFiles, find_server, prepare_server, wait_until_ready
from coredata_async.sandbox import Sandbox

LEASE: Final = 5.0
AWAY: Final = 3.0
"""Seconds for which a worker is stopped, or without the nats-server, after its lease."""
RETRY: Final = Retry(settle=5.0, probe_gap=1.0)
"""The sandbox carries a request out within milliseconds of its arrival."""
FOLDER: Final = 500
"""Files in a folder."""
PORT: Final = 4222
KILL, FREEZE, CUT = 0.15, 0.35, 0.55
"""Shares of the files after which the three things happen."""
DISK: Final = 6 * 1024
"""Bytes of disk per file: its block, and its part in the journals, checkpoints and reports."""
LOG: Final = 4000
"""Characters of each worker's log that are shown."""
STEPS: Final = 20
"""Number of lines about the progress."""


def plant(root: Path, count: int) -> Truth:
    """Make small files; return their paths and MD5s."""
    found: Truth = Counter()
    for number in range(count):
        folder = root / f"folder-{number // FOLDER:04}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"file-{number:06}.txt"
        name = path.relative_to(root).as_posix()
        data = f"{name}\n".encode() * (1 + number % 40)
        path.write_bytes(data)
        found[name, hashlib.md5(data, usedforsecurity=False).hexdigest()] += 1
    return found


def size_of(root: Path) -> int:
    """Return the size of all files of a tree."""
    return sum(path.stat().st_size for path in root.rglob("*.txt"))


def on_server(box: SandboxAddress | Sandbox) -> Truth:
    """Read all Files from the sandbox's own list."""
    found: Truth = Counter()
    offset, page = 0, 10_000
    while True:
        rows = ask(box, "GET", f"/sandbox/files?limit={page}&offset={offset}")["objects"]
        found.update((f"{each['path']}/{each['filename']}".lstrip("/"), each["digest"]) for each in rows)
        offset += page
        if len(rows) < page:
            return found


@define(eq=False)
class Fleet:
    """The running parts, in the first host."""

    mark: str
    box: SandboxAddress | Sandbox
    server: ServerFiles
    folder: Path
    root: Path
    environment: Mapping[str, str] = field(factory=dict[str, str])
    """Further environment variables of workers."""
    bytes: int = 0
    """Size of all files."""
    done: int = 0
    said: list[str] = field(factory=list[str])
    began: float = field(factory=time.monotonic)
    _commands: list[asyncio.subprocess.Process] = field(factory=list[asyncio.subprocess.Process])

    def say(self, words: str) -> None:
        """Note what happens now."""
        self.said.append(f"{time.monotonic() - self.began:.1f} s, {self.done} files done: {words}")
        sys.stderr.write(self.said[-1] + "\n")

    @asynccontextmanager
    async def worker(self, host: str) -> AsyncGenerator[asyncio.subprocess.Process]:
        """Run a worker on a host, under that host's name. It is killed at the end: the job has ended."""
        place = self.folder / f"{host}-{len(self._commands)}"
        environment = {
            **os.environ,
            "COREDATA_BASE_URL": self.box.url,
            "COREDATA_API_USER": self.box.api_user,
            "COREDATA_API_KEY": self.box.api_key,
            "COREDATA_CLUSTER_TOKEN_FILE": str(self.server.token_file),
            "COREDATA_CLUSTER_FINGERPRINT": str(self.server.fingerprint),
            **self.environment,
        }
        with place.with_suffix(".log").open("wb") as log:
            command = await asyncio.create_subprocess_exec(
                *("ip", "netns", "exec", f"{self.mark}-{host}"),
                *("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host),
                *(sys.executable, "-m", "coredata_async", "worker", "--cluster", self.server.url),
                *("--share", f"docs={self.root}", "--lease", str(LEASE), "--directory", str(place)),
                env=environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        self._commands.append(command)
        try:
            yield command
        finally:
            kill(command)
            await command.wait()

    def show_logs(self) -> None:
        """Write the ends of the workers' logs to standard error."""
        for log in sorted(self.folder.glob("*.log")):
            sys.stderr.write(f"{log.name}:\n{log.read_text(errors='replace')[-LOG:]}\n")

    def count(self, event: Progress) -> None:
        """Note the progress."""
        if event.planned and event.done * STEPS // event.planned > self.done * STEPS // event.planned:
            self.say(f"{event.done:,} of {event.planned:,}, {event.files_per_second:.0f} per second")
        self.done = event.done

    async def process_of(self, command: asyncio.subprocess.Process) -> psutil.Process:
        """Return the process of a worker; wait for it if it is just started again."""
        while len(children := psutil.Process(command.pid).children()) != 1:  # noqa: ASYNC110  # others
            await asyncio.sleep(0.1)
        return children[0]

    async def until(self, share: float, files: int) -> None:
        """Wait until a share of the files is done."""
        while self.done < share * files:  # noqa: ASYNC110  # other processes
            await asyncio.sleep(0.1)

    async def disturb(self, files: int) -> None:
        """Kill, freeze and cut."""
        killed, frozen, _ = self._commands
        await self.until(KILL, files)
        self.say("a worker of fs01 and its process are killed (SIGKILL)")
        kill(killed)
        await self.until(FREEZE, files)
        process = await self.process_of(frozen)
        self.say("the process of the other worker of fs01 is stopped (SIGSTOP)")
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(LEASE + AWAY)
        with suppress(psutil.NoSuchProcess):  # the timer has killed it meanwhile
            process.send_signal(signal.SIGCONT)
        self.say(f"it is continued (SIGCONT); process {'runs' if process.is_running() else 'was killed'}")
        await self.until(CUT, files)
        self.say("fs02 is cut off from the nats-server")
        ip("link", "set", f"nats{HOSTS['fs02']}", "down")
        await asyncio.sleep(LEASE + AWAY)
        ip("link", "set", f"nats{HOSTS['fs02']}", "up")
        self.say("fs02 is joined again")


def kill(command: asyncio.subprocess.Process) -> None:
    """Kill a worker and its process."""
    with suppress(psutil.NoSuchProcess):
        for each in [*psutil.Process(command.pid).children(), psutil.Process(command.pid)]:
            each.kill()


async def campaign(mark: str, files: int, shard_files: int, seconds: float) -> bool:
    """Run the job, compare, print the result, and return whether all is as it must be."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coredata-fleet-")))
        here = await asyncio.to_thread(plant, folder / "docs", files)
        box = await stack.enter_async_context(_sandbox())
        server = await stack.enter_async_context(run_nats(folder / "nats"))
        fleet = Fleet(mark, box, server, folder, folder / "docs")
        fleet.bytes = await asyncio.to_thread(size_of, folder / "docs")
        for host in ("fs01", "fs01", "fs02"):
            await stack.enter_async_context(fleet.worker(host))
        cluster = await stack.enter_async_context(await Cluster.open(server.address, lease=LEASE))
        job = ClusterJob(cluster, ["docs:/"], parent=box.project, retry=RETRY, shard_files=shard_files)
        fleet.began = time.monotonic()
        stack.callback(fleet.show_logs)
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group, job:
            disturbing = group.create_task(fleet.disturb(files))
            async for event in job:
                if isinstance(event, Progress):
                    fleet.count(event)
            fleet.say("the job has ended")
            happened = disturbing.done()
            disturbing.cancel()
        found = _compare(fleet, here, job.report, happened=happened)
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        sys.stdout.flush()  # the removal of so many files takes a while
        return bool(found["clean"])


def _compare(fleet: Fleet, here: Truth, report: ClusterReport, *, happened: bool) -> dict[str, Any]:
    there, state = on_server(fleet.box), ask(fleet.box, "GET", "/sandbox/state")
    twice = sum(len(state[name]) for name in ("duplicates", "files_twice"))
    found: dict[str, Any] = {
        "files": here.total(),
        "missing": (here - there).total(),
        "duplicate": max(twice, (there - here).total()),
        "folders_duplicate": len(state["folders_twice"]),
        "unresolved": report.counts.unresolved,
        "wrong_counts": _wrong_counts(report, here.total(), fleet.bytes),
        "sandbox": {name: state[name] for name in ("files", "folders", "blobs")},
        "report": {
            "exit_code": report.exit_code,
            "adds_up": report.adds_up,
            "seconds": round(report.seconds, 1),
            "ended": report.ended,
            "counts": asdict(report.counts),
            "bytes": asdict(report.bytes),
            "shards": asdict(report.shards),
            "fences": report.fences,
            "lost_shards": report.lost_shards,
            "workers": [asdict(each) for each in report.workers],
        },
        "happened": fleet.said,
    }
    wrong = sum(found[name] for name in ("missing", "duplicate", "folders_duplicate", "unresolved"))
    found["clean"] = bool(happened and not wrong and not found["wrong_counts"] and report.exit_code == 0)
    return found


def _wrong_counts(report: ClusterReport, files: int, size: int) -> list[str]:
    """Return the counts of the merged report that contradict each other, or the disk."""
    counts, shards = report.counts, report.shards
    right = {
        "counts add up": report.adds_up,
        "planned files": counts.planned == files,
        "done and skipped files": counts.done + counts.skipped == files,
        "planned bytes": report.bytes.planned == size,
        "done and skipped bytes": report.bytes.done + report.bytes.skipped == size,
        "shards": shards.done == shards.planned == sum(each.shards for each in report.workers),
        "owners": shards.moved == sum(each.epochs for each in report.workers) - shards.planned,
        "files of workers": sum(each.files for each in report.workers) == counts.done,
    }
    return [name for name, holds in right.items() if not holds]


@asynccontextmanager
async def _sandbox() -> AsyncGenerator[SandboxAddress]:
    command = [sys.executable, "-m", "coredata_async.sandbox", "--exit-with-stdin", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        yield SandboxAddress.read(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def run_nats(directory: Path) -> AsyncGenerator[ServerFiles]:
    """Run the nats-server of this host, with TLS."""
    files = await asyncio.to_thread(prepare_server, directory, NATS, PORT)
    with files.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            str(find_server()), "-c", str(files.config), stdout=log, stderr=log
        )
    try:
        await wait_until_ready(files, lambda: process.returncode is None)
        yield files
    finally:
        process.terminate()
        await process.wait()


def main() -> int:
    """Run it, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--shard-files", type=int, default=1000)
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for the job")
    parser.add_argument("--inside", metavar="MARK", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.inside:
        hide_end_of_tls()
        return int(not asyncio.run(campaign(wanted.inside, wanted.files, wanted.shard_files, wanted.timeout)))
    if reason := unavailable():
        sys.stdout.write(f"skipped: {reason}\n")
        return 0
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < wanted.files * DISK:
        sys.stdout.write(f"{wanted.files * DISK >> 20} MiB are needed in {tempfile.gettempdir()}\n")
        return 2
    mark = f"cdf{os.getpid()}"
    try:
        with hosts(mark) as head:
            command = ["ip", "netns", "exec", head, sys.executable, "-m", "benchmarks.fleet"]
            command += [*sys.argv[1:], "--inside", mark]
            return subprocess.run(command, check=False, cwd=ROOT).returncode
    except subprocess.CalledProcessError as exc:
        sys.stdout.write(f"skipped: network namespaces are not available here: {exc.stderr.strip()}\n")
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
