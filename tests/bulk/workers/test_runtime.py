"""Runtime of a process: slots that need a valid lease."""

import asyncio

from attrs import define

from coredata_async.bulk.lease import Unlimited
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import Effort
from coredata_async.bulk.workers.runtime import LeasedSlots, publish_to
from coredata_async.config import Limits, Retry
from coredata_async.transport.trace import Exchanged
from tests.bulk import virtual


@define
class Switched:
    """Lease that the test switches."""

    on: bool
    until: float = 0.0

    def is_valid(self, margin: float = 0.0) -> bool:
        return self.on


async def test_a_slot_is_taken_with_a_valid_lease() -> None:
    slots = LeasedSlots(asyncio.Semaphore(1), Unlimited())
    await slots.acquire()

    assert slots.locked()
    slots.release()
    assert not slots.locked()


def test_without_a_lease_a_slot_is_taken_when_the_lease_is_renewed() -> None:
    async def take() -> float:
        lease = Switched(on=False)
        loop = asyncio.get_running_loop()
        loop.call_later(5, setattr, lease, "on", True)
        await LeasedSlots(asyncio.Semaphore(1), lease).acquire()
        return round(loop.time(), 6)

    assert 5 <= virtual.run(take) <= 5.2


async def test_a_slot_is_released_when_the_wait_for_a_lease_is_cancelled() -> None:
    slots = LeasedSlots(asyncio.Semaphore(1), Switched(on=False))
    waiting = asyncio.ensure_future(slots.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})

    assert not slots.locked()


class Published(list[Exchanged]):
    """A bulletin that keeps what is published."""

    publish = list.append


def exchange(status: int, *, signed: bool = False) -> Exchanged:
    wait = 1.0 if status == 429 else None
    return Exchanged("POST", "/", status=status, seconds=0.1, retry_after=wait, signed=signed)


def test_a_host_that_throttles_this_machine_only_is_reported_once_until_it_works() -> None:
    published, limiters = Published(), Limiters(Limits(), Retry(), Effort())
    report = publish_to(published, limiters)

    def record(event: Exchanged) -> int:
        limiters.record(event)
        report(event)
        return len(published)

    assert [record(exchange(429)) for _ in range(3)] == [1, 1, 1]
    assert record(exchange(200, signed=True)) == 1  # the storage says nothing about the service
    assert record(exchange(429)) == 1
    assert record(exchange(429, signed=True)) == 2
    assert record(exchange(200)) == 2
    assert [record(exchange(429)) for _ in range(2)] == [3, 3]
