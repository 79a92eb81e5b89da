"""Work queue: order, capacity, one wake-up for each file, and an end for all tasks."""

import asyncio

import pytest

from coredata_async.bulk.journal.claims import Work
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.run.work_queue import WorkQueue
from coredata_async.bulk.states import State
from coredata_async.storage.paths import Fingerprint


def work(number: int, folder: int = 1) -> Work:
    item = Item(number, folder, b"/a", "a", Fingerprint(1, 1, 1, 1), State.PLANNED)
    return Work(item, "parent")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def filled(*numbers: int, capacity: int = 128) -> WorkQueue:
    queue = WorkQueue(capacity)
    for number in numbers:
        await queue.put(work(number))
    return queue


async def taken(queue: WorkQueue, *, large_first: bool = False) -> int:
    found = await queue.get(large_first=large_first)
    assert found is not None
    return found.item.id


async def test_small_files_are_returned_in_order():
    queue = await filled(1, 2, 3)

    assert [await taken(queue) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(("large_first", "order"), [(True, [9, 1]), (False, [1, 9])])
async def test_some_workers_take_large_files_first_and_every_worker_takes_any_file(large_first, order):
    queue = await filled(1)
    await queue.put(work(9), large=True)

    assert [await taken(queue, large_first=large_first) for _ in range(2)] == order


async def test_one_file_wakes_one_worker():
    queue = await filled()
    workers = [asyncio.ensure_future(taken(queue)) for _ in range(3)]
    await turns()
    await queue.put(work(1))
    await turns()

    assert [worker.done() for worker in workers] == [True, False, False]
    queue.close()
    await asyncio.wait(workers)


async def test_put_waits_at_the_capacity_until_a_file_is_taken():
    queue = await filled(1, capacity=1)
    bringing = asyncio.ensure_future(queue.put(work(2)))
    await turns()
    assert not bringing.done()

    assert await taken(queue) == 1
    await bringing
    assert await taken(queue) == 2


async def test_an_unlimited_put_exceeds_the_capacity():
    queue = await filled(1, capacity=1)
    await queue.put(work(2), unlimited=True)

    assert queue.in_flight == 2


async def test_a_worker_that_is_cancelled_as_it_is_woken_wakes_the_next():
    queue = await filled()
    first, second = (asyncio.ensure_future(taken(queue)) for _ in range(2))
    await turns()
    await queue.put(work(1))
    first.cancel()

    assert await second == 1
    assert first.cancelled()


async def test_the_last_file_of_a_folder_is_reported():
    queue = WorkQueue()
    for number, folder in ((1, 1), (2, 1), (3, 2)):
        await queue.put(work(number, folder))

    assert [queue.finish(work(n, folder)) for n, folder in ((1, 1), (3, 2), (2, 1))] == [False, True, True]


async def test_empty_means_that_no_file_waits_or_is_being_uploaded():
    queue = await filled(1)
    waiting = asyncio.ensure_future(queue.empty())
    await taken(queue)
    await turns()
    assert not waiting.done()

    queue.finish(work(1))
    await waiting


async def test_a_closed_queue_returns_nothing_takes_nothing_and_blocks_no_task():
    queue = await filled(1, 2, capacity=2)
    assert await taken(queue) == 1
    await queue.put(work(3))
    bringing = asyncio.ensure_future(queue.put(work(4)))
    waiting = asyncio.ensure_future(queue.empty())
    await turns()
    queue.close()
    await bringing
    await queue.put(work(5))

    assert await queue.get(large_first=False) is None
    assert queue.in_flight == 1
    queue.finish(work(1))
    await waiting


async def test_a_folder_is_not_finished_while_more_of_its_files_are_to_come():
    queue = WorkQueue()
    queue.begin(1)
    await queue.put(work(1))
    assert not queue.finish(work(1))

    assert queue.end(1)
    queue.begin(2)
    await queue.put(work(2, 2))
    assert not queue.end(2)
    assert queue.finish(work(2, 2))


async def test_a_file_starts_a_worker_only_if_none_is_idle():
    queue = WorkQueue()
    started: list[asyncio.Task[int]] = []
    queue.start_workers(lambda: started.append(asyncio.ensure_future(taken(queue))), 100)

    await queue.put(work(1))
    assert len(started) == 1
    idle = asyncio.ensure_future(taken(queue))
    await turns()
    await queue.put(work(2))
    await turns()

    assert (len(started), started[0].result(), idle.result()) == (1, 1, 2)
