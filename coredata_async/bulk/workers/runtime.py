"""Runtime of a job: this process alone, or this process and its workers, each with its part of the limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from attrs import frozen

from coredata_async.bulk.lease import Lease, Unlimited
from coredata_async.bulk.limits.admission import FIRST, Admission, Bandwidth, limit_bandwidth
from coredata_async.bulk.limits.budget import Budget, Bulletin, PacedSlots, lower
from coredata_async.bulk.limits.limiter import state_of
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import Effort
from coredata_async.bulk.workers.sender import FileSender, LocalSender, WorkerPool
from coredata_async.bulk.workers.setup import PARENT, WorkerSetup, split_limits
from coredata_async.client import CoreData
from coredata_async.response_table import HostState
from coredata_async.transfer.engine import Engine
from coredata_async.transport.throttle import Slots
from coredata_async.transport.trace import Exchanged, Hook

_CHECK_INTERVAL: Final = 0.1
"""Seconds between two checks for a renewed lease."""

_Subscribe = Callable[[], Callable[[], object]]
"""Subscribes to a budget or a bulletin, and returns the function that unsubscribes."""


@frozen
class Runtime:
    """Engine of this process, and the sender of files."""

    engine: Engine
    """Engine for all requests except those of a file's upload."""
    limiters: Limiters
    """Limiters of this process; their counters include all processes."""
    sender: FileSender
    """Sender that uploads files."""
    _pool: WorkerPool | None = None
    _subscriptions: Sequence[_Subscribe] = ()
    """Subscriptions to the budget and the bulletin, for the duration of `work`."""

    @property
    def api_width(self) -> int:
        """Maximum number of requests in flight to the service."""
        return self._pool.api_width if self._pool else self.limiters.api.width

    @property
    def storage_width(self) -> int:
        """Maximum number of PUTs in flight."""
        return self._pool.storage_width if self._pool else self.limiters.storage.width

    @property
    def paused(self) -> str | None:
        """Reason why no request begins now, for people."""
        return self._pool.paused if self._pool else self.limiters.paused

    async def work(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Keep the workers running until this is cancelled; see `WorkerPool.work`."""
        with ExitStack() as subscribed:
            for subscribe in self._subscriptions:
                subscribed.callback(subscribe())
            if self._pool is None:
                await asyncio.get_running_loop().create_future()
            else:
                await self._pool.work(warn, on_end)


def build_runtime(
    client: CoreData,
    effort: Effort,
    lease: Lease | None = None,
    budget: Budget | None = None,
    bulletin: Bulletin | None = None,
) -> Runtime:
    """Build the runtime of a job, with the limits divided; no process is started yet.

    Args:
        client: The client whose connections are used.
        effort: The effort of the job.
        lease: The lease of the job, without which no request to the service begins; `None` means unlimited.
        budget: Limits that may change during the job, in addition to those of the client and the effort.
        bulletin: Exchanges throttling responses with other runs.

    Raises:
        ConfigurationError: If `Limits` are too small for the number of processes.
    """
    plain = client.engine()
    if effort.processes == 1:
        limiters = Limiters(plain.limits, plain.retry, effort)
        hooks = [] if bulletin is None else [publish_to(bulletin, limiters)]
        process = build_process_runtime(
            client, limiters, effort.bwlimit, hooks=hooks, lease=lease, paced=budget is not None
        )
        subscriptions = [
            *_follow(budget, partial(_set_limits, process, effort)),
            *_listen(bulletin, limiters.learn),
        ]
        return Runtime(process.engine, limiters, process.sender, None, subscriptions)
    divided = split_limits(plain.limits, plain.retry, effort.processes)
    limiters = Limiters(divided.parent.limits, divided.parent.retry, effort)
    pool = WorkerPool(
        setup=WorkerSetup(client, divided.worker, effort),
        processes=effort.processes,
        limiters=limiters,
        lease=lease or Unlimited(),
    )
    if bulletin is not None:
        pool.on_throttled = bulletin.publish
    # The parent sends no files, so it needs no bandwidth limit.
    process = build_process_runtime(
        client, limiters, None, rate=divided.parent.limits.rate, hooks=(pool.record,), lease=lease
    )
    pool.on_registered = process.sender.remember
    subscriptions = [
        *_follow(budget, partial(_set_limits_of_all, process, pool)),
        *_listen(bulletin, pool.learn),
    ]
    return Runtime(process.engine, limiters, pool, pool, subscriptions)


def _follow(
    budget: Budget | None, apply: Callable[[float | None, int | None, float | None], object]
) -> Sequence[_Subscribe]:
    """Apply a budget, if there is one, now and after each change while it is subscribed to."""
    if budget is None:
        return ()

    def apply_all() -> None:
        apply(budget.rate, budget.concurrency, budget.bytes_per_second)

    def subscribe() -> Callable[[], object]:
        apply_all()  # it may have changed since
        return budget.subscribe(apply_all)

    apply_all()
    return (subscribe,)


def _listen(bulletin: Bulletin | None, learn: Callable[[Exchanged], object]) -> Sequence[_Subscribe]:
    return () if bulletin is None else (partial(bulletin.subscribe, learn),)


def publish_to(bulletin: Bulletin, limiters: Limiters) -> Hook:
    """Return a hook that publishes throttling responses.

    Only the first one since a success is published: a host that goes on throttling all requests of this
    machine may mean its address only. If it means the account, others get such a response themselves.
    """
    works = {True: True, False: True}  # the storage, and the service

    def publish(event: Exchanged) -> None:
        if event is limiters.obeyed:
            if works[event.signed]:
                bulletin.publish(event)
            works[event.signed] = False
        elif state_of(event) is HostState.WORKS:
            works[event.signed] = True

    return publish


def _set_limits(
    process: ProcessRuntime,
    effort: Effort,
    rate: float | None,
    concurrency: int | None,
    bytes_per_second: float | None,
) -> None:
    process.set_limits(rate, concurrency)
    process.bandwidth.set_limit(lower(effort.bwlimit, bytes_per_second))


def _set_limits_of_all(
    process: ProcessRuntime,
    pool: WorkerPool,
    rate: float | None,
    concurrency: int | None,
    bytes_per_second: float | None,
) -> None:
    """Divide limits among the parent and its workers as `split_limits` does."""
    count = pool.processes
    own = None if concurrency is None else max(1, int(concurrency * PARENT))
    left = None if concurrency is None or own is None else max(1, (concurrency - own) // count)
    process.set_limits(rate and rate * PARENT, own)
    pool.set_limits(rate and rate * (1 - PARENT) / count, left, bytes_per_second)


@frozen
class ProcessRuntime:
    """Engine, limiters and bandwidth of one process."""

    engine: Engine
    sender: LocalSender
    limiters: Limiters
    bandwidth: Bandwidth
    _api: PacedSlots

    def set_limits(self, rate: float | None, concurrency: int | None) -> None:
        """Limit the requests to the service per second and in flight; None is unlimited."""
        self._api.set_rate(rate)
        self.limiters.api.set_ceiling(concurrency)


def build_process_runtime(
    client: CoreData,
    limiters: Limiters,
    bwlimit: float | None,
    *,
    rate: float | None = None,
    hooks: Sequence[Hook] = (),
    lease: Lease | None = None,
    first: int = FIRST,
    paced: bool = True,
) -> ProcessRuntime:
    """Build the engine of one process, with the job's limiters around the client's requests.

    Args:
        client: The client whose connections are used.
        limiters: The limiters.
        bwlimit: Maximum bytes per second to the storage.
        rate: Maximum number of requests to the service per second.
        hooks: Called after every exchange, in addition to the limiters' own hook.
        lease: The lease without which no request to the service begins.
        first: Maximum number of files in flight until the storage has accepted one.
        paced: False if the rate is never limited during the job, so that requests need not pass `PacedSlots`.
    """
    bandwidth = Bandwidth(bwlimit)
    pace = PacedSlots(limiters.api, rate)
    slots: Slots = pace if paced else limiters.api
    engine = client.engine(
        api=LeasedSlots(slots, lease) if lease else slots,
        storage=limiters.storage,
        budget=limiters.budget,
        hooks=(limiters.record, *hooks),
        around_storage=lambda send: limit_bandwidth(send, bandwidth, limiters.add_bytes),
        admission=Admission(limiters.storage, bandwidth, first=first),
    )
    return ProcessRuntime(engine, LocalSender(engine.uploader), limiters, bandwidth, pace)


@frozen
class LeasedSlots:
    """Slots that are taken only while a lease is valid."""

    slots: Slots
    lease: Lease

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait."""
        return self.slots.locked()

    async def acquire(self) -> None:
        """Take a slot, then wait while the lease is not valid. The check takes 0.9 us."""
        await self.slots.acquire()
        try:
            while not self.lease.is_valid():  # noqa: ASYNC110  # it ends and is renewed by time
                await asyncio.sleep(_CHECK_INTERVAL)
        except BaseException:
            self.slots.release()
            raise

    def release(self) -> None:
        """Release a slot."""
        self.slots.release()
