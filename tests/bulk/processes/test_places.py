"""Places that are paced, and places that are taken only while a parent lives."""

import asyncio
import os

from coredata_async.bulk.processes.places import Owned, Paced
from coredata_async.transport.throttle import Pace
from tests.bulk import virtual


async def test_a_place_is_taken_while_the_parent_lives() -> None:
    ended: list[int] = []
    slots = Owned(asyncio.Semaphore(1), os.getppid(), ended.append)
    await slots.acquire()

    assert slots.locked()
    assert ended == []
    slots.release()
    assert not slots.locked()


async def test_who_gets_a_place_after_its_parent_has_gone_ends_and_sends_nothing() -> None:
    ended: list[int] = []
    slots = Owned(asyncio.Semaphore(1), -1, ended.append)
    await slots.acquire()

    assert ended == [0]


def test_places_are_taken_no_faster_than_the_pace() -> None:
    async def taken() -> list[float]:
        clock = asyncio.get_running_loop().time
        slots = Paced(asyncio.Semaphore(3), Pace(10, clock=clock))
        found = []
        for _ in range(3):
            await slots.acquire()
            found.append(round(clock(), 6))
        assert slots.locked()
        slots.release()
        assert not slots.locked()
        return found

    assert virtual.run(taken) == [0.0, 0.1, 0.2]
