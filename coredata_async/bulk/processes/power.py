"""What one process works with: an engine behind the gates of a job, and a limit on its bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from coredata_async.bulk.gates.admission import FIRST, Admission
from coredata_async.bulk.gates.bandwidth import Bandwidth, limited
from coredata_async.bulk.gates.gates import Gates
from coredata_async.bulk.processes.lease import Lease
from coredata_async.bulk.processes.places import Leased
from coredata_async.client import CoreData
from coredata_async.transfer.engine import Engine
from coredata_async.transport.throttle import Slots
from coredata_async.transport.trace import Hook


@frozen
class Power:
    """One process's engine, gates and bandwidth."""

    engine: Engine
    gates: Gates
    bandwidth: Bandwidth


def power(
    client: CoreData,
    gates: Gates,
    bwlimit: float | None,
    *,
    on_bytes: Callable[[int], object],
    hooks: Sequence[Hook] = (),
    api: Slots | None = None,
    lease: Lease | None = None,
    first: int = FIRST,
) -> Power:
    """Lay the gates of a job around what a client does.

    Args:
        client: Whose connections are used.
        gates: What they are.
        bwlimit: Bytes per second to the storage.
        on_bytes: Told how many bytes more go to the storage.
        hooks: Called after every exchange, besides the gates themselves.
        api: What is laid around the gate to the service, instead of the gate alone.
        lease: Without which no request to the service begins.
        first: Files under way at once until the storage has accepted one.
    """
    bandwidth = Bandwidth(bwlimit)

    def moved(count: int) -> None:
        on_bytes(count)
        gates.moved(count)

    slots = api or gates.api
    engine = client.engine(
        api=Leased(slots, lease) if lease else slots,
        storage=gates.storage,
        budget=gates.budget,
        hooks=(gates.saw, *hooks),
        around_storage=lambda send: limited(send, bandwidth, moved),
        admission=Admission(gates.storage, bandwidth, first=first),
    )
    return Power(engine, gates, bandwidth)
