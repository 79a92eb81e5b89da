"""A job on a cluster of one machine: CPU per file of one worker, of two, and of one job without shards.

The cost of a shard itself is the difference between the same files in two shards and in twenty.

    python -m benchmarks --only cluster --rounds 3

All workers run all the time; a job is for those that have its share. What is compared is CPU per file: the
far end, the nats-server and the process that watches the job use the same cores, so rates would say
how many cores this machine has. The ways are interleaved in shuffled rounds, ratios are taken by round.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil
from attrs import define, field, frozen

from benchmarks.intervals import Interval, median_interval, ratios
from benchmarks.processes import serve_tree, tree
from benchmarks.result import Result
from benchmarks.served import ROOT, cpu
from coredata_async import CoreData
from coredata_async.bulk import UploadJob
from coredata_async.cluster import Cluster, ClusterJob
from coredata_async.cluster.connection import WORKERS
from coredata_async.cluster.server import ServerFiles, run_embedded
from coredata_async.cluster.table import Table

SHARD: Final = 2000
"""Files in a shard."""
SHARDS: Final = 4
SMALL: Final = 200
"""Files in a small shard."""
SHARES: Final = {"one": 1, "two": 2, "other": 1}
"""Number of workers of each share. All of them have the same tree."""
WAYS: Final[dict[str, tuple[str, int]]] = {
    "one": ("one", SHARD),
    "two": ("two", SHARD),
    "small": ("one", SMALL),
}
"""Share, and files in a shard, of each job on the cluster."""
EFFICIENCY: Final = 0.95
OVERHEAD: Final = 1.03
WRITERS: Final = 32
WRITING: Final = 2.0
"""Seconds of durable writes in a round."""
PARENTS: Final = {
    share: f"ffffffff-0000-4000-8000-00000000000{number}" for number, share in enumerate(SHARES)
}
"""Parent of the uploads of each share: the far end gives its id to no File, because it serves many jobs."""
SEED: Final = 5
START: Final = 60.0
"""Maximum number of seconds until all workers are ready."""
HANGS: Final = 120.0
"""Seconds after which a job is taken to hang."""


@frozen
class Spent:
    """Seconds of CPU per file of one job, and its files per second."""

    work: float
    """Of the workers, or of the job on one machine."""
    watch: float
    """Of the process that watches the job."""
    nats: float
    rate: float


@define(eq=False)
class Bench:
    """The running parts."""

    client: CoreData
    cluster: Cluster
    root: Path
    journals: Path
    nats: psutil.Process
    workers: Mapping[str, list[psutil.Process]]
    _jobs: int = field(default=0, init=False)

    async def one_job(self) -> Spent:
        """Upload the tree with one job in this process."""
        self._jobs += 1
        began, before = time.perf_counter(), time.process_time()
        journal = self.journals / f"{self._jobs}.sqlite"
        report = await UploadJob(self.client, self.root, parent=PARENTS["one"], journal=journal).run()
        spent, seconds = time.process_time() - before, time.perf_counter() - began
        _check(report.exit_code, report.counts.done)
        files = SHARD * SHARDS
        return Spent(spent / files, 0.0, 0.0, files / seconds)

    async def cluster_job(self, share: str, shard_files: int = SHARD) -> Spent:
        """Upload the tree with the workers of a share."""
        began, watch = time.perf_counter(), time.process_time()
        work, nats = sum(map(cpu, self.workers[share])), cpu(self.nats)
        job = ClusterJob(self.cluster, [f"{share}:/"], parent=PARENTS[share], shard_files=shard_files)
        async with asyncio.timeout(HANGS):
            report = await job.run()
        work, nats = sum(map(cpu, self.workers[share])) - work, cpu(self.nats) - nats
        watch, seconds = time.process_time() - watch, time.perf_counter() - began
        _check(report.exit_code, report.counts.done)
        files = SHARD * SHARDS
        return Spent(work / files, watch / files, nats / files, files / seconds)

    async def apart(self) -> Spent:
        """Upload the tree with two jobs at once, each with a worker of its own: what the machine permits."""
        both = await asyncio.gather(self.cluster_job("one"), self.cluster_job("other"))
        # Each watching process is this one, and there is one nats-server: both were counted twice.
        return Spent(
            statistics.mean(each.work for each in both),
            statistics.mean(each.watch for each in both) / 2,
            statistics.mean(each.nats for each in both) / 2,
            sum(each.rate for each in both),
        )

    async def run(self, way: str) -> Spent:
        """Upload the tree in one of the ways."""
        if way == "job":
            return await self.one_job()
        return await (self.apart() if way == "apart" else self.cluster_job(*WAYS[way]))

    async def write(self) -> float:
        """Return the number of durable writes per second of all writers together."""
        table = await self.cluster.table("cd-bench")
        until = time.perf_counter() + WRITING
        done = await asyncio.gather(*(_write(table, f"entry-{number}", until) for number in range(WRITERS)))
        return sum(done) / WRITING


def measure(rounds: int, quick: bool) -> list[Result]:  # noqa: FBT001  # as all measurements
    """Measure the rows of a cluster; a quick run has the same work, because a shard has its size."""
    found, writes = asyncio.run(_measure(rounds))
    bulk, one, two = found["job"], found["one"], found["two"]
    efficiency = median_interval(ratios([each.work for each in one], [each.work for each in two]))
    machine = median_interval(ratios([each.work for each in one], [each.work for each in found["apart"]]))
    sharing = median_interval(ratios([each.work for each in found["apart"]], [each.work for each in two]))
    overhead = median_interval(ratios([each.work for each in one], [each.work for each in bulk]))
    shard = median_interval([_cost_of_shard(*pair) for pair in zip(one, found["small"], strict=True)])
    with_nats = median_interval(
        ratios([each.work + each.watch + each.nats for each in one], [each.work for each in bulk])
    )
    figures = {
        **{f"{name} CPU us/file": _us([each.work for each in rows]) for name, rows in found.items()},
        "watching us/file": _us([each.watch for each in one]),
        "nats-server us/file": _us([each.nats for each in one]),
        **{
            f"{name} files per second": round(median_interval([each.rate for each in rows]).median, 1)
            for name, rows in found.items()
        },
    }
    shards = f"{SHARDS} shards of {SHARD:,} files"
    cost = f"{shards}, one worker, CPU per file"
    beside = "with the process that watches the job and the nats-server"
    return [
        _row(
            f"{shards}, two workers, files by CPU", "1 worker", efficiency, must=EFFICIENCY, figures=figures
        ),
        _row(
            "two jobs at once, a worker each, files by CPU",
            "1 worker",
            machine,
            note="what two busy processes on one machine cost without a common job",
        ),
        _row(f"{shards}, two workers of one job, files by CPU", "of two jobs", sharing, must=EFFICIENCY),
        _row(
            f"a shard of {SHARD:,} files, CPU with the cost of the shard itself",
            "without it",
            shard,
            must=OVERHEAD,
            higher=False,
            note=f"from {SHARD * SHARDS // SMALL} shards of {SMALL} files instead of {SHARDS}",
        ),
        _row(cost, "one bulk job", overhead, higher=False),
        _row(f"{cost}, {beside}", "one bulk job", with_nats, higher=False),
        _row(
            f"durable writes per second, {WRITERS} at once",
            "embedded nats-server",
            median_interval(writes),
            unit="/s",
            note="compare-and-set of KV entries, each synced to the disk",
        ),
    ]


def _cost_of_shard(large: Spent, small: Spent) -> float:
    """Return the CPU of a shard relative to that of its files alone."""
    files = SHARD * SHARDS
    per_shard = (small.work - large.work) * files / (files // SMALL - SHARDS)
    return 1 / (1 - per_shard / (large.work * SHARD))


def _us(values: list[float]) -> float:
    return round(median_interval(values).median * 1e6, 1)


def _row(
    name: str,
    baseline: str,
    found: Interval,
    *,
    must: float | None = None,
    higher: bool = True,
    unit: str = "x",
    figures: dict[str, float] | None = None,
    note: str = "",
) -> Result:
    return Result(
        name=name,
        baseline=baseline,
        ratio=found.median,
        low=found.low,
        high=found.high,
        must=must,
        higher_is_better=higher,
        unit=unit,
        figures=figures or {},
        note=note,
    )


async def _measure(rounds: int) -> tuple[dict[str, list[Spent]], list[float]]:
    numbers = random.Random(SEED)
    found: dict[str, list[Spent]] = {way: [] for way in ("job", "apart", *WAYS)}
    writes: list[float] = []
    async with _bench() as bench:
        for number in range(rounds + 1):
            for way in numbers.sample(list(found), len(found)):
                spent = await bench.run(way)
                if number:  # the first round warms up
                    found[way].append(spent)
            if number:
                writes.append(await bench.write())
    return found, writes


@asynccontextmanager
async def _bench() -> AsyncGenerator[Bench]:
    numbers = random.Random(2)
    sizes = [int(4096 * 16 ** numbers.random()) for _ in range(997)]
    async with AsyncExitStack() as stack:
        # The server's data and the journals are on a disk: it is their syncing that takes time.
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="coredata-bench-")))
        root = await asyncio.to_thread(tree, folder / "tree", SHARD * SHARDS, sizes, 1)
        api, _ = await stack.enter_async_context(serve_tree())
        server = await stack.enter_async_context(run_embedded(folder / "server"))
        [nats] = [each for each in psutil.Process().children() if "nats-server" in each.name()]
        cluster = await stack.enter_async_context(await Cluster.open(server.address))
        workers: dict[str, list[psutil.Process]] = {}
        for share, count in SHARES.items():
            options = (server, api, f"{share}={root}", folder)
            commands = [await stack.enter_async_context(_worker(*options)) for _ in range(count)]
            workers[share] = [psutil.Process(command.pid) for command in commands]
        await _wait_for_workers(cluster, sum(SHARES.values()))
        for commands in workers.values():
            commands += [child for command in commands for child in command.children()]
        client = await stack.enter_async_context(CoreData(api, api_user="u", api_key="k"))
        yield Bench(client, cluster, root, folder, nats, workers)


@asynccontextmanager
async def _worker(
    server: ServerFiles, api: str, share: str, folder: Path
) -> AsyncGenerator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        "COREDATA_BASE_URL": api,
        "COREDATA_API_USER": "u",
        "COREDATA_API_KEY": "k",
        "COREDATA_CLUSTER_TOKEN_FILE": str(server.token_file),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "coredata_async", "worker", "--cluster", server.url, "--share", share),
        *("--directory", str(folder / "worker")),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def _wait_for_workers(cluster: Cluster, count: int) -> None:
    table = await cluster.table(WORKERS)
    async with asyncio.timeout(START):
        while len(await table.rows()) < count:  # noqa: ASYNC110  # other processes
            await asyncio.sleep(0.2)


async def _write(table: Table, key: str, until: float) -> int:
    row = await table.get(key)
    revision = None if row is None else row.revision
    done = 0
    while time.perf_counter() < until:
        revision = await table.put(key, {"beat": done}, revision)
        done += 1
    return done


def _check(exit_code: int, done: int) -> None:
    if exit_code or done != SHARD * SHARDS:
        raise RuntimeError(f"of {SHARD * SHARDS} files, {done} were done, exit code {exit_code}")
