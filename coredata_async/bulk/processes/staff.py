"""Who does the work of a run: this process alone, or it and its workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import frozen

from coredata_async.bulk.gates.gates import Limiters
from coredata_async.bulk.options import Effort
from coredata_async.bulk.processes.crew import WorkerPool
from coredata_async.bulk.processes.hands import FileSender, LocalSender
from coredata_async.bulk.processes.lease import Lease, Unlimited
from coredata_async.bulk.processes.places import RateLimitedSlots
from coredata_async.bulk.processes.power import ProcessRuntime, build_process_runtime
from coredata_async.bulk.processes.setup import WorkerSetup
from coredata_async.bulk.processes.shares import split_limits
from coredata_async.client import CoreData
from coredata_async.transfer.engine import Engine
from coredata_async.transport.throttle import RateLimiter


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
