"""Runtime of a job: this process alone, or this process and its workers, each with its part of the limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from attrs import frozen

from coredata_async.bulk.lease import Lease, Unlimited
from coredata_async.bulk.limits.admission import FIRST, Admission, limit_bandwidth
from coredata_async.bulk.limits.bandwidth import Bandwidth
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import Effort
from coredata_async.bulk.workers.pool import WorkerPool
from coredata_async.bulk.workers.sender import FileSender, LocalSender
from coredata_async.bulk.workers.setup import WorkerSetup, split_limits
from coredata_async.client import CoreData
from coredata_async.transfer.engine import Engine
from coredata_async.transport.throttle import RateLimiter, Slots
from coredata_async.transport.trace import Hook

_CHECK_INTERVAL: Final = 0.1
"""Seconds between two checks for a renewed lease."""


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
        if self._pool is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._pool.work(warn, on_end)


def build_runtime(
    client: CoreData,
    effort: Effort,
    lease: Lease | None = None,
) -> Runtime:
    """Build the runtime of a job, with the limits divided; no process is started yet.

    Args:
        client: The client whose connections are used.
        effort: The effort of the job.
        lease: The lease of the job, without which no request to the service begins; `None` means unlimited.

    Raises:
        ConfigurationError: If `Limits` are too small for the number of processes.
    """
    plain = client.engine()
    if effort.processes == 1:
        limiters = Limiters(plain.limits, plain.retry, effort)
        process = build_process_runtime(client, limiters, effort.bwlimit, lease=lease)
        return Runtime(process.engine, limiters, process.sender)
    divided = split_limits(plain.limits, plain.retry, effort.processes)
    limiters = Limiters(divided.parent.limits, divided.parent.retry, effort)
    pool = WorkerPool(
        setup=WorkerSetup(client, divided.worker, effort),
        processes=effort.processes,
        limiters=limiters,
        lease=lease or Unlimited(),
    )
    # The parent sends no files, so it needs no limit of bytes.
    rate = divided.parent.limits.rate
    api = RateLimitedSlots(limiters.api, RateLimiter(rate)) if rate else None
    hooks = (pool.record,)
    process = build_process_runtime(client, limiters, None, hooks=hooks, api=api, lease=lease)
    pool.on_registered = process.sender.remember
    return Runtime(process.engine, limiters, pool, pool)


@frozen
class ProcessRuntime:
    """Engine, limiters and bandwidth of one process."""

    engine: Engine
    sender: LocalSender
    limiters: Limiters
    bandwidth: Bandwidth


def build_process_runtime(
    client: CoreData,
    limiters: Limiters,
    bwlimit: float | None,
    *,
    hooks: Sequence[Hook] = (),
    api: Slots | None = None,
    lease: Lease | None = None,
    first: int = FIRST,
) -> ProcessRuntime:
    """Build the engine of one process, with the job's limiters around the client's requests.

    Args:
        client: The client whose connections are used.
        limiters: The limiters.
        bwlimit: Maximum bytes per second to the storage.
        hooks: Called after every exchange, in addition to the limiters' own hook.
        api: Slots that replace those of the limiter for the service.
        lease: The lease without which no request to the service begins.
        first: Maximum number of files in flight until the storage has accepted one.
    """
    bandwidth = Bandwidth(bwlimit)
    slots = api or limiters.api
    engine = client.engine(
        api=LeasedSlots(slots, lease) if lease else slots,
        storage=limiters.storage,
        budget=limiters.budget,
        hooks=(limiters.record, *hooks),
        around_storage=lambda send: limit_bandwidth(send, bandwidth, limiters.add_bytes),
        admission=Admission(limiters.storage, bandwidth, first=first),
    )
    return ProcessRuntime(engine, LocalSender(engine.uploader), limiters, bandwidth)


@frozen
class RateLimitedSlots:
    """Slots that are also limited to a rate."""

    slots: Slots
    pace: RateLimiter

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait for a slot."""
        return self.slots.locked()

    async def acquire(self) -> None:
        """Take a slot when the rate permits it."""
        if (wait := self.pace.wait()) > 0:
            await asyncio.sleep(wait)
        await self.slots.acquire()

    def release(self) -> None:
        """Release a slot."""
        self.slots.release()


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
