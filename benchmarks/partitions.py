"""Partitions between hosts: a worker loses a line to NATS, to CoreData, or to both, in one direction or two.

    python -m benchmarks.partitions --parallel 3

The hosts are network namespaces: they need root and `ip` (iproute2), and are removed afterwards. The first
has the sandbox, the nats-server (with TLS) and the process that watches the job; the others have one worker
each. While the second worker has a shard, its packets are dropped: those that it sends, those that it
receives, or all. The lines are joined again before the lease ends, after that, when the other worker has
taken the shard over, when that one has waited long enough, or never.

Then each file on the disk is looked for, by path and MD5, among the Files of the sandbox. Prints a line per
case, and exits with 1 if a File is missing, duplicated or unresolved, a folder is duplicated, the report says
something else, or the worker without NATS sent a request when its lease had ended.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import product
from pathlib import Path
from typing import Final, Self

from attrs import asdict, define, evolve, field, frozen

from benchmarks.fleet import LEASE, RETRY, Fleet, on_server, plant, run_nats
from benchmarks.kills import Truth, ask
from benchmarks.namespaces import Cable, Way, address_of, cut, heal, hosts, unavailable
from benchmarks.served import ROOT
from coredata_async.bulk import Effort
from coredata_async.bulk.events import Progress
from coredata_async.bulk.lease import MARGIN
from coredata_async.cluster import Cluster, ClusterJob, ClusterReport
from coredata_async.cluster.connection import WORKERS
from coredata_async.cluster.nats_errors import hide_end_of_tls
from coredata_async.sandbox import SandboxThread

LINES: Final[dict[str, tuple[Cable, ...]]] = {
    "nats": ("nats",),
    "coredata": ("box",),
    "both": ("nats", "box"),
}
WAYS: Final[tuple[Way, ...]] = ("sends", "receives", "all")
PROOF: Final = RETRY.settle + RETRY.probe_gap
HEALS: Final[dict[str, float | None]] = {
    "in the lease": 1.5,
    "at its end": LEASE - 1,
    "after it": LEASE + 1,
    "taken over": 2 * LEASE + 2,
    "after settle": 2 * LEASE + PROOF + 3,
    "never": None,
}
"""Seconds until the lines are joined again. A shard is taken over one to two leases after the cut."""
VICTIM, OTHER = "fs02", "fs01"
FILES, SHARD = 160, 40
SLOW: Final = 0.4
"""Seconds of each PUT and registration, so that a shard takes a while and requests are always in flight."""
EFFORT: Final = Effort(concurrency=4, patience=5.0)
TIMEOUT: Final = 2.0
"""Timeout of the workers' client for a response, in seconds; registrations wait 2.5 times as long."""
SLACK: Final = 1.0
"""Seconds for which a request that has begun may be on its way."""
DEBUG: Final = bool(os.environ.get("COREDATA_BENCH_DEBUG"))
HANGS: Final = 240.0
"""Seconds after which a case is taken to hang."""


@frozen
class Case:
    """One way to cut a worker off."""

    line: str
    way: Way
    heal: str

    def __str__(self) -> str:
        return f"{self.line}:{self.way}:{self.heal}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `str` has written."""
        line, way, healed = text.split(":")
        return cls(line, next(each for each in WAYS if each == way), healed)


ALL: Final = [Case(line, way, healed) for line, way, healed in product(LINES, WAYS, HEALS)]


@frozen(kw_only=True)
class Outcome:
    """Counts of one case."""

    missing: int = 0
    duplicate: int = 0
    """Files and folders."""
    unresolved: int = 0
    late: int = 0
    """Requests of a worker without NATS after the end of its lease, until the lines were joined again."""
    begun_late: int = 0
    """Registrations among the requests that it began when less than `MARGIN` of the lease was left."""
    moved: int = 0
    fences: int = 0
    exit_code: int = 0
    consistent: bool = False
    """True if the merged report adds up, and has as many files as the service."""
    seconds: float = 0.0
    problem: str = ""

    @property
    def clean(self) -> bool:
        """True if all is as it must be."""
        wrong = self.missing, self.duplicate, self.unresolved, self.late, self.begun_late, self.exit_code
        return self.consistent and not any(wrong) and not self.problem


