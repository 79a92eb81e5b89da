"""The table of jobs: how a job begins, changes its state, and excludes another one for the same tree."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from attrs import evolve, field, frozen

from coredata_async.bulk.options import JobSpec
from coredata_async.client import CoreData
from coredata_async.cluster.connection import JOBS, Cluster
from coredata_async.cluster.errors import AccountMismatchError, ClusterError, JobLockedError
from coredata_async.cluster.messages import SHARD_FILES, JobRecord, JobState, Source, Task
from coredata_async.cluster.table import Table
from coredata_async.cluster.tree_lock import ROUNDS, TreeLock
from coredata_async.errors import ConfigurationError
from coredata_async.escapes import escape_controls

log = logging.getLogger("coredata_async.cluster")

_TREE: Final = "tree."
SCAN: Final = "scan"


@frozen
class Jobs:
    """The jobs of a cluster."""

    cluster: Cluster
    table: Table
    _read: dict[str, JobRecord] = field(factory=dict[str, JobRecord], init=False, eq=False)
    """Jobs as last read: to read a specification takes longer than to ask if it has changed."""

    @classmethod
    async def open(cls, cluster: Cluster) -> Jobs:
        """Open the table."""
        return cls(cluster, await cluster.table(JOBS))

    async def get(self, job: str) -> JobRecord:
        """Read a job.

        Raises:
            ConfigurationError: If it does not exist.
        """
        record = await self.find(job)
        if record is None:
            raise ConfigurationError(f"the cluster has no job {job!r}; `coredata job list` shows all jobs")
        return record

    async def find(self, job: str) -> JobRecord | None:
        """Read a job; None if it does not exist.

        Raises:
            ConfigurationError: If its entry is not one of this version.
        """
        row = None if job.startswith(_TREE) else await self.table.get(job)
        if row is None:
            return None
        known = self._read.get(job)
        if known is None or known.revision != row.revision:
            try:
                known = self._read[job] = JobRecord.from_row(row)
            except ConfigurationError as exc:
                raise ConfigurationError(
                    f"job {job} cannot be read: {exc}; use the version that has begun it"
                ) from None
        return known

    async def read_state(self, job: str) -> JobState | None:
        """Read the state of a job; None if it was deleted, or its entry cannot be read.

        Raises:
            ClusterError: If NATS does not answer.
        """
        try:
            record = await self.find(job)
        except ConfigurationError:
            return None
        return None if record is None else record.state

    async def all(self) -> list[JobRecord]:
        """Read all jobs of this version, the oldest first."""
        found: list[JobRecord] = []
        for key, row in (await self.table.rows()).items():
            if not key.startswith(_TREE):
                try:
                    found.append(JobRecord.from_row(row))
                except ConfigurationError as exc:
                    log.warning("job %s is left out: %s", escape_controls(key), exc)
        return sorted(found, key=lambda job: job.created)

    async def begin(
        self, sources: Sequence[Source], parent: str, spec: JobSpec, *, shard_files: int = SHARD_FILES
    ) -> JobRecord:
        """Begin a job: write it down, lock its trees, and queue a scan for each of its sources.

        Raises:
            JobLockedError: If another job for the same parent has not ended, and has an overlapping tree, or
                may put files into the same folder.
            ClusterError: If NATS does not answer.
        """
        job = JobRecord(
            id=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            sources=tuple(sources),
            parent=parent,
            spec=spec,
            created=time.time(),
            shard_files=shard_files,
        )
        await self.table.create(job.id, job.to_dict())
        try:
            return await self._lock_and_queue(job)
        except BaseException:
            await self.end(job.id, "ended", "another job has the tree")
            raise

    async def resume(self, job: JobRecord) -> JobRecord:
        """Repeat the beginning of a job, because the process that began it may have died in the middle.

        The job ends if another one has locked its tree meanwhile. Scans that are done are acknowledged by the
        worker that gets them.

        Raises:
            ClusterError: If NATS does not answer.
        """
        try:
            return await self._lock_and_queue(job)
        except JobLockedError as exc:
            return await self.end(job.id, "ended", str(exc))

    async def _lock_and_queue(self, job: JobRecord) -> JobRecord:
        sent = await self._lock(job).lock(job)
        if sent is not None:
            await self.change(job.id, sent_until=sent)
        for number, source in enumerate(job.sources):
            task = Task(job.id, SCAN, f"{SCAN}.{number}", source.share)
            await self.cluster.enqueue(task.subject, task.to_dict(), f"{job.id}.{task.key}")
        return await self.get(job.id)

    async def change(
        self,
        job: str,
        *,
        state: JobState | None = None,
        message: str | None = None,
        sent_until: datetime | None = None,
        owner: tuple[str, str] | None = None,
    ) -> JobRecord:
        """Change a job.

        Args:
            job: Id of the job.
            state: The new state. A job that has ended does not change it.
            message: Reason for the state.
            sent_until: See `JobRecord.sent_until`.
            owner: Tenant and account, if no worker has written them yet.

        Raises:
            ConfigurationError: If it does not exist.
            ClusterError: If NATS does not answer.
        """

        def edit(now: JobRecord) -> JobRecord:
            new = now
            if state is not None and not now.has_ended:
                new = evolve(new, state=state, message=message or now.message)
            if sent_until is not None:
                new = evolve(new, sent_until=sent_until)
            if owner is not None and now.tenant is None:
                new = evolve(new, tenant=owner[0], account=owner[1])
            return new

        return await self._edit(job, edit)

    async def reopen(self, job: str) -> JobRecord:
        """Let workers take the tasks of a job that has ended. Its trees are not locked yet, see `resume`.

        Raises:
            ConfigurationError: If it does not exist.
            ClusterError: If NATS does not answer.
        """
        return await self._edit(
            job, lambda now: evolve(now, state="running", message="") if now.has_ended else now
        )

    async def end(self, job: str, state: JobState, message: str = "", *, settled: bool = False) -> JobRecord:
        """End a job, and unlock its trees. No worker may have a lease on one of its shards.

        Args:
            job: Id of the job.
            state: The state of a job that has not ended yet.
            message: Reason for the state.
            settled: True if all its requests were answered, or waited for.

        Raises:
            ConfigurationError: If it does not exist.
            ClusterError: If NATS does not answer.
        """
        record = await self.change(job, state=state, message=message)
        await self._lock(record).unlock(job, settled=settled)
        return record

    async def _edit(self, job: str, edit: Callable[[JobRecord], JobRecord]) -> JobRecord:
        """Replace a job by what a function makes of it; asked again if others change it meanwhile."""
        for _ in range(ROUNDS):
            now = await self.get(job)
            new = edit(now)
            if new == now or await self.table.update(job, new.to_dict(), now.revision) is not None:
                return new
        raise ClusterError(f"job {job} changes all the time")

    def _lock(self, job: JobRecord) -> TreeLock:
        return TreeLock(self.table, job.parent)

    async def find_open(self, task: Task, client: CoreData) -> JobRecord | None:
        """Return the job of a task; None if it is not open, or does not have the task.

        Raises:
            AccountMismatchError: If it is bound to another server or account than that of a worker's client.
            ClusterError: If NATS does not answer.
        """
        job = await self.find(task.job)
        if job is None or not job.is_open or not task.belongs_to(job):
            return None
        if job.tenant is not None:
            await self.claim(job, client)
        return job

    async def claim(self, job: JobRecord, client: CoreData) -> None:
        """Bind a job to the server and account of its first worker.

        Raises:
            AccountMismatchError: If it is bound to others.
            ClusterError: If NATS does not answer.
        """
        engine = client.engine()
        tenant, account = engine.tenant, engine.account
        now = job if job.tenant is not None else await self.change(job.id, owner=(tenant, account))
        if (now.tenant, now.account) != (tenant, account):
            raise AccountMismatchError(
                f"job {job.id} belongs to {now.account} at {now.tenant}, and this worker has the key of "
                f"{account} at {tenant}: give all workers of a share the same environment, and each account "
                "shares of its own"
            )
