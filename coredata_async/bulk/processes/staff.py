"""Who does the work of a run: this process alone, or it and its workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import frozen

from coredata_async.bulk.gates.gates import Gates
from coredata_async.bulk.options import Effort
from coredata_async.bulk.processes.crew import Crew
from coredata_async.bulk.processes.hands import Hands, Own
from coredata_async.bulk.processes.lease import Lease, Unlimited
from coredata_async.bulk.processes.places import Paced
from coredata_async.bulk.processes.power import Power, power
from coredata_async.bulk.processes.setup import Setup
from coredata_async.bulk.processes.shares import shares
from coredata_async.client import CoreData
from coredata_async.transfer.engine import Engine
from coredata_async.transport.throttle import Pace


@frozen
class Staff:
    """The engine of this process, and the hands that move bytes."""

    _power: Power
    _crew: Crew | None

    @property
    def engine(self) -> Engine:
        """For all that is not a file's way to the storage."""
        return self._power.engine

    @property
    def gates(self) -> Gates:
        """Of this process; they count for all."""
        return self._power.gates

    @property
    def hands(self) -> Hands:
        """Those that carry files."""
        return self._crew or Own(self._power.engine.uploader)

    @property
    def api_width(self) -> int:
        """Requests to the service that are let through at once."""
        return self._crew.api_width if self._crew else self.gates.api.width

    @property
    def storage_width(self) -> int:
        """PUTs that are let through at once."""
        return self._crew.storage_width if self._crew else self.gates.storage.width

    @property
    def paused(self) -> str | None:
        """Why nothing begins at the moment, for people."""
        return self._crew.paused if self._crew else self.gates.paused

    async def work(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Keep workers alive until this is cancelled; see `Crew.work`."""
        if self._crew is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._crew.work(warn, on_end)


def staff(
    client: CoreData,
    effort: Effort,
    processes: int,
    on_bytes: Callable[[int], object],
    lease: Lease | None = None,
) -> Staff:
    """Make the staff of a run, with the budget shared out; no process has started yet.

    Args:
        client: Whose connections are used.
        effort: How hard to try.
        processes: The number of workers; 1: this process alone.
        on_bytes: Called with the number of bytes that go to the storage.
        lease: Of the job, without which no request to the service begins; `None`: no limit.

    Raises:
        ConfigurationError: There are more processes than can share what `Limits` allows.
    """
    plain = client.engine()
    if processes == 1:
        gates = Gates(plain.limits, plain.retry, effort)
        return Staff(power(client, gates, effort.bwlimit, on_bytes=on_bytes, lease=lease), None)
    divided = shares(plain.limits, plain.retry, processes)
    gates = Gates(divided.parent.limits, divided.parent.retry, effort)
    crew = Crew(
        setup=Setup(client, divided.worker, effort),
        processes=processes,
        gates=gates,
        on_bytes=on_bytes,
        lease=lease or Unlimited(),
    )
    # What passes the parent is no file: it needs no limit of bytes.
    rate = divided.parent.limits.rate
    api = Paced(gates.api, Pace(rate)) if rate else None
    hooks = (crew.saw,)
    return Staff(power(client, gates, None, on_bytes=on_bytes, hooks=hooks, api=api, lease=lease), crew)
