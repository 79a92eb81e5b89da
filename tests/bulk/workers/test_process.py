"""Worker process: the messages that it handles, and those that it sends."""

import asyncio
import os
import sys
from types import SimpleNamespace

import pytest

from coredata_async import CoreData, Limits, Retry
from coredata_async.bulk import Effort
from coredata_async.bulk.workers import process
from coredata_async.bulk.workers.channel import encode_event
from coredata_async.bulk.workers.process import Worker
from coredata_async.bulk.workers.setup import encode_setup, split_limits
from coredata_async.fence import read_clock
from tests.bulk.workers.rig import Heard, throttled


@pytest.fixture
async def worker(far):
    """Yield a worker that has been set up."""
    client = CoreData(far.url, api_user=far.api_user, api_key=far.api_key)
    worker = Worker(os.getppid())
    worker.channel = Heard()
    worker.take(encode_setup(client, split_limits(Limits(), Retry(), 2).worker, Effort()).reveal())
    yield worker
    tasks = [*worker._tasks, *worker._calls.values()]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await worker.client.aclose()


async def answer(worker: Worker, number: int) -> list:
    async with asyncio.timeout(5):
        while True:
            for message in worker.channel.messages:
                if message[:2] in (["done", number], ["failed", number]):
                    return message
            await asyncio.sleep(0.005)


async def test_it_reports_that_it_is_ready(worker) -> None:
    assert worker.channel.messages == [["ready"]]


async def test_it_stores_and_registers_and_sends_no_signed_url(worker, far, tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("abc")
    worker.take(["store", 1, bytes(path), "a.txt", "text/plain", 3])
    blob, md5, etag, since = (await answer(worker, 1))[2]
    assert worker.channel.messages[1] == ["reserved", 1, blob, since]
    assert md5 == etag == "900150983cd24fb0d6963f7d28e17f72"

    worker.take(["register", 2, blob, ["a.txt", "a", far.project, None, [], []], False])
    state, file_id = (await answer(worker, 2))[2]
    assert state == "registered"
    assert [file.id for file in far.state.files] == [file_id]
    assert "Signature" not in str(worker.channel.messages)
    assert far.api_key not in str(worker.channel.messages)
    assert worker.counts() == ["counts", 3, 0, 0, 3, 8, 4, None]
    assert worker.counts() is None  # nothing has changed


async def test_a_path_may_be_any_bytes(worker, far, tmp_path) -> None:
    path = os.path.join(bytes(tmp_path), "na\u00efve\n".encode() + b"\xff\xfe")  # noqa: PTH118
    with open(path, "wb") as file:  # noqa: ASYNC230, PTH123  # bytes
        file.write(b"abc")
    worker.take(["store", 1, path, "a.txt", "text/plain", 3])

    assert (await answer(worker, 1))[0] == "done"


async def test_a_file_of_another_size_has_changed(worker, tmp_path) -> None:
    (tmp_path / "a.txt").write_text("abcd")
    worker.take(["store", 1, bytes(tmp_path / "a.txt"), "a.txt", "text/plain", 3])

    assert (await answer(worker, 1))[2][0] == "SourceChangedError"


async def test_an_error_is_sent_with_its_class(worker, tmp_path) -> None:
    worker.take(["store", 1, bytes(tmp_path / "none"), "none", "text/plain", 3])
    verb, _, error = await answer(worker, 1)

    assert (verb, error[0]) == ("failed", "SourceError")


async def test_throttling_of_another_process_binds_it(worker) -> None:
    worker.take(["throttled", encode_event(throttled())])

    assert "the service asked to wait" in worker.counts()[-1]


async def test_its_share_of_the_bandwidth_may_change(worker) -> None:
    worker.take(["bwlimit", 1000.0])
    assert worker._working.bandwidth.limit == 1000.0


async def test_a_lease_is_renewed(worker) -> None:
    alarms = []
    worker.lease.kill_at = alarms.append
    worker.take(["lease", read_clock() + 30])

    assert worker.lease.is_valid(29)
    assert not worker.lease.is_valid(31)
    assert alarms == [pytest.approx(read_clock() + 30, abs=1)]


async def test_nothing_is_sent_without_a_lease(worker, far, tmp_path) -> None:
    worker.lease.until = read_clock() + 1  # less than the margin
    path = tmp_path / "a.txt"
    path.write_text("abc")
    worker.take(["store", 1, bytes(path), "a.txt", "text/plain", 3])
    await asyncio.sleep(0.3)
    assert far.state.count("blobs.reserve") == 0

    worker.lease.until = read_clock() + 30
    assert (await answer(worker, 1))[0] == "done"


async def test_an_unknown_message_is_an_error(worker) -> None:
    with pytest.raises(ValueError, match="'exec'"):
        worker.take(["exec", "rm"])


async def test_a_request_before_the_setup_is_an_error() -> None:
    worker = Worker(os.getppid())
    with pytest.raises(ValueError, match="has not sent the setup"):
        worker.take(["bwlimit", 1.0])


async def test_counters_are_sent_with_the_last_answer_and_not_with_every_one(worker, tmp_path) -> None:
    for number in (1, 2):
        worker.take(["store", number, bytes(tmp_path / "none"), "none", "text/plain", 3])
    assert worker.last_counts() is None

    await answer(worker, 1)
    await answer(worker, 2)
    assert worker.last_counts() == ["counts", 0, 0, 0, 0, 8, 4, None]


@pytest.mark.parametrize("there", [True, False])
def test_it_runs_on_uvloop_if_installed(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    ran = []
    fake = SimpleNamespace(run=lambda work: (work.close(), ran.append("uvloop"))) if there else None
    monkeypatch.setitem(sys.modules, "uvloop", fake)
    monkeypatch.setattr(asyncio, "run", lambda work: (work.close(), ran.append("asyncio")))
    process._run(asyncio.sleep(0))

    assert ran == ["uvloop" if there else "asyncio"]
