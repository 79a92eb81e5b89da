"""Worker pool without processes: distribution of requests, messages and limits."""

import asyncio

import pytest

from coredata_async import Limits, Retry
from coredata_async.bulk import Effort
from coredata_async.bulk.lease import LENGTH, Unlimited
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.workers import sender as pools
from coredata_async.bulk.workers.sender import WorkerPool
from coredata_async.bulk.workers.setup import WorkerSetup, split_limits
from coredata_async.bulk.workers.supervisor import WorkerLostError
from coredata_async.fence import read_clock
from coredata_async.transfer.steps import Planned, Registered, Stored, Unsettled
from coredata_async.wire.files import NewFile
from tests.bulk.simulated import exchanged
from tests.bulk.workers.rig import Heard, throttled

NEW = NewFile(filename="a", title="a", parent="p")
STORED = Stored(Planned(size=1, content_type=None), "b", "m")


def a_pool(processes: int = 2, *, bwlimit: float | None = None) -> tuple[WorkerPool, list[Heard]]:
    """Return a worker pool whose workers exist and do nothing."""
    effort = Effort(bwlimit=bwlimit)
    share = split_limits(Limits(), Retry(), processes)
    pool = WorkerPool(
        setup=WorkerSetup(None, share.worker, effort),
        processes=processes,
        limiters=Limiters(share.parent.limits, share.parent.retry, effort),
    )
    heard = []
    for number, worker in enumerate(pool._workers):
        heard.append(Heard())
        worker.use_channel(heard[-1], number + 1)
        worker.receive(["ready"])
        pool._worker_changed(worker)
    return pool, heard


async def store(pool: WorkerPool) -> Stored:
    return await pool.store(
        "/a", filename="a", content_type="text/plain", size=1, on_reserved=lambda *_: None
    )


