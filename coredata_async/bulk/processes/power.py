"""What one process works with: an engine behind the gates of a job, and a limit on its bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from coredata_async.bulk.gates.admission import FIRST, Admission
from coredata_async.bulk.gates.bandwidth import Bandwidth, limit_bandwidth
from coredata_async.bulk.gates.gates import Limiters
from coredata_async.bulk.processes.lease import Lease
from coredata_async.bulk.processes.places import LeasedSlots
from coredata_async.client import CoreData
from coredata_async.transfer.engine import Engine
from coredata_async.transport.throttle import Slots
from coredata_async.transport.trace import Hook


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
