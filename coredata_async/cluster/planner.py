"""The scan of one source: its files become shards, and these become messages of the queue.

Each shard is published as soon as it is full, while the scan goes on. What counts is the entry of the scan:
it says how many shards each owner of the scan has published, and only the owner can change it. So a shard is
stored, then counted there, then shown to workers. Another owner leaves out the files of all counted shards,
and repeats what may be missing of the last one.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from attrs import define, evolve, field

from coredata_async.bulk.events import Event, Warned
from coredata_async.bulk.journal.shards import Shard
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.shard_plan import ShardPlan
from coredata_async.bulk.states import JobInputError
from coredata_async.client import CoreData
from coredata_async.cluster.account import Account
from coredata_async.cluster.attempts import DEAD
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.doubts import Doubts, is_doubtful
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.folders import TableFolders, name_planner
from coredata_async.cluster.lease import TableLease
from coredata_async.cluster.messages import CONTINUED, JobRecord, Source, Task, may_share_folders
from coredata_async.cluster.names import TableNames
from coredata_async.cluster.objects import Objects
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.table import Row, Table
from coredata_async.cluster.take import LeaseTaker
from coredata_async.plain_data import PlainData

PLANNED: Final = "planned"
_PAUSE: Final = 0.5
"""Seconds between two attempts to write the entry of the scan."""


@define(eq=False, kw_only=True)
class Planner:
    """Plans one source of a job."""

    client: CoreData
    cluster: Cluster
    job: JobRecord
    task: Task
    root: ShareRoot
    directory: Path
    """Directory for the journal of the scan."""
    table: Table
    objects: Objects
    taker: LeaseTaker
    account: Account
    doubts: Doubts
    publish: Callable[[Event], Awaitable[object]]
    """Called with each event of the scan."""
    _stopped: bool = field(default=False, init=False)
    _scanning: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def source(self) -> Source:
        """The source that is scanned."""
        return self.job.sources[self.task.number]

    async def run(self, lease: TableLease) -> None:
        """Scan, and publish the shards.

        Raises:
            APIError: If the service cannot be used.
            JobInputError: If the parent or the source does not exist, or is of the wrong kind.
            ClusterError: If NATS does not answer.
            ShareUnavailableError: If the share can no longer be read.
        """
        async with asyncio.TaskGroup() as group:
            self._scanning = group.create_task(self._attempt(lease))
            if self._stopped:
                self._scanning.cancel()
        if self._scanning.cancelled():
            await self._show(lease)
            await lease.release(sent_until=datetime.now(UTC))
        else:
            await lease.release()

    def stop(self) -> None:
        """Release the scan. Another worker, or a later job, begins it again, without what is published."""
        self._stopped = True
        if self._scanning is not None:
            self._scanning.cancel()

    def drain(self) -> None:
        """Release the scan. See `stop`."""
        self.stop()

    async def _attempt(self, lease: TableLease) -> None:
        try:
            await asyncio.to_thread(self._check_directory)
            await self._scan(lease)
        except JobInputError as exc:
            await self.root.check(self.source.share)  # without the share, its paths do not exist, either
            warning = await self.root.find_emptiness(Source(self.source.share, "."))
            if warning is None:
                raise
            doubted = await self.doubts.add(lease.fields, self.source.share, warning)
            failure = ClusterError(warning) if doubted else JobInputError(f"{exc}; {warning}")
        else:
            return
        raise failure

    def _check_directory(self) -> None:
        """Check that journals are not among the files to upload: they would change during the scan."""
        # `Path.resolve` raises RuntimeError for links in a circle.
        source = os.path.realpath(self.root.path / self.source.path)
        if Path(os.path.realpath(self.directory)).is_relative_to(source):
            raise JobInputError(
                f"{self.source} contains the directory for journals {self.directory} of the worker on "
                f"{self.doubts.host}: start that with another --directory (with --cluster local, set "
                "XDG_STATE_HOME)"
            )

    async def _scan(self, lease: TableLease) -> None:
        await self._show(lease)
        table = await self.cluster.table(self.job.folders)
        owner = name_planner(self.taker.owner, self.task.key, lease.epoch)
        folders = TableFolders(
            table=table,
            taker=LeaseTaker(owner=owner, length=self.taker.length),
            retry=self.job.spec.retry,
            scan=self.task.key,
            epoch=lease.epoch,
        )
        shared = may_share_folders(self.job.sources)
        journal = self.directory / f"{self.job.id}.{self.task.key}.{lease.epoch}.scan"
        plan = ShardPlan(
            self.client,
            self.job.spec,
            journal=journal,
            share=self.source.share,
            root=self.root.path,
            path=self.source.path,
            parent=self.job.parent,
            published=self._journals(lease) if lease.epoch > 1 else None,
            lease=lease,
            folders=folders,
            names=TableNames(table, self.job.sources, self.task.number) if shared else None,
            max_files=self.job.shard_files,
            budget=self.account.budget,
            bulletin=self.account.bulletin,
            on_event=self.publish,
        )
        async with plan:
            async for shard in plan:
                await self._publish(shard, lease)
        lease.fields["ended"] = plan.report.ended
        await self.root.check(self.source.share)  # otherwise what is missing could be taken for deleted
        if plan.report.ended in CONTINUED:
            reason = plan.report.message or plan.report.ended
            raise ClusterError(f"the scan of {self.source} was not completed: {reason}")
        await self._finish(plan.report, lease)

    async def _finish(self, report: Report, lease: TableLease) -> None:
        warning = await self.root.find_emptiness(self.source)
        reason = (
            f"nothing of {self.source} could be read, or put into a folder"
            if is_doubtful(report)
            else warning
        )
        none = not Published.read(lease.fields).counts[str(lease.epoch)]
        if none and reason is not None and await self.doubts.add(lease.fields, self.source.share, reason):
            raise ClusterError(reason)
        if warning is not None:
            report = await self._add_warning(report, f"{warning} Then begin a new job.")
        await self.objects.put_report(self.task.key, lease.epoch, report)
        lease.fields |= {"state": PLANNED, "plan": lease.epoch, "published": True}
        await _write(lease)
        for left in self.directory.glob(f"{self.job.id}.{self.task.key}.*.scan*"):
            left.unlink(missing_ok=True)

    async def _add_warning(self, report: Report, warning: str) -> Report:
        await self.publish(Warned(message=warning))
        total = report.warnings_total + 1
        return evolve(report, warnings=(warning, *report.warnings), warnings_total=total)

    async def _publish(self, shard: Shard, lease: TableLease) -> None:
        """Store a shard, count it, and show it to workers."""
        published = Published.read(lease.fields)
        key = self._shard_key(lease.epoch, published.counts[str(lease.epoch)])
        await self.objects.put(key, shard.journal)
        last = {"key": key, "id": shard.id, "before": published.files}
        last |= {"files": shard.files, "bytes": shard.bytes}
        published.add(lease.epoch, shard.files, shard.bytes)
        lease.fields |= {**published.to_fields(), "last": last}
        await _write(lease)
        await self._show(lease)

    async def _show(self, lease: TableLease) -> None:
        """Queue the last shard that is counted, if that is not certain yet. May be repeated."""
        if lease.fields.get("last") is None:
            return
        data = PlainData.of(lease.fields["last"], f"the last shard of {self.task.key}")
        key, fields = data.text("key"), {name: value for name, value in data.fields.items() if name != "key"}
        await self.table.create(key, {"state": "open", "share": self.source.share, "epoch": 0, **fields})
        task = Task(self.job.id, "shard", key, self.source.share)
        await self.cluster.enqueue(task.subject, task.to_dict(), f"{self.job.id}.{key}")
        lease.fields["last"] = None

    async def _journals(self, lease: TableLease) -> AsyncIterator[bytes]:
        """Yield the journals of the shards that earlier owners have published.

        A shard that is shown but not counted is found, too: a server can lose writes that it has confirmed.
        """
        published = Published.read(lease.fields)
        for epoch in range(1, lease.epoch):
            for number in count():
                key = self._shard_key(epoch, number)
                if number >= published.counts[str(epoch)]:
                    row = await self.table.get(key)
                    if row is None:
                        break
                    published.add(epoch, row.data.integer("files"), row.data.integer("bytes"))
                    lease.fields |= published.to_fields()
                journal = await self.objects.get(key)
                if journal is None:
                    raise ClusterError(f"the cluster has lost the journal of {key}")
                yield journal

    def _shard_key(self, epoch: int, number: int) -> str:
        return f"shard.{self.task.number}.{epoch}.{number}"


@define
class Published:
    """Totals of the shards of a scan, as its entry has them."""

    counts: Counter[str]
    """Number of shards of each owner, by its epoch."""
    files: int
    bytes: int

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> Published:
        """Read the fields of an entry; one without shards has none of them."""
        data = PlainData({"counts": {}, "files": 0, "bytes": 0, **fields}, "the entry of a scan")
        counts = data.object("counts", "the counts of shards")
        by_epoch = Counter({epoch: counts.integer(epoch) for epoch in counts.fields})
        return cls(by_epoch, data.integer("files"), data.integer("bytes"))

    def add(self, epoch: int, files: int, size: int) -> None:
        """Count a shard."""
        self.counts[str(epoch)] += 1
        self.files += files
        self.bytes += size

    def to_fields(self) -> dict[str, object]:
        """Return the fields of an entry."""
        shards = self.counts.total()
        return {"counts": dict(self.counts), "shards": shards, "files": self.files, "bytes": self.bytes}


async def _write(lease: TableLease) -> None:
    """Write the fields of a lease, however often it takes while the lease is valid.

    Raises:
        LeaseLostError: If another owner has it.
        ClusterError: If the server does not answer until the lease ends.
    """
    while True:
        try:
            await lease.renew()
        except ClusterError:
            if not lease.is_valid():
                raise
            await asyncio.sleep(_PAUSE)
        else:
            return


def is_published(row: Row) -> bool:
    """Return whether all shards of a scan are in the queue, or it was given up."""
    return row.fields.get("published") is True or row.fields.get("state") == DEAD
