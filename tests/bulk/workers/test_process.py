"""The worker's desk: what it takes, and what it tells."""

import asyncio
import os
import sys
from types import SimpleNamespace

import pytest

from coredata_async import CoreData, Limits, Retry
from coredata_async.bulk import Effort
from coredata_async.bulk.workers import process
from coredata_async.bulk.workers.codec import encode_file, plain_event
from coredata_async.bulk.workers.lease import now
from coredata_async.bulk.workers.limits import split_limits
from coredata_async.bulk.workers.process import Worker
from coredata_async.bulk.workers.sender import FileToSend
from coredata_async.bulk.workers.setup import plain_setup
from tests.bulk.workers.rig import Heard, throttled


@pytest.fixture
async def desk(far):
    """One that knows whose client it is."""
    client = CoreData(far.url, api_user=far.api_user, api_key=far.api_key)
    desk = Worker(os.getppid())
    desk.channel = Heard()
    desk.take(plain_setup(client, split_limits(Limits(), Retry(), 2).worker, Effort()).reveal())
    yield desk
    tasks = [*desk._tasks, *desk._calls.values()]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await desk.client.aclose()


async def answer(desk: Worker, number: int) -> list:
    async with asyncio.timeout(5):
        while True:
            for message in desk.channel.messages:
                if message[:2] in (["done", number], ["failed", number]):
                    return message
            await asyncio.sleep(0.005)


async def test_it_says_that_it_is_ready(desk) -> None:
    assert desk.channel.messages == [["ready"]]


async def test_it_stores_and_registers_and_tells_no_signed_url(desk, far, tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("abc")
    desk.take(["store", 1, encode_file(FileToSend(bytes(path), "a.txt", 3, "text/plain"))])
    blob, md5, etag, since = (await answer(desk, 1))[2]
    assert desk.channel.messages[1] == ["reserved", 1, blob, since]
    assert md5 == etag == "900150983cd24fb0d6963f7d28e17f72"

    desk.take(["register", 2, blob, ["a.txt", "a", far.project, None, [], []], False])
    state, file_id = (await answer(desk, 2))[2]
    assert state == "registered"
    assert [file.id for file in far.state.files] == [file_id]
    assert "Signature" not in str(desk.channel.messages)
    assert far.api_key not in str(desk.channel.messages)
    assert desk.counts() == ["counts", 3, 0, 0, 3, 8, 4, None]
    assert desk.counts() is None  # nothing new


async def test_what_fails_is_told_by_its_class(desk, tmp_path) -> None:
    desk.take(["store", 1, encode_file(FileToSend(bytes(tmp_path / "none"), "none", 3, "text/plain"))])
    verb, _, error = await answer(desk, 1)

    assert (verb, error[0]) == ("failed", "SourceError")


async def test_what_others_were_asked_for_binds_it(desk) -> None:
    desk.take(["throttled", plain_event(throttled())])

    assert "the service asked to wait" in desk.counts()[-1]


async def test_its_share_of_the_bytes_may_change(desk) -> None:
    desk.take(["bwlimit", 1000.0])
    assert desk._working.bandwidth.limit == 1000.0


async def test_a_lease_is_renewed(desk) -> None:
    alarms = []
    desk.lease.kill_in = alarms.append
    desk.take(["lease", now() + 30])

    assert desk.lease.valid(29)
    assert not desk.lease.valid(31)
    assert alarms == [pytest.approx(30, abs=1)]


async def test_nothing_is_sent_without_a_lease(desk, far, tmp_path) -> None:
    desk.lease.until = now() + 1  # less than the margin
    path = tmp_path / "a.txt"
    path.write_text("abc")
    desk.take(["store", 1, encode_file(FileToSend(bytes(path), "a.txt", 3, "text/plain"))])
    await asyncio.sleep(0.3)
    assert far.state.count("blobs.reserve") == 0

    desk.lease.until = now() + 30
    assert (await answer(desk, 1))[0] == "done"


async def test_what_means_nothing_is_an_error(desk) -> None:
    with pytest.raises(ValueError, match="'exec'"):
        desk.take(["exec", "rm"])


async def test_nothing_is_done_before_it_is_known_for_whom() -> None:
    desk = Worker(os.getppid())
    with pytest.raises(ValueError, match="whose client"):
        desk.take(["bwlimit", 1.0])


async def test_how_far_it_is_goes_with_the_last_answer_and_not_with_every_one(desk, tmp_path) -> None:
    for number in (1, 2):
        desk.take(
            ["store", number, encode_file(FileToSend(bytes(tmp_path / "none"), "none", 3, "text/plain"))]
        )
    assert desk.last_counts() is None

    await answer(desk, 1)
    await answer(desk, 2)
    assert desk.last_counts() == ["counts", 0, 0, 0, 0, 8, 4, None]


@pytest.mark.parametrize("there", [True, False])
def test_it_runs_on_uvloop_where_that_is(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    ran = []
    fake = SimpleNamespace(run=lambda work: (work.close(), ran.append("uvloop"))) if there else None
    monkeypatch.setitem(sys.modules, "uvloop", fake)
    monkeypatch.setattr(asyncio, "run", lambda work: (work.close(), ran.append("asyncio")))
    process._run(asyncio.sleep(0))

    assert ran == ["uvloop" if there else "asyncio"]
