"""One worker process: takes scans and shards of its shares from the queue, one at a time."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import Event
from coredata_async.bulk.journal.location import make_private
from coredata_async.client import CoreData
from coredata_async.cluster.account import Account
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import AccountMismatchError, ClusterError, LeaseLostError
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.lease import TableLease, end_task, run_under
from coredata_async.cluster.limits import AccountLimits
from coredata_async.cluster.messages import (
    JobRecord,
    Task,
    account_key,
    check_share,
    share_subject,
)
from coredata_async.cluster.metrics import ProcessMetrics
from coredata_async.cluster.nats_types import Message, PullSubscription
from coredata_async.cluster.planner import Planner, is_published
from coredata_async.cluster.presence import Presence
from coredata_async.cluster.publisher import EventPublisher
from coredata_async.cluster.shard_work import CHECKPOINT, ShardWork, is_closed, trace_of_owner
from coredata_async.cluster.table import decode
from coredata_async.cluster.take import Busy, Closed, LeaseTaker
from coredata_async.errors import AuthenticationError, ConfigurationError, CoreDataError

log = logging.getLogger("coredata_async.cluster")

MAX_EPOCHS: Final = 20
"""Maximum number of owners of a scan or shard. After that, it may be the cause of their ends."""
_PULL: Final = 1.0
"""Seconds for which a pull waits for a message."""
_FOLLOW: Final = 1.0
"""Seconds between two looks at the state of a job."""
_FAILED_DELAY: Final = 5.0
"""Seconds before a task is delivered again that could not be carried out here."""


@define(eq=False, kw_only=True)
class TaskRunner:
    """Carries out the tasks of some shares. `run` returns after `drain`."""

    client: CoreData
    cluster: Cluster
    shares: Mapping[str, Path]
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

    def __attrs_post_init__(self) -> None:
        for share in self.shares:
            check_share(share)
        self._events = EventPublisher(self.cluster, self.metrics)
        self._taker = LeaseTaker(owner=self.cluster.member, length=self.cluster.lease)

    def drain(self) -> None:
        """Take no further task; finish the files in flight, and give the shard back."""
        self._draining.set()
        if self._work is not None:
            self._work.drain()

    async def run(self) -> None:
        """Carry out tasks until `drain` is called.

        Raises:
            ClusterError: If NATS cannot be used at the start.
            ConfigurationError: If a job belongs to another server or account than this worker's client.
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
        subscriptions = [await self._subscribe(share) for share in self.shares]
        while not self._draining.is_set():
            for subscription in subscriptions:
                message = await self._pull(subscription, _PULL / len(subscriptions))
                if message is not None:
                    await self._handle(message)
                if self._draining.is_set():
                    return

    async def _subscribe(self, share: str) -> PullSubscription:
        return await self.cluster.pull(share_subject(share), f"share-{share}", self.cluster.lease)

    async def _pull(self, subscription: PullSubscription, wait: float) -> Message | None:
        try:
            return (await subscription.fetch(1, timeout=wait))[0]
        except TimeoutError:
            return None
        except Exception as exc:  # noqa: BLE001  # nats-py raises errors of several roots
            log.info("the queue does not answer: %s", type(exc).__name__)
            await asyncio.sleep(wait)
            return None

    async def _handle(self, message: Message) -> None:
        """Carry out one task, and answer its message. A message that is not answered is delivered again."""
        task = Task.from_dict(decode(message.data, "a message of the queue").fields)
        delay: float | None = _FAILED_DELAY
        async with self._alive(message):
            try:
                delay = await self._carry_out(task, message.metadata.num_delivered)
            except (AuthenticationError, AccountMismatchError):
                await message.nak(delay=_FAILED_DELAY)
                raise
            except LeaseLostError as exc:
                self.metrics.counts["lost"] += 1
                log.warning("%s: %s", task.key, exc)
            except CoreDataError as exc:
                log.warning("%s of job %s is given back: %s", task.key, task.job, exc)
        with suppress(Exception):  # it is delivered again, and the entry says that it is done
            if delay is None:
                await message.ack_sync()
            else:
                await message.nak(delay=delay)

    @asynccontextmanager
    async def _alive(self, message: Message) -> AsyncGenerator[None]:
        """Show NATS at intervals that a message is worked on."""

        async def say() -> None:
            while True:
                await asyncio.sleep(self.cluster.lease / 3)
                with suppress(Exception):  # the worst result is another delivery, which is harmless
                    await message.in_progress()

        saying = self._group.create_task(say())
        try:
            yield
        finally:
            await end_task(saying)

    async def _carry_out(self, task: Task, delivered: int) -> float | None:
        """Carry out a task; return the delay before it is delivered again, or None if it is done."""
        try:
            job = await self._jobs.get(task.job)
        except ConfigurationError:
            return None  # its job was deleted
        if not job.is_open:
            return None
        table, objects = await self.cluster.table(job.table), await self.cluster.objects(job.objects)
        row = await table.get(task.key)
        suspect = 0
        if delivered > 1 and (row is None or row.fields.get("epoch") == 0):
            suspect = max(1, await trace_of_owner(objects, row, task.key))
        closed = is_published if task.kind == "scan" else is_closed
        lease = await self._taker.take(
            table, task.key, fields={"state": "open", "share": task.share}, suspect=suspect, closed=closed
        )
        match lease:
            case Closed():
                return None
            case Busy():
                return self.cluster.lease / 2
            case TableLease():
                return await self._work_under(lease, job, task)

    async def _work_under(self, lease: TableLease, job: JobRecord, task: Task) -> float | None:
        if lease.epoch > MAX_EPOCHS:
            lease.fields |= {"state": "dead", "reason": f"{MAX_EPOCHS} workers have not finished it"}
            await lease.release(sent_until=lease.sent_until)
            return None
        if not (await self._jobs.get(job.id)).is_open:  # it was ended before the lease was visible
            await lease.release(sent_until=lease.sent_until)
            return None
        if lease.epoch > 1:
            moved = {"event": "ShardMoved", "shard": task.key, "epoch": lease.epoch}
            self._events.publish(job.id, {**moved, "worker": self.cluster.member, "previous": lease.previous})
        lease.fields["host"] = socket.gethostname()
        if lease.previous is not None:
            lease.fields["fences"] = int(str(lease.fields.get("fences", 0))) + 1
        self._presence.show(task)
        try:
            await run_under(lease, lambda: self._work_on(lease, job, task))
        finally:
            self._presence.show(None)
            self._work = None
        given_back = lease.fields.get("state") == "open"
        return _FAILED_DELAY if given_back and (await self._jobs.get(job.id)).is_open else None

    async def _work_on(self, lease: TableLease, job: JobRecord, task: Task) -> None:
        client = self.client.with_options(retry=job.spec.retry)
        engine = client.engine()
        await self._jobs.claim(job, engine.tenant, engine.account)
        table, objects = lease.table, await self.cluster.objects(job.objects)
        root, account = self.shares[task.share], await self._account(client, job)
        if task.kind == "scan":
            await self._do(
                Planner(
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
                    publish=partial(self._publish, job.id),
                ),
                lease,
            )
            return
        await self._do(
            ShardWork(
                client=client,
                job=job,
                task=task,
                root=root,
                directory=self.directory,
                objects=objects,
                account=account,
                publish=lambda event: self._events.publish(job.id, event),
                checkpoints=self.checkpoints,
            ),
            lease,
        )

    async def _do(self, work: ShardWork | Planner, lease: TableLease) -> None:
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
        """End the work when the job is to end."""
        while True:
            await asyncio.sleep(_FOLLOW)
            with suppress(ClusterError):
                state = (await self._jobs.get(work.job.id)).state
                if state == "draining":
                    work.drain()
                elif state != "running":
                    work.stop()

    async def _leave(self) -> None:
        with suppress(ClusterError):
            if self._own_account is not None:
                await self._own_account.leave()
            await self._presence.leave()
