"""Runtime of a process: slots that need a valid lease."""

import asyncio

from attrs import define

from coredata_async.bulk.lease import Unlimited
from coredata_async.bulk.workers.runtime import LeasedSlots
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
