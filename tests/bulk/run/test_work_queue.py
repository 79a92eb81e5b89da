"""The belt: order, room, one wake-up for each file, and an end for everybody."""

import asyncio

import pytest

from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.work import Work
from coredata_async.bulk.run.work_queue import WorkQueue
from coredata_async.bulk.states import State
from coredata_async.storage.paths import Fingerprint


def work(number: int, folder: int = 1) -> Work:
    item = Item(number, folder, b"/a", "a", Fingerprint(1, 1, 1, 1), State.PLANNED)
    return Work(item, "parent")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def filled(*numbers: int, room: int = 128) -> WorkQueue:
    belt = WorkQueue(room)
    for number in numbers:
        await belt.put(work(number))
    return belt


async def taken(belt: WorkQueue, *, giants_first: bool = False) -> int:
    found = await belt.get(giants_first=giants_first)
    assert found is not None
    return found.item.id


async def test_small_files_come_in_their_order():
    belt = await filled(1, 2, 3)

    assert [await taken(belt) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(("giants_first", "order"), [(True, [9, 1]), (False, [1, 9])])
async def test_some_lanes_take_giants_first_and_every_lane_takes_what_there_is(giants_first, order):
    belt = await filled(1)
    await belt.put(work(9), giant=True)

    assert [await taken(belt, giants_first=giants_first) for _ in range(2)] == order


async def test_one_file_wakes_one_lane():
    belt = await filled()
    lanes = [asyncio.ensure_future(taken(belt)) for _ in range(3)]
    await turns()
    await belt.put(work(1))
    await turns()

    assert [lane.done() for lane in lanes] == [True, False, False]
    belt.close()
    await asyncio.wait(lanes)


async def test_who_brings_too_much_waits_until_something_is_taken():
    belt = await filled(1, room=1)
    bringing = asyncio.ensure_future(belt.put(work(2)))
    await turns()
    assert not bringing.done()

    assert await taken(belt) == 1
    await bringing
    assert await taken(belt) == 2


async def test_what_must_not_wait_goes_beyond_the_room():
    belt = await filled(1, room=1)
    await belt.put(work(2), beyond=True)

    assert belt.in_flight == 2


async def test_a_lane_that_leaves_as_it_is_called_lets_the_next_one_go():
    belt = await filled()
    first, second = (asyncio.ensure_future(taken(belt)) for _ in range(2))
    await turns()
    await belt.put(work(1))
    first.cancel()

    assert await second == 1
    assert first.cancelled()


async def test_the_last_of_a_folder_is_told():
    belt = WorkQueue()
    for number, folder in ((1, 1), (2, 1), (3, 2)):
        await belt.put(work(number, folder))

    assert [belt.finish(work(n, folder)) for n, folder in ((1, 1), (3, 2), (2, 1))] == [False, True, True]


async def test_empty_means_that_nothing_waits_and_no_lane_has_anything():
    belt = await filled(1)
    waiting = asyncio.ensure_future(belt.empty())
    await taken(belt)
    await turns()
    assert not waiting.done()

    belt.finish(work(1))
    await waiting


async def test_a_closed_belt_gives_nothing_takes_nothing_and_holds_nobody():
    belt = await filled(1, 2, room=2)
    assert await taken(belt) == 1
    await belt.put(work(3))
    bringing = asyncio.ensure_future(belt.put(work(4)))
    waiting = asyncio.ensure_future(belt.empty())
    await turns()
    belt.close()
    await bringing
    await belt.put(work(5))

    assert await belt.get(giants_first=False) is None
    assert belt.in_flight == 1
    belt.finish(work(1))
    await waiting


async def test_a_folder_is_not_through_while_more_of_it_is_about_to_come():
    belt = WorkQueue()
    belt.begin(1)
    await belt.put(work(1))
    assert not belt.finish(work(1))

    assert belt.end(1)
    belt.begin(2)
    await belt.put(work(2, 2))
    assert not belt.end(2)
    assert belt.finish(work(2, 2))


async def test_a_file_starts_a_worker_only_if_none_is_idle():
    queue = WorkQueue()
    started: list[asyncio.Task[int]] = []
    queue.start_worker = lambda: started.append(asyncio.ensure_future(taken(queue)))

    await queue.put(work(1))
    assert len(started) == 1
    idle = asyncio.ensure_future(taken(queue))
    await turns()
    await queue.put(work(2))
    await turns()

    assert (len(started), started[0].result(), idle.result()) == (1, 1, 2)
