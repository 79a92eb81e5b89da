"""The scan of one source: its files become shards, and these become messages of the queue.

The shards of a scan are published together, after all of them are stored: the entry of the scan then says
PLANNED and names the epoch whose shards count. If the planner dies before, another one scans again, and no
worker has seen a shard of the first. If it dies after, another one only repeats the publication.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import Event
from coredata_async.bulk.shard_plan import ShardPlan
from coredata_async.client import CoreData
from coredata_async.cluster.account import Account
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.folders import TableFolders
from coredata_async.cluster.lease import TableLease
from coredata_async.cluster.messages import CONTINUED, JobRecord, Source, Task
from coredata_async.cluster.objects import Objects
from coredata_async.cluster.table import Row, Table
from coredata_async.cluster.take import LeaseTaker

PLANNED: Final = "planned"


@define(eq=False, kw_only=True)
class Planner:
    """Plans one source of a job."""

    client: CoreData
    cluster: Cluster
    job: JobRecord
    task: Task
    root: Path
    directory: Path
    """Directory for the journal of the scan."""
    table: Table
    objects: Objects
    taker: LeaseTaker
    account: Account
    publish: Callable[[Event], Awaitable[object]]
    """Called with each event of the scan."""
    _stopped: bool = field(default=False, init=False)
    _scanning: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def source(self) -> Source:
        """The source that is scanned."""
        return self.job.sources[self.task.number]

    async def run(self, lease: TableLease) -> None:
        """Scan, and publish the shards. Repeats only the publication if the scan is done.

        Raises:
            APIError: If the service cannot be used.
            ClusterError: If NATS does not answer.
        """
        if lease.fields.get("state") != PLANNED:
            async with asyncio.TaskGroup() as group:
                self._scanning = group.create_task(self._scan(lease))
                if self._stopped:
                    self._scanning.cancel()
            if self._scanning.cancelled():
                await lease.release(sent_until=datetime.now(UTC))
                return
        await self._publish(lease)
        await lease.release()

    def stop(self) -> None:
        """Give the scan back. Another worker, or a later job, begins it again: no shard was published."""
        self._stopped = True
        if self._scanning is not None:
            self._scanning.cancel()

    def drain(self) -> None:
        """Give the scan back. See `stop`."""
        self.stop()

    async def _scan(self, lease: TableLease) -> None:
        folders = TableFolders(
            table=await self.cluster.table(self.job.folders), taker=self.taker, retry=self.job.spec.retry
        )
        journal = self.directory / f"{self.job.id}.{self.task.key}.{lease.epoch}.scan"
        shards: list[dict[str, object]] = []
        plan = ShardPlan(
            self.client,
            self.job.spec,
            journal=journal,
            share=self.source.share,
            root=self.root,
            path=self.source.path,
            parent=self.job.parent,
            lease=lease,
            folders=folders,
            max_files=self.job.shard_files,
            budget=self.account.budget,
            bulletin=self.account.bulletin,
            on_event=self.publish,
        )
        async with plan:
            async for shard in plan:
                key = f"shard.{self.task.number}.{lease.epoch}.{len(shards)}"
                await self.objects.put(key, shard.journal)
                shards.append({"key": key, "id": shard.id, "files": shard.files, "bytes": shard.bytes})
        if plan.report.ended in CONTINUED:
            reason = plan.report.message or plan.report.ended
            raise ClusterError(f"the scan of {self.source} was not completed: {reason}")
        await self.objects.put_report(self.task.key, lease.epoch, plan.report)
        await self.objects.put(f"{self.task.key}.{lease.epoch}.shards", json.dumps(shards).encode())
        journal.unlink(missing_ok=True)
        lease.fields |= {
            "state": PLANNED,
            "plan": lease.epoch,
            "shards": len(shards),
            "files": sum(int(str(each["files"])) for each in shards),
            "bytes": sum(int(str(each["bytes"])) for each in shards),
        }
        await lease.renew()

    async def _publish(self, lease: TableLease) -> None:
        data = await self.objects.get(f"{self.task.key}.{lease.fields['plan']}.shards")
        for fields in json.loads(data or b"[]"):
            key = str(fields.pop("key"))
            await self.table.create(key, {"state": "open", "share": self.source.share, "epoch": 0, **fields})
            task = Task(self.job.id, "shard", key, self.source.share)
            await self.cluster.enqueue(task.subject, task.to_dict(), f"{self.job.id}.{key}")
        lease.fields["published"] = True


def is_published(row: Row) -> bool:
    """Return whether all shards of a scan are in the queue, or it was given up."""
    return row.fields.get("published") is True or row.fields.get("state") == "dead"
