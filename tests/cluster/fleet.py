"""Worker processes, a tree on their share, and the state of the service to compare with it."""

import asyncio
import json
import os
import signal
import urllib.request
from collections import Counter
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from coredata_async.cluster.connection import WORKERS
from coredata_async.cluster.errors import ClusterError
from coredata_async.config import Retry
from tests.cluster.servers import coredata, environment

LEASE = 5.0
RETRY = Retry(settle=2.0, probe_gap=0.5)
"""The sandbox carries a request out within milliseconds of its arrival."""


def plant(root: Path, folders: int, files: int, size: int = 100) -> set[str]:
    """Make a tree; return the paths of its files."""
    paths = set()
    for folder in range(folders):
        directory = root / f"folder-{folder}"
        directory.mkdir(parents=True)
        for number in range(files):
            path = directory / f"file-{number:03}.txt"
            path.write_bytes(f"{path.relative_to(root)} ".encode() * size)
            paths.add(path.relative_to(root).as_posix())
    return paths


def ask(box, path: str):
    with urllib.request.urlopen(f"{box.url}{path}") as reply:
        return json.load(reply)


def check_service(box, paths: set[str]) -> None:
    """Check that the service has every file once, and every folder once."""
    state = ask(box, "/sandbox/state")
    assert state["duplicates"] == {}
    assert state["files_twice"] == {}
    assert state["folders_twice"] == {}
    names = Counter(path.rpartition("/")[2] for path in paths)
    assert Counter(str(file.fields["filename"]) for file in list(box.state.files)) == names
    assert state["folders"] == len({path.rpartition("/")[0] for path in paths})


def check_report(report, paths: set[str]) -> None:
    """Check that the merged report says what the service has."""
    assert report.adds_up
    assert report.counts.planned == len(paths)
    assert report.counts.done + report.counts.skipped == len(paths)
    assert report.exit_code == 0
    assert report.shards.done == report.shards.planned


class Fleet:
    """Worker commands on this machine, each with its own directory, as on machines of their own."""

    def __init__(self, box, server, cluster, root: Path, directory: Path) -> None:
        self.box, self.server, self.cluster, self.root, self.directory = box, server, cluster, root, directory
        self.commands: list[asyncio.subprocess.Process] = []
        self.log = directory / "workers.log"

    async def start(self, *more: str) -> asyncio.subprocess.Process:
        name = f"machine-{len(self.commands)}"
        with self.log.open("ab") as log:
            command = await asyncio.create_subprocess_exec(
                *coredata("worker", "--cluster", self.server.files.url, "--share", f"fs01={self.root}"),
                *("--lease", str(LEASE), "--directory", str(self.directory / name), *more),
                env=environment(self.box, self.server, os.environ),
                stdout=log,
                stderr=log,
            )
        self.commands.append(command)
        return command

    async def pids(self) -> dict[int, str | None]:
        """Return the process ids of the worker processes that have registered, with their task."""
        rows = await (await self.cluster.table(WORKERS)).rows()
        return {int(row.fields["pid"]): row.fields["task"] for row in rows.values()}

    async def busy(self, number: int = 1, kind: str = "shard") -> list[int]:
        """Wait until some processes have a task of a kind, and return their ids."""
        async with asyncio.timeout(40):
            while True:
                with suppress(ClusterError):  # on a slow machine
                    found = [
                        pid for pid, task in (await self.pids()).items() if (task or "").startswith(kind)
                    ]
                    if len(found) >= number:
                        return found
                await asyncio.sleep(0.05)

    async def end(self) -> None:
        for command in self.commands:
            with suppress(ProcessLookupError):
                command.send_signal(signal.SIGTERM)
        for command in self.commands:
            with suppress(TimeoutError):
                await asyncio.wait_for(command.wait(), 20)
            if command.returncode is None:
                command.kill()
                await command.wait()


@asynccontextmanager
async def fleet_of(count: int, box, server, cluster, tmp_path: Path, *, folders=4, files=10):
    root = tmp_path / "share"
    paths = plant(root, folders, files)
    fleet = Fleet(box, server, cluster, root, tmp_path)
    try:
        for _ in range(count):
            await fleet.start()
        async with asyncio.timeout(60):
            while len(await fleet.pids()) < count:  # noqa: ASYNC110  # other processes
                await asyncio.sleep(0.1)
        yield fleet, paths
    finally:
        await fleet.end()


async def ended(pid: int, seconds: float = 30) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(seconds):
        while _runs(pid):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