async def begun(*calls) -> list[asyncio.Task]:
    tasks = [asyncio.ensure_future(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


async def test_leases_are_renewed_and_end_no_later_than_that_of_the_job(monkeypatch) -> None:
    monkeypatch.setattr(pools, "RENEWAL", 0.01)
    pool, heard = a_pool(2)
    (task,) = await begun(pool._renew_leases())
    await asyncio.sleep(0.1)
    pool.lease = Unlimited(until=read_clock() + 7)
    await asyncio.sleep(0.1)
    task.cancel()

    for each in heard:
        ends = [until - read_clock() for verb, until in each.messages if verb == "lease"]
        assert ends[0] == pytest.approx(LENGTH, abs=1)
        assert ends[-1] == pytest.approx(7, abs=1)


async def test_the_least_busy_worker_gets_the_request() -> None:
    pool, heard = a_pool(3)
    tasks = await begun(*(store(pool) for _ in range(7)))

    assert sorted(len(each.messages) for each in heard) == [2, 2, 3]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert [len(worker.calls) for worker in pool._workers] == [0, 0, 0]


async def test_no_worker_gets_a_request_before_all_have_started() -> None:
    pool, heard = a_pool(2)
    pool._workers[1].fail_pending("was ended by SIGKILL")
    pool._tried.discard(pool._workers[1])
    pool._ready.clear()
    (task,) = await begun(store(pool))

    assert heard[0].messages == []
    pool._worker_changed(pool._workers[1])  # its start failed, and this is known now
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert heard[0].verbs() == ["store"]
    task.cancel()


async def test_throttling_is_passed_on_to_all_workers_but_the_source() -> None:
    pool, heard = a_pool(3)
    pool._workers[1].receive(["throttled", ["POST", "/api/v2/files/", 429, 0.02, None, None, 30.0, False]])

    assert [each.verbs() for each in heard] == [["throttled"], [], ["throttled"]]
    assert "asked to wait" in (pool.limiters.api.paused or "")
    assert pool.limiters.storage.paused is None


async def test_throttling_of_the_parent_is_passed_on_to_all() -> None:
    pool, heard = a_pool(2)
    event = throttled(signed=True)
    pool.limiters.record(event)
    pool.record(event)

    assert [each.verbs() for each in heard] == [["throttled"], ["throttled"]]


async def test_a_response_that_concerns_one_request_is_not_passed_on() -> None:
    pool, heard = a_pool(2)
    for event in (exchanged(), exchanged(), exchanged(503, retry_after=30)):
        pool.limiters.record(event)
        pool.record(event)

    assert [each.verbs() for each in heard] == [[], []]
    assert pool.limiters.api.paused is None


async def test_counters_of_workers_are_added_once() -> None:
    pool, _ = a_pool(2)
    pool._workers[0].receive(["counts", 10, 2, 1, 500, 8, 4, None])
    pool._workers[0].receive(["counts", 12, 2, 1, 700, 9, 5, "the storage was given up"])
    pool._workers[1].receive(["counts", 1, 0, 0, 1, 3, 2, None])

    assert (pool.limiters.requests, pool.limiters.retries, pool.limiters.throttled) == (13, 2, 1)
    assert (pool.api_width, pool.storage_width) == (8 + 9 + 3, 5 + 2)
    assert pool.paused == "the storage was given up"
    pool._workers[0].fail_pending("was ended by SIGKILL")
    pool._workers[0].use_channel(Heard(), 7)  # a new process begins to count at zero
    pool._workers[0].receive(["counts", 1, 0, 0, 1, 8, 4, None])
    assert pool.limiters.requests == 14


async def test_a_host_that_one_worker_gives_up_is_given_up_by_all() -> None:
    pool, _ = a_pool(2)
    pool._workers[1].receive(["stopped", "the service has not worked for 900 s"])

    assert pool.limiters.stopped.is_set()
    assert pool.limiters.message == "the service has not worked for 900 s"


async def test_bytes_per_second_are_shared_by_busy_workers() -> None:
    pool, heard = a_pool(2, bwlimit=1000)
    first, second = await begun(store(pool), store(pool))

    assert heard[0].messages[0] == ["bwlimit", 1000]
    assert heard[0].messages[-1] == ["bwlimit", 500]
    assert heard[1].messages[0] == ["bwlimit", 500]
    second.cancel()
    await asyncio.wait({second})
    assert heard[0].messages[-1] == ["bwlimit", 1000]
    first.cancel()
    await asyncio.wait({first})


async def test_a_file_whose_worker_died_is_given_to_another_but_not_forever() -> None:
    pool, heard = a_pool(2)
    (task,) = await begun(store(pool))
    for _ in range(2):
        pool._workers[0].fail_pending("was ended by SIGKILL")
        pool._workers[0].use_channel(heard[0], 1)
        pool._workers[0].receive(["ready"])
        await asyncio.sleep(0)
    assert heard[0].verbs() == ["store"] * 3
    pool._workers[0].fail_pending("was ended by SIGKILL")

    with pytest.raises(WorkerLostError, match="ended by SIGKILL"):
        await task


async def test_a_registration_whose_worker_died_is_never_repeated() -> None:
    pool, heard = a_pool(2)
    (task,) = await begun(pool.register(STORED, NEW, again=False))
    pool._workers[0].fail_pending("was ended by SIGKILL")

    assert await task == Unsettled(STORED, "the worker process of this file was ended by SIGKILL")
    assert [each.verbs() for each in heard] == [["register"], []]


async def test_an_answer_reaches_its_caller_and_late_answers_are_dropped() -> None:
    pool, heard = a_pool(2)
    registered = []
    pool.on_registered = lambda *file: registered.append(file)
    worker = pool._workers[0]
    (task,) = await begun(pool.register(STORED, NEW, again=True))
    (message,) = heard[0].messages
    assert message == ["register", 1, "b", ["a", "a", "p", None, (), ()], True]
    worker.receive(["done", 1, ["registered", "f1"]])
    assert await task == Registered(STORED, "f1")
    assert registered == [("p", "f1")]

    (task,) = await begun(pool.register(STORED, NEW, again=True))
    worker.receive(["done", 2, ["unsettled", "502"]])
    assert await task == Unsettled(STORED, "502")
    worker.receive(["done", 2, ["registered", "f2"]])
    worker.receive(["reserved", 2, "b", None])


async def test_an_unknown_message_is_an_error() -> None:
    pool, _ = a_pool(2)
    with pytest.raises(ValueError, match="'run'"):
        pool._workers[0].receive(["run", "rm"])
