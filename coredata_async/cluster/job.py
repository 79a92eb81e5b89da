"""A job on many machines, as its coordinator sees it: begun, watched, ended, and reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from coredata_async.bulk.events import Started
from coredata_async.bulk.options import Effort, FileAttributes, JobSpec, Policy, Selection
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.events import ClusterEvent
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import SHARD_FILES, JobRecord, JobState, events_subject, parse_sources
from coredata_async.cluster.report import ClusterReport
from coredata_async.cluster.watch import JobWatch
from coredata_async.config import Limits, Retry
from coredata_async.errors import ConfigurationError
from coredata_async.ids import Id, canonical_id
from coredata_async.wire.resource import segment


class ClusterJob:
    """Uploads trees of many machines, each file exactly once. This process may end: the job goes on.

        async with await Cluster.connect("tls://head:4222") as cluster:
            job = ClusterJob(cluster, ["fs01:/docs"], parent=folder_id)
            async with job:
                async for event in job:
                    ...
            print(job.report.counts)

    Workers of the shares scan and upload; this process sends nothing to the service, and has no key. Events
    are those of `UploadJob` and of `cluster.events`. They are for display: those that are sent while this
    process has no connection are lost, and the report is complete.

    Args:
        cluster: The connection to the cluster; it stays open.
        sources: Trees as `SHARE:/PATH`.
        parent: Id of a Project, Folder or Filespace, in any notation of a UUID, or the object itself.
        selection: The files to upload.
        policy: The rules for existing Files, links and unusual names.
        effort: The concurrency and the time limits of each worker process; `bwlimit` is shared by all.
        limits: The limits of each worker process; `rate` is shared by all workers of the account.
        retry: The policy for repeated requests, with the settle time.
        dynatype: Name of a dynatype for all Files.
        contacts: Ids of contacts, or the contacts themselves; they need a dynatype other than `File`.
        tags: Tags of all Files, without commas.
        shard_files: Maximum number of files that a worker process has at a time.

    Raises:
        ConfigurationError: If an argument is invalid.
    """

    def __init__(
        self,
        cluster: Cluster,
        sources: str | Sequence[str],
        *,
        parent: Id,
        selection: Selection | None = None,
        policy: Policy | None = None,
        effort: Effort | None = None,
        limits: Limits | None = None,
        retry: Retry | None = None,
        dynatype: str | None = None,
        contacts: Sequence[Id] = (),
        tags: Sequence[str] = (),
        shard_files: int = SHARD_FILES,
    ) -> None:
        self._parent = canonical_id(parent, "parent")
        segment(self._parent, "parent")
        if shard_files < 1:
            raise ConfigurationError("shard_files must be 1 or more")
        self._shard_files = shard_files
        self._cluster = cluster
        self._sources = parse_sources([sources] if isinstance(sources, str) else sources)
        self._spec = JobSpec(
            selection=selection or Selection(),
            policy=policy or Policy(),
            effort=effort or Effort(),
            attributes=FileAttributes(dynatype=dynatype, contacts=contacts, tags=tags),
            retry=retry or Retry(),
            limits=limits or Limits(),
        )
        if self._spec.effort.processes != 1:
            raise ConfigurationError(
                "processes of a cluster's job are those of its workers: --processes there"
            )
        self._begin(None)

    @classmethod
    async def attach(
        cls, cluster: Cluster, job: str, *, order: Callable[[ClusterJob], object] | None = None
    ) -> ClusterJob:
        """Watch a job that was begun elsewhere, or earlier.

        Args:
            cluster: The connection to the cluster.
            job: Id of the job.
            order: Called when the job is open: `ClusterJob.drain` or `ClusterJob.stop`.

        Raises:
            ConfigurationError: If it does not exist.
            ClusterError: If NATS does not answer.
        """
        record = await (await Jobs.open(cluster)).get(job)
        self = cls.__new__(cls)
        self._cluster, self._sources, self._parent = cluster, record.sources, record.parent
        self._spec, self._shard_files = record.spec, record.shard_files
        self._begin(record)
        self._first = order
        return self

    def _begin(self, record: JobRecord | None) -> None:
        self._record = record
        self._first: Callable[[ClusterJob], object] | None = None
        self._events: asyncio.Queue[ClusterEvent | None] = asyncio.Queue()
        self._watch: JobWatch | None = None
        self._watching: asyncio.Task[ClusterReport | None] | None = None

    @property
    def id(self) -> str:
        """Id of the job.

        Raises:
            RuntimeError: If it has not begun.
        """
        if self._record is None:
            raise RuntimeError("the job has not begun: use `async with ClusterJob(…) as job:`")
        return self._record.id

    @property
    def report(self) -> ClusterReport:
        """Report of the job, available after its last event.

        Raises:
            RuntimeError: If the job has not ended, or was detached.
        """
        report = self._watching.result() if self._watching is not None and self._watching.done() else None
        if report is None:
            raise RuntimeError(
                "the report is not available before the job has ended: read all its events first"
            )
        return report

    async def run(self) -> ClusterReport:
        """Begin the job, watch it to its end, and return the report.

        Raises:
            JobLockedError: If another job uploads the same tree to the same parent.
            ClusterError: If NATS does not answer at the beginning.
        """
        async with self:
            async for _ in self:
                pass
        return self.report

    def drain(self) -> None:
        """Let all workers finish the files in flight and release their shards; then the job ends."""
        self._order("draining")

    def stop(self) -> None:
        """Let all workers end within seconds; then the job ends."""
        self._order("stopping")

    def detach(self) -> None:
        """End the events. The job goes on, and `attach` watches it again."""
        if self._watch is not None:
            self._watch.detach()

    def _order(self, state: JobState) -> None:
        if self._watch is not None:
            self._watch.order(state)

    async def __aenter__(self) -> Self:
        jobs = await Jobs.open(self._cluster)
        if self._record is None:
            self._record = await jobs.begin(
                self._sources, self._parent, self._spec, shard_files=self._shard_files
            )
        elif self._record.is_open:
            self._record = await jobs.resume(self._record)
        self._watch = JobWatch(
            cluster=self._cluster, jobs=jobs, record=self._record, publish=self._events.put_nowait
        )
        self._events.put_nowait(Started(journal=self.id, resumed=False))
        if self._first is not None:
            self._first(self)
        self._watching = asyncio.create_task(self._run_watch(self._watch), name="coredata-cluster-job")
        return self

    async def _run_watch(self, watch: JobWatch) -> ClusterReport | None:
        try:
            listening = await self._cluster.listen(events_subject(watch.record.id), watch.receive)
            try:
                return await watch.run()
            finally:
                await listening.unsubscribe()
        finally:
            self._events.put_nowait(None)

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watching is not None:
            self.detach()
            await asyncio.wait({self._watching})

    def __aiter__(self) -> AsyncIterator[ClusterEvent]:
        return self

    async def __anext__(self) -> ClusterEvent:
        """Return the next event.

        Raises:
            ClusterError: If NATS has lost the job.
        """
        if self._watching is None:
            raise RuntimeError("the job is not open: use `async with ClusterJob(…) as job:`")
        event = await self._events.get()
        if event is not None:
            return event
        self._events.put_nowait(None)  # for other tasks that iterate
        await self._watching
        raise StopAsyncIteration
