"""Streams that can be read once survive failures on both transports, and leave nothing behind."""

import asyncio
import tempfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coredata_async import ServerError, SourceNotReplayableError, StorageError, Upload, Uploaded
from coredata_async.storage import spool as spooling
from tests.rig import QUICK, Leftovers, md5, once, some_bytes, the_only_content

pytestmark = pytest.mark.slow

DATA = some_bytes(3_000_000)
FAULTS = {
    "503 on the PUT": lambda faults: faults.status("storage.put", 503),
    "503 on reserve": lambda faults: faults.status("blobs.reserve", 503),
    "expired URL": lambda faults: faults.expire("storage.put"),
    "lost connection": lambda faults: faults.cut_upload("storage.put", 1_700_000),
    "lost at once": lambda faults: faults.cut_upload("storage.put", 1),
    "lost answer": lambda faults: faults.reset_after("storage.put"),
    "three failures": lambda faults: [
        faults.cut_upload("storage.put", 2_000_000),
        faults.status("storage.put", 503, after=1),
        faults.expire("storage.put", after=1),
    ],
}


@pytest.fixture(params=["auto", "aiohttp"])
async def client(request, far):
    async with far.client(retry=QUICK, transport=request.param) as client:
        yield client


async def body(data, size=64 * 1024, pause=0):
    """A web request's body."""
    for start in range(0, len(data), size):
        await asyncio.sleep(pause)
        yield data[start : start + size]


def plain(data):
    for start in range(0, len(data), 100_000):
        yield data[start : start + 100_000]


@pytest.mark.parametrize("make", [body, plain])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_body_of_known_size_survives(client, far, fault, make):
    FAULTS[fault](far.faults)

    up = await client.files.upload(make(DATA), size=len(DATA), parent=far.project, filename="x")

    assert (up.digest, up.verified) == (md5(DATA), True)
    assert await the_only_content(far) == DATA


async def test_a_replacement_survives(client, far):
    up = await client.files.upload(b"old", parent=far.project, filename="x")
    far.faults.cut_upload("storage.put", 1_700_000)

    await client.files.replace(up.file_id, body(DATA), size=len(DATA))

    assert await far.content(up.file_id) == DATA


async def test_a_replacement_in_one_request_survives(client, far):
    up = await client.files.upload(b"old", parent=far.project, filename="x")
    far.faults.status("files.replace", 503)

    await client.files.replace(up.file_id, body(DATA), size=len(DATA), via="api")

    assert await far.content(up.file_id) == DATA


async def test_many_bodies_survive(client, far):
    far.faults.cut_upload("storage.put", 900_000, every=2, times=None)
    items = [
        Upload(source=body(DATA[number:]), size=len(DATA) - number, filename=f"{number}")
        for number in range(4)
    ]

    async with client.files.upload_many(items, parent=far.project, concurrency=3) as outcomes:
        done = [outcome async for outcome in outcomes]

    assert {each.digest for each in done if isinstance(each, Uploaded)} == {
        md5(DATA[number:]) for number in range(4)
    }


@pytest.mark.parametrize("fault", ["503 on the PUT", "lost connection", "expired URL"])
async def test_without_a_spool_the_error_says_why_it_had_to_be_sent_again(client, far, fault):
    FAULTS[fault](far.faults)
    status = {"503 on the PUT": "503", "lost connection": "", "expired URL": "403"}[fault]

    with pytest.raises(SourceNotReplayableError, match=f"{status}.*read only once"):
        await client.files.upload(body(DATA), size=len(DATA), spool=False, parent=far.project, filename="x")

    assert far.state.count("storage.put") == 1
    assert not far.state.files


async def test_a_failure_that_stays_is_reported_as_such(client, far):
    far.faults.status("storage.put", 503, times=None)

    with pytest.raises(StorageError, match="503") as caught:
        await client.files.upload(body(DATA), size=len(DATA), parent=far.project, filename="x")

    assert not isinstance(caught.value, SourceNotReplayableError)
    assert far.state.count("storage.put") == QUICK.attempts


async def test_a_reservation_that_fails_reads_nothing(client, far):
    far.faults.status("blobs.reserve", 503, times=None)
    read = []

    async def noted():
        read.append(True)
        yield b"abc"

    with pytest.raises(ServerError):
        await client.files.upload(noted(), size=3, parent=far.project, filename="x")

    assert read == []


async def test_the_spool_is_gone_after_every_end(client, far, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = Leftovers()
    far.faults.cut_upload("storage.put", 1_700_000)
    far.faults.status("storage.put", 400, after=1)

    with pytest.raises(StorageError):
        await client.files.upload(body(DATA), size=len(DATA), parent=far.project, filename="x")
    for steps in (0.002, 0.01, 0.05):
        slow = body(DATA, pause=0.005)
        upload = client.files.upload(slow, size=len(DATA), parent=far.project, filename="x")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(upload, steps)

    found = before.found()
    assert not {"files", "spooled", "readers"} & found.keys()
    assert not list(tmp_path.iterdir())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.integers(0, 120_000), max_size=8),
    cuts=st.lists(st.integers(0, 500_000), max_size=2),
    memory=st.sampled_from([0, 1, 10_000, 200_000, 1 << 20]),
    known=st.booleans(),
    transport=st.sampled_from(["auto", "aiohttp"]),
)
def test_any_chunks_any_cuts_any_memory(far, *, pieces, cuts, memory, known, transport):
    data = some_bytes(sum(pieces), seed=len(pieces))

    async def chunks():
        start = 0
        for size in pieces:
            await asyncio.sleep(0)
            yield data[start : start + size]
            start += size

    async def check():
        far.faults.clear()
        for number, cut in enumerate(cuts):
            far.faults.cut_upload("storage.put", cut, after=number)
        async with far.client(retry=QUICK, transport=transport) as client:
            size = len(data) if known else None
            up = await client.files.upload(chunks(), size=size, parent=far.project, filename="x")
            assert (up.digest, up.size) == (md5(data), len(data))
            assert await far.content(up.file_id) == data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spooling, "MEMORY", memory)
        asyncio.run(check())


async def test_a_one_shot_source_is_not_spooled_if_nothing_is_to_be_kept(client, far, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: pytest.fail("spooled"))

    await client.files.upload(once(DATA), size=len(DATA), spool=False, parent=far.project, filename="x")

    assert await the_only_content(far) == DATA
