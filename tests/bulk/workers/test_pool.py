"""The worker pool without processes: who is asked, who is told, and what is shared."""

import asyncio

import pytest

from coredata_async import Limits, Retry
from coredata_async.bulk import Effort
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.workers import pool as crews
from coredata_async.bulk.workers.lease import LENGTH, Unlimited, now
from coredata_async.bulk.workers.limits import split_limits
from coredata_async.bulk.workers.pool import WorkerPool
from coredata_async.bulk.workers.sender import FileToSend, WorkerLostError
from coredata_async.bulk.workers.setup import WorkerSetup
from coredata_async.transfer.steps import Planned, Registered, Stored, Unsettled
from coredata_async.wire.files import NewFile
from tests.bulk.simulated import exchanged
from tests.bulk.workers.rig import Heard, throttled

NEW = NewFile(filename="a", title="a", parent="p")
STORED = Stored(Planned(size=1, content_type=None), "b", "m")


@pytest.fixture
def parcel():
    return FileToSend(b"/a", "a", 1, "text/plain")


def a_crew(processes: int = 2, *, bwlimit: float | None = None) -> tuple[WorkerPool, list[Heard]]:
    """A worker pool whose workers are there, and do nothing."""
    effort = Effort(bwlimit=bwlimit)
    share = split_limits(Limits(), Retry(), processes)
    crew = WorkerPool(
        setup=WorkerSetup(None, share.worker, effort),
        processes=processes,
        limiters=Limiters(share.parent.limits, share.parent.retry, effort),
        on_bytes=lambda _: None,
    )
    heard = []
    for number, mate in enumerate(crew._workers):
        heard.append(Heard())
        mate.connected(heard[-1], number + 1)
        mate.receive(["ready"])
        crew._worker_changed(mate)
    return crew, heard


