"""One shard in a worker: its journal comes from the object store, and its checkpoints go there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import define, evolve, field

from coredata_async.bulk.events import Event, Progress, Warned
from coredata_async.bulk.report.report import KEPT, Report
from coredata_async.bulk.shard_run import ShardRun, restore_shard
from coredata_async.client import CoreData
from coredata_async.cluster.account import Account
from coredata_async.cluster.attempts import DEAD
from coredata_async.cluster.doubts import Doubts, is_doubtful
from coredata_async.cluster.errors import ClusterError, DamagedObjectError, LostJournalError
from coredata_async.cluster.lease import TableLease, end_task
from coredata_async.cluster.messages import CONTINUED, JobRecord, Task
from coredata_async.cluster.objects import Objects
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.table import Row, number

log = logging.getLogger("coredata_async.cluster")

CHECKPOINT: Final = 30.0
"""Seconds between two checkpoints."""
_LOOKBACK: Final = 1000
"""Maximum number of earlier owners whose checkpoints are looked for."""
CLOSED: Final = ("done", DEAD)
"""States of a shard that needs no further owner. Not a set: a damaged state may not be hashable."""


@define(eq=False, kw_only=True)
class ShardWork:
    """Carries out one shard."""

    client: CoreData
    job: JobRecord
    task: Task
    root: ShareRoot
    directory: Path
    """Directory for the journal."""
    objects: Objects
    account: Account
    publish: Callable[[Event], object]
    """Called with each event of the shard."""
    doubts: Doubts
    checkpoints: float = CHECKPOINT
    _run: ShardRun | None = field(default=None, init=False)
    _ending: Callable[[ShardRun], object] | None = field(default=None, init=False)

    def drain(self) -> None:
        """Begin no further file, and end when those in flight have ended."""
        self._end(ShardRun.drain)

    def stop(self) -> None:
        """End within two seconds."""
        self._end(ShardRun.stop)

    async def run(self, lease: TableLease) -> Report:
        """Carry out the shard under a lease; write its journal and its report; give the lease up.

        Raises:
            ClusterError: If NATS does not answer.
            LostJournalError: If NATS has lost the shard.
            LeaseLostError: If another worker has the shard.
            ShareUnavailableError: If files failed because the share can no longer be read.
        """
        identifier = lease.fields.get("id")
        if not isinstance(identifier, str):
            raise LostJournalError(f"the cluster has lost the entry of {self.task.key}")
        began = time.process_time()  # this process has one shard at a time
        path = self.directory / f"{self.job.id}.{self.task.key}.{lease.epoch}.journal"
        await restore_shard(
            await latest_journal(self.objects, self.task.key, lease.epoch), path, root=self.root.path
        )
        self._run = run = ShardRun(
            self.client,
            self.job.spec,
            path,
            shard=identifier,
            root=self.root.path,
            lease=lease,
            sent_until=await self._find_sent_until(lease),
            budget=self.account.budget,
            bulletin=self.account.bulletin,
            restored=True,
        )
        await self._consume(run, lease)
        report = run.report
        if report.counts.failed:
            await self.root.check(self.task.share)  # otherwise another owner tries these files again
        lease.fields["cpu"] = number(lease.fields, "cpu") + time.process_time() - began
        await self._finish(report, lease)
        for left in self.directory.glob(f"{self.job.id}.{self.task.key}.*.journal*"):  # also of former owners
            left.unlink(missing_ok=True)
        return report

    async def _find_sent_until(self, lease: TableLease) -> datetime | None:
        """Return until when an earlier owner or job may have sent requests, by the clock of this machine.

        Clocks of two machines are not compared: requests of an earlier owner may have been sent until now.
        """
        now = datetime.now(UTC)
        if lease.sent_until is not None:
            return now
        if self.job.sent_until is None:
            return None
        return now - max(timedelta(), await lease.table.now() - self.job.sent_until)

    def _end(self, call: Callable[[ShardRun], object]) -> None:
        self._ending = call
        if self._run is not None:
            call(self._run)

    async def _consume(self, run: ShardRun, lease: TableLease) -> None:
        async with run as events:
            if self._ending is not None:
                self._ending(run)
            async with asyncio.TaskGroup() as group:  # a run that is not open has no checkpoint
                saving = group.create_task(self._save_at_intervals(run, lease.epoch))
                async for event in events:
                    if isinstance(event, Progress):
                        lease.fields |= {"done": event.done, "done_bytes": event.done_bytes}
                        lease.fields |= {"skipped": event.skipped, "failed": event.failed}
                    self.publish(event)
                await end_task(saving)
            await self._save(run, lease.epoch)

    async def _save_at_intervals(self, run: ShardRun, epoch: int) -> None:
        while True:
            await asyncio.sleep(self.checkpoints)
            try:
                await self._save(run, epoch)
            except ClusterError as exc:  # the lease ends the work if this lasts
                log.warning("a checkpoint of %s is missing: %s", self.task.key, exc)

    async def _save(self, run: ShardRun, epoch: int) -> None:
        await self.objects.put(checkpoint_name(self.task.key, epoch), await run.checkpoint())

    async def _finish(self, report: Report, lease: TableLease) -> None:
        if report.ended not in CONTINUED and is_doubtful(report):
            reason = report.message or "no file could be read here and uploaded"
            if await self.doubts.add(lease.fields, self.task.share, reason):
                lease.fields |= {"state": "open", "failed": 0}
                await lease.release(sent_until=datetime.now(UTC))
                return
        if report.ended == "circuit":
            self.publish(Warned(message=f"{self.doubts.host} releases {self.task.key}: {report.message}"))
        # The report of the job lists so many Files: those of 100,000 shards need not be read for that.
        listed = min(KEPT, max(0, KEPT - number(lease.fields, "before")))
        short = evolve(report, files=report.files[: int(listed)])
        await self.objects.put_report(self.task.key, lease.epoch, short)
        counts, size = report.counts, report.bytes
        lease.fields |= {
            "report": lease.epoch,
            "ended": report.ended,
            "done": counts.done,
            "done_bytes": size.done,
            "skipped": counts.skipped,
            "failed": counts.failed,
        }
        lease.fields["state"] = "open" if report.ended in CONTINUED else "done"
        # A file that is left with an unknown outcome may still be registered.
        await lease.release(sent_until=lease.sent_until if report.finished else datetime.now(UTC))


def checkpoint_name(key: str, epoch: int) -> str:
    """Return the name of the checkpoint of one owner: others never overwrite it."""
    return f"{key}.{epoch}"


async def latest_journal(objects: Objects, key: str, epoch: int) -> bytes:
    """Return the last checkpoint of earlier owners, or the journal as it was planned.

    A damaged checkpoint is like one that was not written: files that an earlier one does not know as done
    are looked up in a listing.

    Raises:
        LostJournalError: If the object store has neither.
        DamagedObjectError: If it has only a damaged one.
        ClusterError: If it cannot be read.
    """
    for earlier in range(epoch - 1, max(0, epoch - 1 - _LOOKBACK), -1):
        name = checkpoint_name(key, earlier)
        try:
            data = await objects.get(name)
        except DamagedObjectError as exc:
            log.warning("%s; an earlier one is used", exc)
            continue
        if data is not None:
            return data
    data = await objects.get(key)
    if data is None:
        raise LostJournalError(f"the cluster has lost the journal of {key}")
    return data


async def suspect_owner(objects: Objects, row: Row | None, key: str) -> int:
    """Return the epoch of an owner that the entry of a task does not show; 0 if there was none.

    A server that does not sync every write can lose the one of the owner that got the message before. Without
    an epoch, there was such an owner; later ones may have left a checkpoint.
    """
    epoch = 0 if row is None else row.data.integer("epoch")
    if row is not None and row.fields.get("owner") is not None:
        return 0  # it is waited for anyway
    if epoch == 0:
        return 1
    try:
        found = await objects.get(checkpoint_name(key, epoch + 1))
    except DamagedObjectError:
        return epoch + 1
    return 0 if found is None else epoch + 1


def is_closed(row: Row) -> bool:
    """Return whether a shard needs no further owner."""
    return row.fields.get("state") in CLOSED
