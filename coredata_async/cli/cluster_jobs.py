"""Jobs of a cluster in commands: begun, watched and shown."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import click
from attrs import evolve, frozen

from coredata_async.bulk.events import Started
from coredata_async.bulk.journal.location import state_directory
from coredata_async.bulk.options import Effort
from coredata_async.cli.cluster_options import open_cluster
from coredata_async.cli.jobs import JobCommand, JobOptions
from coredata_async.cli.output import say
from coredata_async.cli.progress import JobOutput
from coredata_async.client import CoreData
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.directory_lock import lock_directory
from coredata_async.cluster.events import (
    AttemptFailed,
    ShardGivenUp,
    ShardMoved,
    WorkerJoined,
    WorkerLost,
)
from coredata_async.cluster.job import ClusterJob
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import parse_sources
from coredata_async.cluster.report import ClusterReport
from coredata_async.cluster.report_page import render_page
from coredata_async.cluster.server import run_embedded
from coredata_async.cluster.worker import Worker
from coredata_async.config import Limits, Retry
from coredata_async.ids import canonical_id

LOCAL = "local"
"""Value of `--cluster` for a server and workers of this command."""


class ClusterOutput(JobOutput):
    """Output of a job on many machines for people."""

    def take(self, event: object) -> None:
        """Print an event if people need to see it."""
        match event:
            case Started() if not self.quiet:
                say(f"job {event.journal}")
            case WorkerJoined() if not self.quiet:
                say(f"worker {event.worker} joined, with {', '.join(event.shares)}")
            case WorkerLost() if not self.quiet:
                say(f"worker {event.worker} has left")
            case ShardMoved(previous=None) | Started() | WorkerJoined() | WorkerLost():
                pass
            case AttemptFailed():
                part = "scan" if event.shard.startswith("scan.") else event.shard
                number = f"attempt {event.attempt} of {event.max_attempts}"
                say(f"{part} of {event.source} failed: {event.reason} ({number})")
            case ShardGivenUp():
                say(f"{event.shard} is given up: {event.reason}")
            case ShardMoved():
                say(f"{event.shard} moved from {event.previous} to {event.worker}: its lease had ended")
            case _:
                super().take(event)


@frozen(kw_only=True)
class ClusterUpload:
    """An upload of `coredata upload --cluster`."""

    paths: Sequence[str]
    parent: str
    options: JobOptions
    limits: Limits
    retry: Retry
    processes: int
    """Number of worker processes of a local cluster."""

    @classmethod
    def create(
        cls, made: CoreData, paths: Sequence[str], parent: str, options: JobOptions, rate: float | None
    ) -> ClusterUpload:
        """Return the upload that the options of the command describe."""
        engine, effort = made.engine(), options["effort"]
        given = click.get_current_context().meta.get(Effort.__name__, {})
        return cls(
            paths=paths,
            parent=canonical_id(parent),
            options={**options, "effort": evolve(effort, processes=1)},
            limits=engine.limits if rate is None else evolve(engine.limits, rate=rate),
            retry=engine.retry,
            processes=effort.processes if "processes" in given else os.cpu_count() or 1,
        )

    async def run(self, made: CoreData, url: str, conduct: JobCommand) -> int:
        """Run the job, and return the exit code."""
        output = ClusterOutput(conduct.watch.gauge, conduct.watch.quiet)
        conduct = evolve(conduct, watch=output, interruptible=url == LOCAL, page=render_page)
        if url == LOCAL:
            return await self._run_here(made, conduct)
        async with made, await open_cluster(url) as cluster:
            return await conduct.run(self._job(cluster, self.paths))

    async def _run_here(self, made: CoreData, conduct: JobCommand) -> int:
        """Run the job with a server and workers of this command. Their state is kept until it is done."""
        directory = local_directory(made, self.parent, self.paths)
        with lock_directory(directory, "this upload"):
            # Journals of an earlier run have no use: their checkpoints are on the server.
            await asyncio.to_thread(shutil.rmtree, directory / "journals", ignore_errors=True)
            report, code = await self._run_workers(made, conduct, directory)
            if report.settled:
                await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        return code

    async def _run_workers(
        self, made: CoreData, conduct: JobCommand, directory: Path
    ) -> tuple[ClusterReport, int]:
        roots, sources = local_shares(self.paths)
        async with (
            made,
            run_embedded(directory / "server") as files,
            await Cluster.open(files.address) as cluster,
        ):
            worker = Worker(
                made, cluster, shares=roots, processes=self.processes, directory=directory / "journals"
            )
            job = await self._continue(cluster, sources)
            async with asyncio.TaskGroup() as group:
                working = group.create_task(worker.run())
                try:
                    code = await conduct.run(job)
                finally:
                    worker.drain()
                    await asyncio.wait({working}, timeout=None)
        return job.report, code

    async def _continue(self, cluster: Cluster, sources: Sequence[str]) -> ClusterJob:
        """Return the job that an earlier run has left unfinished because it was killed, or a new one."""
        for record in await (await Jobs.open(cluster)).all():
            same = record.parent == self.parent and record.sources == parse_sources(sources)
            if same and not record.has_ended:
                return await ClusterJob.attach(cluster, record.id)
        return self._job(cluster, sources)

    def _job(self, cluster: Cluster, sources: Sequence[str]) -> ClusterJob:
        return ClusterJob(
            cluster, sources, parent=self.parent, limits=self.limits, retry=self.retry, **self.options
        )


def local_shares(paths: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """Return a share for each path of this machine, and the sources of a job for them."""
    roots: dict[str, Path] = {}
    sources: list[str] = []
    for number, path in enumerate(paths):
        whole = Path(os.path.abspath(path))  # noqa: PTH100  # a link that is named stays a name
        content = path.endswith(("/.", "/..")) or path in {".", ".."} or not whole.name
        roots[f"local{number}"] = whole if content else whole.parent
        sources.append(f"local{number}:/{'' if content else whole.name}")
    return roots, sources


def local_directory(made: CoreData, parent: str, paths: Sequence[str]) -> Path:
    """Return the private directory of a local cluster: the same for the same upload."""
    engine = made.engine()
    names = [engine.tenant, engine.account, parent, *(os.path.abspath(path) for path in paths)]  # noqa: PTH100
    digest = sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return state_directory() / "coredata" / "local" / digest