@define(eq=False)
class Rig:
    """The running parts of a case, in the first host."""

    case: Case
    mark: str
    box: SandboxThread
    fleet: Fleet
    cluster: Cluster
    cut_at: float = 0.0
    joined_at: float = float("inf")
    began: float = field(factory=time.monotonic)
    events: list[tuple[float, object]] = field(factory=list[tuple[float, object]])

    async def run(self, here: Truth) -> Outcome:
        """Run a job while the worker is cut off, and compare."""
        job = ClusterJob(
            self.cluster, ["docs:/"], parent=self.box.project, retry=RETRY, effort=EFFORT, shard_files=SHARD
        )
        self.began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            cutting = group.create_task(self._cut())
            async with job:
                async for event in job:
                    if not isinstance(event, Progress):
                        self.events.append((time.monotonic() - self.began, event))
            cutting.cancel()
        found = await asyncio.to_thread(self._compare, here, job.report)
        return evolve(found, seconds=round(time.monotonic() - self.began, 1))

    async def _cut(self) -> None:
        while len(self._registrations()) < SHARD // 4:  # noqa: ASYNC110  # other processes
            await asyncio.sleep(0.05)
        cables, seconds = LINES[self.case.line], HEALS[self.case.heal]
        cut(self.mark, VICTIM, cables, self.case.way)
        self.cut_at = time.monotonic()
        if seconds is not None:
            await asyncio.sleep(seconds)
            self.joined_at = time.monotonic()
            heal(self.mark, VICTIM, cables, self.case.way)

    def _registrations(self) -> list[float]:
        """Return the arrivals of the victim's registrations."""
        victim = address_of(VICTIM)
        return [
            each.at
            for each in list(self.box.state.requests)
            if each.remote == victim and each.operation == "files.register"
        ]

    def explain(self) -> None:
        """Write what happened to standard error."""
        lines = [f"{self.case}: cut at {self.cut_at - self.began:.1f} s"]
        lines += [f"{at:.1f} s: {words}" for at, words in self.events[-40:]]
        for each in list(self.box.state.requests):
            if each.operation == "files.register":
                lines.append(f"{each.at - self.began:.1f} s: {each.remote} {each.operation} {each.status}")
        sys.stderr.write("\n".join(lines) + "\n")
        self.fleet.show_logs()

    def _compare(self, here: Truth, report: ClusterReport) -> Outcome:
        there, state = on_server(self.box), ask(self.box, "GET", "/sandbox/state")
        twice = sum(len(state[name]) for name in ("duplicates", "files_twice", "folders_twice"))
        late = begun_late = 0
        if "nats" in LINES[self.case.line]:
            end = self.cut_at + LEASE + SLACK
            seen = [each.at for each in self.box.state.requests if each.remote == address_of(VICTIM)]
            late = sum(end < at < self.joined_at for at in seen)
            begun_late = sum(end - MARGIN < at < min(end, self.joined_at) for at in self._registrations())
        counts = report.counts
        return Outcome(
            missing=(here - there).total(),
            duplicate=max(twice, (there - here).total()),
            unresolved=counts.unresolved,
            late=late,
            begun_late=begun_late,
            moved=report.shards.moved,
            fences=report.fences,
            exit_code=report.exit_code,
            consistent=report.adds_up
            and counts.planned == counts.done + counts.skipped == here.total()
            and report.shards.done == report.shards.planned,
        )


