"""Locks of trees: two jobs never upload the same tree to one parent, or files into the same folder of it.

The entry of a lock names the jobs of one parent with their sources, and the moment until which an earlier job
may have sent a request, by the clock of the server. The service has no locks: two jobs that create Files of
the same name, or the same folder, would not notice each other before it is too late.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from itertools import product
from typing import Final

from attrs import frozen

from coredata_async.cluster.errors import ClusterError, JobLockedError
from coredata_async.cluster.messages import ENDED, JobRecord, Source
from coredata_async.cluster.table import Row, Table
from coredata_async.ids import canonical_id

ROUNDS: Final = 20
"""Maximum number of attempts to change an entry that others change, too."""


@frozen
class TreeLock:
    """The lock of the trees that are uploaded into a parent."""

    table: Table
    """The table of jobs."""
    parent: str

    async def lock(self, job: JobRecord) -> datetime | None:
        """Lock the trees of a job; return when an earlier job for them may have sent last, by `Table.now`.

        May be repeated: a job that has the lock keeps it.

        Raises:
            JobLockedError: If another job has not ended that has an overlapping tree, or may put files into
                the same folder.
            ClusterError: If NATS does not answer.
        """
        for _ in range(ROUNDS):
            row = await self.table.get(self._key)
            jobs, ended = _sources(row), None if row is None else row.data.time("ended")
            for other, conflict in _conflicts(jobs, job):
                if not await self._has_ended(other):
                    raise JobLockedError(
                        f"{conflict}; follow it with `coredata job watch {other}`, or end it with `coredata "
                        f"job drain {other}`"
                    )
                del jobs[other]  # the process that ended it has died before it unlocked the tree
                ended = await self.table.now()
            jobs[job.id] = list(job.sources)
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
            jobs = _sources(row)
            if row is None or jobs.pop(job, None) is None:
                return
            if await self._write(row, jobs, row.data.time("ended") if settled else await self.table.now()):
                return
        raise self._busy()

    @property
    def _key(self) -> str:
        parent = canonical_id(self.parent).encode("utf-8", "surrogatepass")
        return f"tree.{sha256(parent).hexdigest()[:32]}"

    async def _has_ended(self, job: str) -> bool:
        row = await self.table.get(job)
        # Only the state is read: a job of another version may have fields that this one cannot read.
        return row is None or row.fields.get("state") in ENDED

    async def _write(self, row: Row | None, jobs: dict[str, list[Source]], ended: datetime | None) -> bool:
        fields = {
            "jobs": {job: list(map(str, sources)) for job, sources in jobs.items()},
            "ended": None if ended is None else ended.isoformat(),
        }
        return await self.table.put(self._key, fields, None if row is None else row.revision) is not None

    def _busy(self) -> ClusterError:
        return ClusterError(f"the lock of the parent {self.parent} changes all the time")


def _conflicts(jobs: dict[str, list[Source]], job: JobRecord) -> list[tuple[str, str]]:
    """Return the other jobs of a lock that exclude a job, each with the reason."""
    found: dict[str, str] = {}
    for other, sources in jobs.items():
        if other == job.id:
            continue
        for one, two in product(job.sources, sources):
            if one.overlaps(two):
                found[other] = f"job {other} uploads {two} to {job.parent} already"
                break
            if one.shares_folder(two):
                found[other] = (
                    f"{one} and {two} of job {other} come into the same folder of {job.parent}, where two "
                    "jobs may create a File or folder twice: begin one job for both when that one has ended, "
                    "or give one of them another name or parent"
                )
    return list(found.items())


def _sources(row: Row | None) -> dict[str, list[Source]]:
    """Return the sources of a lock, by job."""
    if row is None:
        return {}
    jobs = row.data.object("jobs", f"`jobs` of the lock {row.key}")
    return {job: list(map(Source.parse, jobs.texts(job))) for job in jobs.fields}
