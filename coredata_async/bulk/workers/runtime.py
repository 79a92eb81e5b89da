"""Who does the work of a run: this process alone, or it and its workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import frozen

from coredata_async.bulk.limits.admission import FIRST, Admission
from coredata_async.bulk.limits.bandwidth import Bandwidth, limit_bandwidth
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import Effort
from coredata_async.bulk.workers.lease import Lease, Unlimited
from coredata_async.bulk.workers.limits import split_limits
from coredata_async.bulk.workers.pool import WorkerPool
from coredata_async.bulk.workers.sender import FileSender, LocalSender
from coredata_async.bulk.workers.setup import WorkerSetup
from coredata_async.bulk.workers.slots import LeasedSlots, RateLimitedSlots
from coredata_async.client import CoreData
from coredata_async.transfer.engine import Engine
from coredata_async.transport.throttle import RateLimiter, Slots
from coredata_async.transport.trace import Hook


@frozen
class Runtime:
    """The engine of this process, and the hands that move bytes."""

    _process: ProcessRuntime
    _pool: WorkerPool | None

    @property
    def engine(self) -> Engine:
        """For all that is not a file's way to the storage."""
        return self._process.engine

    @property
    def limiters(self) -> Limiters:
        """Of this process; they count for all."""
        return self._process.limiters

    @property
    def sender(self) -> FileSender:
        """Those that carry files."""
        return self._pool or LocalSender(self._process.engine.uploader)

    @property
    def api_width(self) -> int:
        """Requests to the service that are let through at once."""
        return self._pool.api_width if self._pool else self.limiters.api.width

    @property
    def storage_width(self) -> int:
        """PUTs that are let through at once."""
        return self._pool.storage_width if self._pool else self.limiters.storage.width

    @property
    def paused(self) -> str | None:
        """Return why nothing begins at the moment, for people."""
        return self._pool.paused if self._pool else self.limiters.paused

    async def work(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Keep workers alive until this is cancelled; see `WorkerPool.work`."""
        if self._pool is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._pool.work(warn, on_end)


def build_runtime(
    client: CoreData,
    effort: Effort,
    on_bytes: Callable[[int], object],
    lease: Lease | None = None,
) -> Runtime:
    """Make the staff of a run, with the budget shared out; no process has started yet.

    Args:
        client: Whose connections are used.
        effort: How hard to try.
        on_bytes: Called with the number of bytes that go to the storage.
        lease: Of the job, without which no request to the service begins; `None`: no limit.

    Raises:
        ConfigurationError: There are more processes than can share what `Limits` allows.
    """
    plain = client.engine()
    if effort.processes == 1:
        gates = Limiters(plain.limits, plain.retry, effort)
        return Runtime(
            build_process_runtime(client, gates, effort.bwlimit, on_bytes=on_bytes, lease=lease), None
        )
    divided = split_limits(plain.limits, plain.retry, effort.processes)
    gates = Limiters(divided.parent.limits, divided.parent.retry, effort)
    crew = WorkerPool(
        setup=WorkerSetup(client, divided.worker, effort),
        processes=effort.processes,
        limiters=gates,
        on_bytes=on_bytes,
        lease=lease or Unlimited(),
    )
    # What passes the parent is no file: it needs no limit of bytes.
    rate = divided.parent.limits.rate
    api = RateLimitedSlots(gates.api, RateLimiter(rate)) if rate else None
    hooks = (crew.record,)
    return Runtime(
        build_process_runtime(client, gates, None, on_bytes=on_bytes, hooks=hooks, api=api, lease=lease), crew
    )


@frozen
class ProcessRuntime:
    """One process's engine, gates and bandwidth."""

    engine: Engine
    limiters: Limiters
    bandwidth: Bandwidth


def build_process_runtime(
    client: CoreData,
    gates: Limiters,
    bwlimit: float | None,
    *,
    on_bytes: Callable[[int], object],
    hooks: Sequence[Hook] = (),
    api: Slots | None = None,
    lease: Lease | None = None,
    first: int = FIRST,
) -> ProcessRuntime:
    """Lay the gates of a job around what a client does.

    Args:
        client: Whose connections are used.
        gates: What they are.
        bwlimit: Bytes per second to the storage.
        on_bytes: Told how many bytes more go to the storage.
        hooks: Called after every exchange, besides the gates themselves.
        api: What is laid around the gate to the service, instead of the gate alone.
        lease: Without which no request to the service begins.
        first: Files in flight at once until the storage has accepted one.
    """
    bandwidth = Bandwidth(bwlimit)

    def count_bytes(count: int) -> None:
        on_bytes(count)
        gates.add_bytes(count)

    slots = api or gates.api
    engine = client.engine(
        api=LeasedSlots(slots, lease) if lease else slots,
        storage=gates.storage,
        budget=gates.budget,
        hooks=(gates.record, *hooks),
        around_storage=lambda send: limit_bandwidth(send, bandwidth, count_bytes),
        admission=Admission(gates.storage, bandwidth, first=first),
    )
    return ProcessRuntime(engine, gates, bandwidth)