async def run_case(case: Case, mark: str) -> Outcome:
    """Run one case; called in the first host."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coredata-partition-")))
        here = plant(folder / "docs", FILES)
        box = stack.enter_context(SandboxThread())
        for operation in ("storage.put", "files.register"):
            box.faults.delay(operation, SLOW, times=None)
        server = await stack.enter_async_context(run_nats(folder / "nats"))
        fleet = Fleet(
            mark, box, server, folder, folder / "docs", environment={"COREDATA_TIMEOUT": str(TIMEOUT)}
        )
        cluster = await stack.enter_async_context(await Cluster.open(server.address, lease=LEASE))
        for host in (OTHER, VICTIM):
            await stack.enter_async_context(fleet.worker(host))
        table = await cluster.table(WORKERS)
        rig = Rig(case, mark, box, fleet, cluster)
        try:
            async with asyncio.timeout(HANGS):
                while len(await table.rows()) < 2:  # noqa: ASYNC110, PLR2004  # other processes
                    await asyncio.sleep(0.1)
                found = await rig.run(here)
        except TimeoutError:
            found = Outcome(problem="it hangs")
        if not found.clean or DEBUG:
            await asyncio.to_thread(rig.explain)
        return found


async def run_cases(cases: Sequence[Case], parallel: int) -> list[tuple[Case, Outcome]]:
    """Run cases, each in hosts of its own, and print a line for each when it has ended.

    Raises:
        CalledProcessError: If there can be no network namespaces.
    """
    await asyncio.to_thread(_try_hosts)
    slots = asyncio.Semaphore(parallel)
    found: list[tuple[Case, Outcome]] = []

    async def one(number: int, case: Case) -> None:
        async with slots:
            outcome = await asyncio.to_thread(_in_hosts, f"cdp{os.getpid()}-{number}", case)
        found.append((case, outcome))
        sys.stdout.write(f"{_line(case, outcome)}\n")
        sys.stdout.flush()

    async with asyncio.TaskGroup() as group:
        for number, case in enumerate(cases):
            group.create_task(one(number, case))
    return found


def _try_hosts() -> None:
    with hosts(f"cdp{os.getpid()}"):
        pass


def _in_hosts(mark: str, case: Case) -> Outcome:
    """Run one case in a process of the first host."""
    with hosts(mark) as head:
        inside = (sys.executable, "-m", "benchmarks.partitions", "--inside", mark, str(case))
        command = ["ip", "netns", "exec", head, *inside]
        done = subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        return Outcome(**json.loads(done.stdout))
    except ValueError:
        return Outcome(problem=f"exit code {done.returncode}")


_COLUMNS: Final = ("missing", "duplicate", "unresolved", "late", "begun_late", "moved", "fences", "seconds")


def _line(case: Case, found: Outcome) -> str:
    values = " ".join(f"{name} {getattr(found, name)}" for name in _COLUMNS)
    problem = found.problem or ("report inconsistent" if not found.consistent else "")
    result = "ok " if found.clean else "BAD"
    return f"{case.line:8} {case.way:8} {case.heal:12} {result} {values} {problem}".rstrip()


def _summary(found: Sequence[tuple[Case, Outcome]]) -> dict[str, object]:
    """Add all cases up."""
    outcomes = [outcome for _, outcome in found]
    sums = {name: sum(getattr(each, name) for each in outcomes) for name in _COLUMNS}
    return {"runs": len(outcomes), "clean": sum(each.clean for each in outcomes), **sums}


def main() -> int:
    """Run the cases, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="LINE:WAY:HEAL", help="by default all")
    parser.add_argument("--parallel", type=int, default=3, help="cases at a time")
    parser.add_argument("--runs", type=int, default=1, help="runs of each case")
    parser.add_argument("--inside", metavar="MARK", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    cases = [Case.read(each) for each in wanted.cases] or ALL
    if wanted.inside:
        hide_end_of_tls()
        sys.stdout.write(json.dumps(asdict(asyncio.run(run_case(cases[0], wanted.inside)))))
        return 0
    if reason := unavailable():
        sys.stdout.write(f"skipped: {reason}\n")
        return 0
    try:
        found = asyncio.run(run_cases(cases * wanted.runs, wanted.parallel))
    except subprocess.CalledProcessError as exc:
        sys.stdout.write(f"skipped: network namespaces are not available here: {exc.stderr.strip()}\n")
        return 0
    sys.stdout.write(json.dumps(_summary(found), indent=1) + "\n")
    return int(not all(outcome.clean for _, outcome in found))


if __name__ == "__main__":
    raise SystemExit(main())
