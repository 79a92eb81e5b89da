"""Locks of trees: two jobs never upload files of the same tree to the same parent.

The entry of a lock names the jobs that have trees of one share and parent, and the moment until which an
earlier job can have sent a request, by the clock of the server.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from coredata_async.cluster.errors import ClusterError, JobLockedError
from coredata_async.cluster.messages import JobRecord, Source, tree_key
from coredata_async.cluster.table import Row, Table

ROUNDS: Final = 20
"""Maximum number of attempts to change an entry that others change, too."""


@frozen
class TreeLock:
    """The lock of the trees of a share that are uploaded into a parent."""

    table: Table
    """The table of jobs."""
    parent: str
    share: str

    async def lock(self, job: JobRecord) -> datetime | None:
        """Lock the trees of a job; return when an earlier job for them can have sent last, by `Table.now`.

        May be repeated: a job that has the lock keeps it.

        Raises:
            JobLockedError: If another job for an overlapping tree has not ended.
            ClusterError: If NATS does not answer.
        """
        own = [each for each in job.sources if each.share == self.share]
        for _ in range(ROUNDS):
            row = await self.table.get(self._key)
            jobs, ended = _paths(row), None if row is None else row.data.time("ended")
            for other in self._overlapping(jobs, own) - {job.id}:
                if not await self._has_ended(other):
                    raise JobLockedError(
                        f"job {other} uploads {', '.join(map(str, own))} to {job.parent} already; follow it "
                        f"with `coredata job watch {other}`, or end it with `coredata job drain {other}`"
                    )
                del jobs[other]  # the process that ended it has died before it unlocked the tree
                ended = await self.table.now()
            jobs[job.id] = [each.path for each in own]
            if await self._write(row, jobs, ended):
                return ended
        raise self._busy()

    async def unlock(self, job: str, *, settled: bool) -> None:
        """Unlock the trees of a job. Unless it is settled, its last requests may be in flight.

        Raises:
            ClusterError: If NATS does not answer.
        """
        for _ in range(ROUNDS):
            row = await self.table.get(self._key)
            jobs = _paths(row)
            if row is None or jobs.pop(job, None) is None:
                return
            if await self._write(row, jobs, row.data.time("ended") if settled else await self.table.now()):
                return
        raise self._busy()

    @property
    def _key(self) -> str:
        return tree_key(self.parent, self.share)

    def _overlapping(self, jobs: dict[str, list[str]], own: list[Source]) -> set[str]:
        return {
            job
            for job, paths in jobs.items()
            if any(one.overlaps(Source(self.share, path)) for one in own for path in paths)
        }

    async def _has_ended(self, job: str) -> bool:
        row = await self.table.get(job)
        return row is None or JobRecord.from_row(row).has_ended

    async def _write(self, row: Row | None, jobs: dict[str, list[str]], ended: datetime | None) -> bool:
        fields = {"jobs": jobs, "ended": None if ended is None else ended.isoformat()}
        return await self.table.put(self._key, fields, None if row is None else row.revision) is not None

    def _busy(self) -> ClusterError:
        return ClusterError(f"the lock of {self.share} in {self.parent} changes all the time")


def _paths(row: Row | None) -> dict[str, list[str]]:
    """Return the paths of a lock, by job."""
    if row is None:
        return {}
    jobs = row.data.object("jobs", f"`jobs` of the lock {row.key}")
    return {job: list(jobs.texts(job)) for job in jobs.fields}
