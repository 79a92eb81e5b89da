"""Cancellation after any number of steps of the event loop leaves no task, file, spool or thread."""

import asyncio
from contextlib import aclosing
from itertools import count

import pytest

from coredata_async import Upload
from tests.rig import Leftovers, cancelled_at, some_bytes

SMALL, LARGE = some_bytes(1000), some_bytes(1_300_000)


async def cancelled_everywhere(make, tmp_path):
    """Cancel at step 0, 1, 2, … until it is complete; look for leftovers after each."""
    steps = 0
    while True:
        before, there = Leftovers(), set(tmp_path.iterdir())
        complete = await cancelled_at(steps, make)
        if complete:
            return
        assert before.found() == {}, f"after {steps} steps"
        assert set(tmp_path.iterdir()) == there, f"after {steps} steps"
        # Close together at first, where most happens; a large transfer takes thousands of steps.
        steps += 1 + steps // 12
        assert steps < 100_000


async def blocks(data):
    for start in range(0, len(data), 300_000):
        await asyncio.sleep(0)
        yield data[start : start + 300_000]


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("left_over")]  # for a spool directory of its own


@pytest.fixture
def path(tmp_path_factory):
    def written(data):
        path = tmp_path_factory.mktemp("source") / "a.bin"
        path.write_bytes(data)
        return path

    return written


@pytest.mark.parametrize("via", ["storage", "api"])
@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
async def test_an_upload_of_a_path(far, far_client, tmp_path, path, *, data, via):
    source = path(data)

    await cancelled_everywhere(lambda: far_client.files.upload(source, parent=far.project, via=via), tmp_path)


@pytest.mark.parametrize("size", [None, len(LARGE)], ids=["spooled", "streamed"])
async def test_an_upload_of_an_async_generator(far, far_client, tmp_path, size):
    await cancelled_everywhere(
        lambda: far_client.files.upload(blocks(LARGE), size=size, parent=far.project, filename="x"), tmp_path
    )


@pytest.mark.parametrize("size", [None, len(LARGE)], ids=["spooled", "streamed"])
async def test_an_upload_of_a_plain_generator(far, far_client, tmp_path, size):
    def plain():
        for start in range(0, len(LARGE), 300_000):
            yield LARGE[start : start + 300_000]

    await cancelled_everywhere(
        lambda: far_client.files.upload(plain(), size=size, parent=far.project, filename="x"), tmp_path
    )


async def test_a_replacement(far, far_client, tmp_path, path):
    up = await far_client.files.upload(b"old", parent=far.project, filename="x")
    source = path(LARGE)

    await cancelled_everywhere(lambda: far_client.files.replace(up.file_id, source), tmp_path)


async def test_a_download_that_is_saved(far, far_client, tmp_path):
    up = await far_client.files.upload(some_bytes(400_000), parent=far.project, filename="x")

    async def save():
        async with far_client.files.download(up.file_id) as body:
            saved = await body.save(tmp_path / "out")
        saved.unlink()

    await cancelled_everywhere(save, tmp_path)


async def test_a_download_that_is_iterated_half_way(far, far_client, tmp_path):
    up = await far_client.files.upload(some_bytes(400_000), parent=far.project, filename="x")

    async def read():
        async with far_client.files.download(up.file_id) as body, aclosing(aiter(body)) as blocks:
            await anext(blocks)

    await cancelled_everywhere(read, tmp_path)


@pytest.fixture
async def listed(far, far_client):
    for number in range(12):
        await far_client.files.upload(b"x", parent=far.project, filename=str(number))


@pytest.mark.usefixtures("listed")
async def test_a_listing(far_client, tmp_path):
    await cancelled_everywhere(lambda: far_client.files.list(page_size=3).collect(), tmp_path)


@pytest.mark.usefixtures("listed")
async def test_pages_that_are_read_ahead(far_client, tmp_path):
    async def pages():
        async with aclosing(far_client.files.list(page_size=3).pages(prefetch=2)) as pages:
            async for _ in pages:
                await asyncio.sleep(0)

    await cancelled_everywhere(pages, tmp_path)


async def test_many_uploads(far, far_client, tmp_path, path):
    sources = [path(SMALL), path(LARGE), path(LARGE)]

    async def many():
        items = [*sources, Upload(source=blocks(LARGE), filename="x")]
        async with far_client.files.upload_many(items, parent=far.project, concurrency=3) as outcomes:
            async for _ in outcomes:
                pass

    await cancelled_everywhere(many, tmp_path)


async def test_a_lost_registration_that_is_being_settled(far, far_client, tmp_path):
    names = count()  # a registration that was cancelled in flight may still be made

    def upload():
        far.faults.clear()
        far.faults.reset_before("files.register")
        return far_client.files.upload(b"x", parent=far.project, filename=f"x{next(names)}")

    await cancelled_everywhere(upload, tmp_path)


@pytest.mark.parametrize("steps", range(0, 60, 7))
async def test_after_a_cancellation_the_client_goes_on(far, far_client, path, steps):
    source = path(LARGE)
    await cancelled_at(steps, lambda: far_client.files.upload(source, parent=far.project))

    up = await far_client.files.upload(source, parent=far.project)

    assert await far.content(up.file_id) == LARGE
