"""One worker process: takes scans and shards of its shares from the queue, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import Event
from coredata_async.bulk.journal.location import make_private
from coredata_async.client import CoreData
from coredata_async.cluster.account import Account
from coredata_async.cluster.attempts import (
    DEAD,
    FAILED_DELAY,
    PASSING,
    find_reason,
    is_refusal,
    note_death,
    note_error,
)
from coredata_async.cluster.connection import WORKERS, Cluster
from coredata_async.cluster.dead_letters import publish_dead_letter
from coredata_async.cluster.doubts import Doubts
from coredata_async.cluster.errors import ClusterError, LeaseLostError, UnreadableTaskError
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.lease import TableLease, end_task, run_under
from coredata_async.cluster.limits import AccountLimits
from coredata_async.cluster.messages import JobRecord, Task, account_key, check_share
from coredata_async.cluster.metrics import ProcessMetrics
from coredata_async.cluster.nats_types import Message
from coredata_async.cluster.outage import OutagePause
from coredata_async.cluster.planner import Planner, is_published
from coredata_async.cluster.presence import Presence
from coredata_async.cluster.publisher import EventPublisher
from coredata_async.cluster.shard_work import CHECKPOINT, ShardWork, is_closed, suspect_owner
from coredata_async.cluster.share_root import ShareRoot
from coredata_async.cluster.table import number
from coredata_async.cluster.take import Busy, Closed, LeaseTaker
from coredata_async.cluster.task_queue import TaskQueue
from coredata_async.errors import AuthenticationError, ConfigurationError, CoreDataError

log = logging.getLogger("coredata_async.cluster")

_FOLLOW: Final = 1.0
"""Seconds between two checks of the state of a job."""


@define(eq=False, kw_only=True)
class TaskRunner:
    """Carries out the tasks of some shares. `run` returns after `drain`."""

    client: CoreData
    cluster: Cluster
    shares: Mapping[str, ShareRoot]
    """Root directory of each share."""
    directory: Path
    """Directory for journals."""
    checkpoints: float = CHECKPOINT
    metrics: ProcessMetrics = field(factory=ProcessMetrics)
    _draining: asyncio.Event = field(factory=asyncio.Event, init=False)
    _work: ShardWork | Planner | None = field(default=None, init=False)
    _own_account: Account | None = field(default=None, init=False)
    _presence: Presence = field(init=False)
    _group: asyncio.TaskGroup = field(factory=asyncio.TaskGroup, init=False)
    _events: EventPublisher = field(init=False)
    _jobs: Jobs = field(init=False)
    _taker: LeaseTaker = field(init=False)
    _doubts: Doubts = field(init=False)
    _pause: OutagePause = field(factory=OutagePause, init=False)

    def __attrs_post_init__(self) -> None:
        for share in self.shares:
            check_share(share)
        self._events = EventPublisher(self.cluster, self.metrics)
        self._doubts = Doubts(self.cluster)
        self._taker = LeaseTaker(owner=self.cluster.member, length=self.cluster.lease)

    def drain(self) -> None:
        """Take no further task; finish the files in flight, and release the shard."""
        self._draining.set()
        if self._work is not None:
            self._work.drain()

    async def run(self) -> None:
        """Carry out tasks until `drain` is called.

        Raises:
            ClusterError: If NATS cannot be used at the start.
            AuthenticationError: If the service refuses the key.
        """
        await asyncio.to_thread(make_private, self.directory)
        self._jobs = await Jobs.open(self.cluster)
        self._presence = await Presence.open(self.cluster, sorted(self.shares), self.metrics)
        async with self._group as group:
            background = [group.create_task(self._events.run()), group.create_task(self._presence.keep())]
            await self._pull_all()
            for task in background:
                await end_task(task)
            await self._events.flush()
            await self._leave()

    async def _pull_all(self) -> None:
        queue = await TaskQueue.open(self.cluster, self._group, self.shares, self._presence.unavailable)
        while not self._draining.is_set():
            for share in queue.subscriptions:
                message = await queue.pull(share)
                if message is not None:
                    await self._handle(queue, message)
                    await self._pause.wait(self._draining)
                if self._draining.is_set():
                    return

    async def _handle(self, queue: TaskQueue, message: Message) -> None:
        """Carry out one task, and answer its message. A message that is not answered is delivered again."""
        delay: float | None = FAILED_DELAY
        try:
            task = queue.read(message)
        except UnreadableTaskError as exc:
            await queue.refuse(message, str(exc), FAILED_DELAY)
            return
        async with queue.keep_alive(message):
            try:
                delay = await self._carry_out(queue, task, message.metadata.num_delivered)
            except AuthenticationError:
                await queue.answer(message, FAILED_DELAY)
                raise
            except LeaseLostError as exc:
                self.metrics.counts["lost"] += 1
                log.warning("%s: %s", task.key, exc)
            except CoreDataError as exc:
                log.warning("%s of job %s is returned to the queue: %s", task.key, task.job, exc)
                # The entry shows the other errors.
                if isinstance(exc, (*PASSING, ConfigurationError)) and not is_refusal(task.kind, exc):
                    self._events.warn(task.job, f"{self._doubts.host} returns {task.key} to the queue: {exc}")
                delay = queue.delay_after(task, exc)
        await queue.answer(message, delay)

    async def _carry_out(self, queue: TaskQueue, task: Task, delivered: int) -> float | None:
        """Carry out a task; return the delay before it is delivered again, or None if it is done."""
        job = await self._jobs.find_open(task, self.client)
        if job is None:
            return None
        table, objects = await self.cluster.table(job.table), await self.cluster.objects(job.objects)
        closed = is_published if task.kind == "scan" else is_closed
        suspect = 0
        if delivered > 1:
            row = await table.get(task.key)
            if row is None or not closed(row):
                suspect = await suspect_owner(objects, row, task.key)
                if row is not None and await self._doubts.keep_out(row, task.share):
                    queue.leave_next(task.share, FAILED_DELAY)
                    return FAILED_DELAY
        lease = await self._taker.take(
            table, task.key, fields={"state": "open", "share": task.share}, suspect=suspect, closed=closed
        )
        match lease:
            case Closed(fields):
                if fields.get("state") == DEAD:  # the worker that gave it up may have died before
                    await publish_dead_letter(self.cluster, task, fields)
                return None
            case Busy() as busy:
                self._events.warn(task.job, busy.explain(self._doubts.host, task.key))
                return self.cluster.lease / 2
            case TableLease():
                return await self._work_under(lease, job, task)

    async def _work_under(self, lease: TableLease, job: JobRecord, task: Task) -> float | None:
        if lease.previous is not None:
            await self._note_death(lease, lease.previous)
        reason = find_reason(task.kind, lease.fields)
        if reason is not None:
            await self._give_up(lease, task, reason)
            return None
        if not (await self._jobs.get(job.id)).is_open:  # it was ended before the lease was visible
            await lease.release(sent_until=lease.sent_until)
            return None
        if lease.epoch > 1:
            moved = {"event": "ShardMoved", "shard": task.key, "epoch": lease.epoch}
            self._events.publish(job.id, {**moved, "worker": self.cluster.member, "previous": lease.previous})
        lease.fields["host"] = self._doubts.host
        self._presence.show(task)
        try:
            lease.fields.pop("ended", None)  # of an earlier owner
            await run_under(lease, lambda: self._work_on(lease, job, task))
            self._pause.record(lease.fields)
        except LeaseLostError:
            raise
        except CoreDataError as exc:
            self._pause.record(lease.fields, exc)
            note_error(lease.fields, self.cluster.member, exc)
            with suppress(ClusterError, LeaseLostError):  # others then wait for the end of the lease
                await lease.release(sent_until=datetime.now(UTC))
            raise
        finally:
            self._presence.show(None)
            self._work = None
        is_unfinished = lease.fields.get("state") == "open"
        return FAILED_DELAY if is_unfinished and (await self._jobs.get(job.id)).is_open else None

    async def _note_death(self, lease: TableLease, previous: str) -> None:
        lease.fields["fences"] = int(number(lease.fields, "fences")) + 1
        process = await (await self.cluster.table(WORKERS)).get(previous)
        note_death(lease.fields, previous, process)
        with suppress(ClusterError):  # at once, because this process may end before its first renewal, too
            await lease.renew()

    async def _give_up(self, lease: TableLease, task: Task, reason: str) -> None:
        log.error("%s of job %s is given up: %s", task.key, task.job, reason)
        lease.fields |= {"state": DEAD, "reason": reason}
        await lease.release(sent_until=lease.sent_until)
        event = {"event": "ShardGivenUp", "shard": task.key, "epoch": lease.epoch, "reason": reason}
        self._events.publish(task.job, event)
        await publish_dead_letter(self.cluster, task, {**lease.fields, "epoch": lease.epoch})

    async def _work_on(self, lease: TableLease, job: JobRecord, task: Task) -> None:
        client = self.client.with_options(retry=job.spec.retry)
        await self._jobs.claim(job, client)
        table, objects = lease.table, await self.cluster.objects(job.objects)
        root, account = self.shares[task.share], await self._account(client, job)
        work: Planner | ShardWork
        if task.kind == "scan":
            work = Planner(
                client=client,
                cluster=self.cluster,
                job=job,
                task=task,
                root=root,
                directory=self.directory,
                table=table,
                objects=objects,
                taker=self._taker,
                account=account,
                doubts=self._doubts,
                publish=partial(self._publish, job.id),
            )
        else:
            work = ShardWork(
                client=client,
                job=job,
                task=task,
                root=root,
                directory=self.directory,
                objects=objects,
                account=account,
                doubts=self._doubts,
                publish=partial(self._events.publish, job.id),
                checkpoints=self.checkpoints,
            )
        self._work = work
        if self._draining.is_set():
            work.drain()
        following = self._group.create_task(self._follow(work))
        try:
            with work.account.use():
                await work.run(lease)
        finally:
            await end_task(following)

    async def _account(self, client: CoreData, job: JobRecord) -> Account:
        """Return the account, with the limits of a job."""
        engine = client.engine()
        limits = AccountLimits.of(job.spec.limits, job.spec.effort.bwlimit)
        if self._own_account is not None and self._own_account.limits != limits:
            await self._own_account.leave()
            self._own_account = None
        if self._own_account is None:
            key = account_key(engine.tenant, engine.account)
            self._own_account = await Account.open(self.cluster, key, limits, self._group)
        return self._own_account

    async def _publish(self, job: str, event: Event) -> None:
        self._events.publish(job, event)

    async def _follow(self, work: ShardWork | Planner) -> None:
        """End the work when its job is drained or stopped."""
        while True:
            await asyncio.sleep(_FOLLOW)
            with suppress(ClusterError):
                state = await self._jobs.read_state(work.job.id)
                if state == "draining":
                    work.drain()
                elif state != "running":
                    work.stop()

    async def _leave(self) -> None:
        with suppress(ClusterError):
            if self._own_account is not None:
                await self._own_account.leave()
            await self._presence.leave()
