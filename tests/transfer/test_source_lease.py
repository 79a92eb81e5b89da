"""Slots that an upload takes while its source is open, and their release after any outcome."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from coredata_async import Progress, SourceError
from coredata_async.storage.bodies import Streamed
from coredata_async.storage.sources import Source
from coredata_async.transfer.uploads import SourceLease
from tests.rig import some_bytes
from tests.storage.leaks import nothing_left

SMALL = b"abc"
LARGE = bytes(3 << 20)


@pytest.fixture
def streams() -> asyncio.Semaphore:
    return asyncio.Semaphore(1)


@pytest.fixture
def open_files() -> asyncio.Semaphore:
    return asyncio.Semaphore(1)


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, Path]:
    found = {"small": tmp_path / "small.bin", "large": tmp_path / "large.bin"}
    found["small"].write_bytes(SMALL)
    found["large"].write_bytes(LARGE)
    return found


@pytest.mark.parametrize("name", ["small", "large"])
async def test_a_large_body_takes_a_stream_and_a_small_one_only_an_open_file(
    name: str, paths: dict[str, Path], streams: asyncio.Semaphore, open_files: asyncio.Semaphore
) -> None:
    async with SourceLease(paths[name], None, None, streams, open_files) as (source, _):
        assert isinstance(source.body, Streamed) is (name == "large")
        assert open_files.locked()
        assert streams.locked() is (name == "large")

    assert not open_files.locked()
    assert not streams.locked()


@pytest.mark.parametrize("source", ["nowhere.bin", 7])
async def test_what_cannot_be_opened_takes_nothing(
    source: Source, streams: asyncio.Semaphore, open_files: asyncio.Semaphore
) -> None:
    with pytest.raises((SourceError, TypeError)):
        async with SourceLease(source, None, None, streams, open_files):
            pytest.fail("it was opened")

    assert not open_files.locked()
    assert not streams.locked()


async def test_a_failure_inside_gives_everything_back_and_closes_the_source(
    streams: asyncio.Semaphore, open_files: asyncio.Semaphore
) -> None:
    closed: list[bool] = []

    async def blocks() -> AsyncGenerator[bytes, None]:
        try:
            yield LARGE
        finally:
            closed.append(True)

    with pytest.raises(KeyError):
        async with SourceLease(blocks(), None, None, streams, open_files):
            raise KeyError

    assert closed == [True]
    assert not open_files.locked()
    assert not streams.locked()


async def test_who_is_cancelled_while_waiting_for_a_stream_gives_back_the_open_file(
    paths: dict[str, Path], streams: asyncio.Semaphore, open_files: asyncio.Semaphore
) -> None:
    async def opened() -> None:
        async with SourceLease(paths["large"], None, None, streams, open_files):
            pytest.fail("a slot for streams was not released")

    await streams.acquire()
    waiting = asyncio.create_task(opened())
    await asyncio.sleep(0)
    assert open_files.locked()
    with nothing_left():
        waiting.cancel()
        await asyncio.wait({waiting})

    assert waiting.cancelled()
    assert not open_files.locked()


async def test_progress_is_reported_with_name_and_size(
    paths: dict[str, Path], streams: asyncio.Semaphore, open_files: asyncio.Semaphore
) -> None:
    reports: list[Progress] = []

    async with SourceLease(paths["large"], None, reports.append, streams, open_files) as (source, reporter):
        assert isinstance(source.body, Streamed)
        assert source.body.on_sent == reporter.add
        await reporter.add(5)

    assert reports == [Progress(name=str(paths["large"]), stage="put", sent=5, total=len(LARGE))]


LARGE_SIZE = 2_500_000


@pytest.fixture
def reports():
    return []


def steps(reports):
    return [(each.stage, each.sent) for each in reports]


async def test_a_small_upload_reports_its_three_stages(client, box, reports):
    await client.files.upload(b"abc", parent=box.project, filename="x", progress=reports.append)

    assert reports == [
        Progress(name="a bytes", stage="reserve", sent=0, total=3),
        Progress(name="a bytes", stage="put", sent=0, total=3),
        Progress(name="a bytes", stage="register", sent=3, total=3),
    ]


async def test_a_large_upload_reports_every_block(client, box, tmp_path, reports):
    path = tmp_path / "a.bin"
    path.write_bytes(some_bytes(LARGE_SIZE))

    await client.files.upload(path, parent=box.project, progress=reports.append)

    mib = 1 << 20
    assert steps(reports) == [
        ("reserve", 0),
        *(("put", 0), ("put", mib), ("put", 2 * mib), ("put", LARGE_SIZE)),
        ("register", LARGE_SIZE),
    ]
    assert {each.name for each in reports} == {str(path)}


async def test_a_coroutine_is_awaited(client, box, reports):
    async def progress(each):
        reports.append(each)

    await client.files.upload(b"abc", parent=box.project, filename="x", progress=progress)

    assert [each.stage for each in reports] == ["reserve", "put", "register"]


async def test_bytes_that_are_sent_again_are_counted_again(client, box, reports):
    box.faults.expire("storage.put")

    await client.files.upload(
        some_bytes(LARGE_SIZE), parent=box.project, filename="x", progress=reports.append
    )

    stages = [each.stage for each in reports]
    assert stages.count("reserve") == 2
    last = [each.sent for each in reports[len(stages) - stages[::-1].index("reserve") :]]
    assert last == sorted(last)
    assert last[-1] == LARGE_SIZE


@pytest.mark.parametrize("size", [3, LARGE_SIZE])
async def test_through_the_api_it_reports_what_has_gone(client, box, reports, size):
    await client.files.upload(
        some_bytes(size), parent=box.project, filename="x", via="api", progress=reports.append
    )

    assert steps(reports)[0] == ("put", 0)
    assert {each.total for each in reports} == {size}


async def test_a_replacement_reports_as_an_upload_does(client, box, reports):
    up = await client.files.upload(b"abc", parent=box.project, filename="x")

    await client.files.replace(up.file_id, b"new!", progress=reports.append)

    assert steps(reports) == [("reserve", 0), ("put", 0), ("register", 4)]


async def test_what_the_callback_raises_ends_the_upload(client, box):
    def progress(each):
        raise LookupError("the bar is closed")

    with pytest.raises(LookupError, match="the bar is closed"):
        await client.files.upload(b"abc", parent=box.project, filename="x", progress=progress)

    assert not box.state.files
