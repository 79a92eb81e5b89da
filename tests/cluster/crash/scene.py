"""Scene: a sandbox, a share and a job, with a process that dies or is frozen at a point, and another one."""

import asyncio
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from attrs import define, field, frozen

from coredata_async import Limits, Retry
from coredata_async.bulk import Effort
from coredata_async.cluster import Cluster, ClusterJob, JobLockedError, ShardMoved, Worker
from coredata_async.cluster.address import ClusterAddress
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.report import ClusterReport
from coredata_async.sandbox import SandboxThread
from tests.bulk.crash.truth import files_below, files_there, folders_there
from tests.cluster.fleet import plant

from .points import Point
from .victim import JobTask, Task, WorkerTask
from .watched import REQUESTS, UNANSWERED

LEASE = 4.0
"""Seconds. No request begins in the last two of them, and it is renewed every second."""
RETRY = Retry(base=0.02, cap=0.2, settle=2.0, probe_gap=0.5)
FOLDERS, FILES = 2, 6
"""Each folder becomes a shard."""
CHECKPOINTS = 0.5
PATIENCE = 110.0
"""Seconds after which a job is taken to hang."""
ZOMBIE = 1.0
"""Seconds for which a process that was frozen may do harm."""


class Victims:
    """The process from which others are forked."""

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.crash.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        return self

    def __exit__(self, kind, exc, trace):
        self._process.communicate()

    def start(self, task: Task) -> int:
        """Start a process, and return its id."""
        pickle.dump(task, self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)


@frozen(kw_only=True)
class Case:
    """A point, and what happens there."""

    point: Point | None = None
    coordinator: bool = False
    """True if the victim is the process that begins the job and watches it, not a worker."""
    freeze: float | None = None
    """Seconds after which a frozen process is continued; None is when another one has taken over."""

    @property
    def action(self) -> str:
        if self.point is None:
            return "nothing"
        if self.point.action == "kill":
            return f"kill {self.point.phase}"
        return f"freeze {self.point.phase}, {'past the lease' if self.freeze is None else 'shortly'}"


@frozen(kw_only=True)
class Outcome:
    """Result of one run."""

    case: Case
    reached: bool
    trace: tuple[str, ...]
    missing: int
    duplicate: int
    folders: int
    """Folders that exist more than once."""
    unresolved: int
    wrong: str
    """Wrong statements of the report; empty if it is right."""
    moved: int
    seconds: float

    def __str__(self) -> str:
        names = ("missing", "duplicate", "folders", "unresolved", "wrong", "moved")
        found = ", ".join(f"{name} {getattr(self, name)}" for name in names)
        last = " ".join(self.trace[-4:])
        return f"{self.case.point} {self.case.action}: {found}; {self.seconds:.0f} s; {last}"

    @property
    def clean(self) -> bool:
        return not (self.missing or self.duplicate or self.folders or self.unresolved or self.wrong)