async def begun(*calls) -> list[asyncio.Task]:
    tasks = [asyncio.ensure_future(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


def nothing(*_: object) -> None:
    """Told, and does nothing."""


async def test_leases_are_renewed_and_end_no_later_than_that_of_the_job(monkeypatch) -> None:
    monkeypatch.setattr(crews, "RENEWAL", 0.01)
    crew, heard = a_crew(2)
    (task,) = await begun(crew._renew_leases())
    await asyncio.sleep(0.1)
    crew.lease = Unlimited(until=now() + 7)
    await asyncio.sleep(0.1)
    task.cancel()

    for each in heard:
        ends = [until - now() for verb, until in each.messages if verb == "lease"]
        assert ends[0] == pytest.approx(LENGTH, abs=1)
        assert ends[-1] == pytest.approx(7, abs=1)


async def test_the_least_loaded_is_asked(parcel) -> None:
    crew, heard = a_crew(3)
    tasks = await begun(*(crew.store(parcel, nothing) for _ in range(7)))

    assert sorted(len(each.messages) for each in heard) == [2, 2, 3]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert [len(mate.calls) for mate in crew._workers] == [0, 0, 0]


async def test_nobody_is_asked_before_all_have_come_up(parcel) -> None:
    crew, heard = a_crew(2)
    crew._workers[1].fail_pending("was ended by SIGKILL")
    crew._tried.discard(crew._workers[1])
    crew._ready.clear()
    (task,) = await begun(crew.store(parcel, nothing))

    assert heard[0].messages == []
    crew._worker_changed(crew._workers[1])  # it has not come up, and that is known now
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert heard[0].verbs() == ["store"]
    task.cancel()


async def test_a_wish_is_passed_on_to_everybody_but_who_brought_it() -> None:
    crew, heard = a_crew(3)
    crew._workers[1].receive(["throttled", ["POST", "/api/v2/files/", 429, 0.02, None, None, 30.0, False]])

    assert [each.verbs() for each in heard] == [["throttled"], [], ["throttled"]]
    assert "asked to wait" in (crew.limiters.api.paused or "")
    assert crew.limiters.storage.paused is None


async def test_a_wish_that_the_parent_hears_is_passed_on_to_all() -> None:
    crew, heard = a_crew(2)
    event = throttled(signed=True)
    crew.limiters.record(event)
    crew.record(event)

    assert [each.verbs() for each in heard] == [["throttled"], ["throttled"]]


async def test_what_concerns_a_single_request_is_not_passed_on() -> None:
    crew, heard = a_crew(2)
    for event in (exchanged(), exchanged(), exchanged(503, retry_after=30)):
        crew.limiters.record(event)
        crew.record(event)

    assert [each.verbs() for each in heard] == [[], []]
    assert crew.limiters.api.paused is None


async def test_what_workers_count_is_added_once() -> None:
    crew, _ = a_crew(2)
    crew._workers[0].receive(["counts", 10, 2, 1, 500, 8, 4, None])
    crew._workers[0].receive(["counts", 12, 2, 1, 700, 9, 5, "the storage was given up"])
    crew._workers[1].receive(["counts", 1, 0, 0, 1, 3, 2, None])

    assert (crew.limiters.requests, crew.limiters.retries, crew.limiters.throttled) == (13, 2, 1)
    assert (crew.api_width, crew.storage_width) == (8 + 9 + 3, 5 + 2)
    assert crew.paused == "the storage was given up"
    crew._workers[0].fail_pending("was ended by SIGKILL")
    crew._workers[0].connected(Heard(), 7)  # a new process begins to count again
    crew._workers[0].receive(["counts", 1, 0, 0, 1, 8, 4, None])
    assert crew.limiters.requests == 14


async def test_a_far_end_that_one_gives_up_is_given_up_by_all() -> None:
    crew, _ = a_crew(2)
    crew._workers[1].receive(["stopped", "the service has not worked for 900 s"])

    assert crew.limiters.stopped.is_set()
    assert crew.limiters.message == "the service has not worked for 900 s"


async def test_bytes_per_second_are_shared_by_those_who_have_something_in_hand(parcel) -> None:
    crew, heard = a_crew(2, bwlimit=1000)
    first, second = await begun(crew.store(parcel, nothing), crew.store(parcel, nothing))

    assert heard[0].messages[0] == ["bwlimit", 1000]
    assert heard[0].messages[-1] == ["bwlimit", 500]
    assert heard[1].messages[0] == ["bwlimit", 500]
    second.cancel()
    await asyncio.wait({second})
    assert heard[0].messages[-1] == ["bwlimit", 1000]
    first.cancel()
    await asyncio.wait({first})


async def test_a_file_whose_worker_died_is_taken_up_by_another_but_not_for_ever(parcel) -> None:
    crew, heard = a_crew(2)
    (task,) = await begun(crew.store(parcel, nothing))
    for _ in range(2):
        crew._workers[0].fail_pending("was ended by SIGKILL")
        crew._workers[0].connected(heard[0], 1)
        crew._workers[0].receive(["ready"])
        await asyncio.sleep(0)
    assert heard[0].verbs() == ["store"] * 3
    crew._workers[0].fail_pending("was ended by SIGKILL")

    with pytest.raises(WorkerLostError, match="ended by SIGKILL"):
        await task


async def test_a_registration_whose_worker_died_is_never_repeated(parcel) -> None:
    crew, heard = a_crew(2)
    (task,) = await begun(crew.register_once(STORED, NEW, again=False))
    crew._workers[0].fail_pending("was ended by SIGKILL")

    assert await task == Unsettled(STORED, "the worker process that had it was ended by SIGKILL")
    assert [each.verbs() for each in heard] == [["register"], []]


async def test_an_answer_is_who_asked_for_its_and_late_ones_are_nobodys(parcel) -> None:
    crew, heard = a_crew(2)
    mate = crew._workers[0]
    (task,) = await begun(crew.register_once(STORED, NEW, again=True))
    (message,) = heard[0].messages
    assert message == ["register", 1, "b", ["a", "a", "p", None, (), ()], True]
    mate.receive(["done", 1, ["registered", "f1"]])
    assert await task == Registered(STORED, "f1")

    (task,) = await begun(crew.register_once(STORED, NEW, again=True))
    mate.receive(["done", 2, ["unsettled", "502"]])
    assert await task == Unsettled(STORED, "502")
    mate.receive(["done", 2, ["registered", "f2"]])
    mate.receive(["reserved", 2, "b", None])


async def test_what_means_nothing_is_an_error() -> None:
    crew, _ = a_crew(2)
    with pytest.raises(ValueError, match="'run'"):
        crew._workers[0].receive(["run", "rm"])