@define(eq=False)
class Scene:
    """One run. `victims` and the nats-server may be shared by several at once; all names are its own."""

    victims: Victims
    address: ClusterAddress
    cluster: Cluster
    name: str
    folder: Path
    box: SandboxThread
    checkpoints: float = CHECKPOINTS
    pids: list[int] = field(factory=list[int], init=False)

    @property
    def root(self) -> Path:
        return self.folder / "share"

    @property
    def options(self) -> dict[str, object]:
        return {
            "sources": [f"{self.name}:/"],
            "parent": self.box.project,
            "retry": RETRY,
            "limits": Limits(rate=500),
            "effort": Effort(concurrency=2),
            "shard_files": FILES,
        }

    def start(self, work: JobTask | WorkerTask, point: Point | None = None) -> int:
        number = len(self.pids)
        task = Task(work=work, trace=self.trace(number), log=self.folder / "log", point=point)
        self.pids.append(self.victims.start(task))
        return self.pids[-1]

    def trace(self, number: int) -> Path:
        return self.folder / f"trace-{number}"

    def start_worker(self, point: Point | None = None) -> int:
        number = len(self.pids)
        worker = Worker(
            self.box.client(),
            self.cluster,
            shares={self.name: self.root},
            directory=self.folder / f"machine-{number}",
            checkpoints=self.checkpoints,
        )
        setup = {**worker._setup.reveal(), "member": f"{self.name}.{number}"}
        return self.start(WorkerTask(setup=setup), point)

    def start_coordinator(self, point: Point | None = None) -> int:
        token = self.address.token.reveal()
        work = JobTask(url=self.address.url, token=token, lease=LEASE, options=self.options)
        return self.start(work, point)

    async def until_over(self, pid: int, *, stopped: bool = False) -> None:
        """Wait until a process has ended, or is stopped."""
        while state_of(pid) not in ({"", "T"} if stopped else {""}):  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.02)

    async def run_worker(self, case: Case) -> ClusterReport:
        """Run the job with one worker that dies or is frozen, and another one."""
        job = ClusterJob(self.cluster, **self.options)
        victim = self.start_worker(case.point)
        async with asyncio.TaskGroup() as group, job:
            disturbing = group.create_task(self._replace(victim, case.freeze))
            async for event in job:
                if isinstance(event, ShardMoved) and case.freeze is None:
                    resume(victim)
            disturbing.cancel()
        if resume(victim):
            await asyncio.sleep(ZOMBIE)
        return job.report

    async def _replace(self, victim: int, freeze: float | None) -> None:
        await self.until_over(victim, stopped=True)
        if freeze is not None and state_of(victim) == "T":
            await asyncio.sleep(freeze)
            resume(victim)
        self.start_worker()

    async def run_coordinator(self, case: Case) -> ClusterReport:
        """Run the job with a coordinator that is killed, and repeat its command until that succeeds."""
        self.start_worker()
        coordinator = self.start_coordinator(case.point)
        await self.until_over(coordinator)
        while True:
            try:
                return await ClusterJob(self.cluster, **self.options).run()
            except JobLockedError:  # its message says to watch the first one
                for record in await (await Jobs.open(self.cluster)).all():
                    if record.parent == self.box.project:
                        await (await ClusterJob.attach(self.cluster, record.id)).run()

    def end(self) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def compare(self, report: ClusterReport) -> dict[str, object]:
        """Compare the service and the report with the disk."""
        here = files_below(self.root)
        there = {f"{self.root.name}/{path}": found for path, found in self._there().items()}
        count = len(here)
        claims = {
            "exit code": report.exit_code == 0,
            "sum": report.adds_up,
            "planned": report.counts.planned == count,
            "done": report.counts.done + report.counts.skipped == count,
            "shards": report.shards.done == report.shards.planned,
        }
        return {
            "missing": sum(digest not in there.get(path, ()) for path, digest in here.items()),
            "duplicate": sum(len(found) for found in there.values())
            - sum(digest in there.get(path, ()) for path, digest in here.items()),
            "folders": sum(count - 1 for count in folders_there(self.box, self.box.project).values()),
            "unresolved": report.counts.unresolved,
            "wrong": ", ".join(name for name, right in claims.items() if not right),
            "moved": report.shards.moved,
        }

    def _there(self) -> dict[str, list[str]]:
        return files_there(self.box, self.box.project)


@asynccontextmanager
async def scene_of(victims: Victims, address, cluster: Cluster, name: str, where: Path):
    """Yield a scene that leaves nothing behind."""
    folder = where / name
    plant(folder / "share", FOLDERS, FILES)
    box = SandboxThread()
    await asyncio.to_thread(box.__enter__)
    scene = Scene(victims, address, cluster, name, folder, box)
    try:
        for operation in REQUESTS:
            box.faults.delay(operation, 3 * UNANSWERED, times=None)
        yield scene
    finally:
        scene.end()
        await asyncio.to_thread(box.__exit__, None, None, None)
        shutil.rmtree(folder)


async def run_case(scene: Scene, case: Case) -> Outcome:
    """Run a case, and compare."""
    began = time.monotonic()
    found = {"missing": 0, "duplicate": 0, "folders": 0, "unresolved": 0, "wrong": "it hangs", "moved": 0}
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            running = scene.run_coordinator(case) if case.coordinator else scene.run_worker(case)
            found = scene.compare(await running)
    victim = scene.trace(int(case.coordinator)).read_text().splitlines()
    return Outcome(
        case=case,
        reached=any(line.startswith("!") for line in victim),
        trace=tuple(victim),
        seconds=time.monotonic() - began,
        **found,
    )


def state_of(pid: int) -> str:
    """Return the state of a process: T if it is stopped, nothing if it has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
    return "" if state in "ZX" else state


def resume(pid: int) -> bool:
    """Continue a stopped process; return whether it was stopped."""
    stopped = state_of(pid) == "T"
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    return stopped
