"""A download whose connection breaks: each byte once, in order, or an error that says why."""

import pytest

from coredata_async import (
    ChecksumMismatchError,
    NotFoundError,
    Retry,
    StorageError,
    Timeouts,
)
from tests.rig import QUICK, some_bytes

DATA = some_bytes(500_000)


@pytest.fixture
async def file(client, box):
    return (await client.files.upload(DATA, parent=box.project, filename="a.bin")).file_id


async def read(client, file, **options):
    async with client.files.download(file, **options) as body:
        return await body.read()


async def read_and(client, file, then):
    """Read, and let something happen when the first bytes have come."""
    async with client.files.download(file) as body:
        blocks = aiter(body)
        await anext(blocks)
        await then()
        async for _ in blocks:
            pass


def ranges(box):
    return [seen.headers.get("range") for seen in box.state.requests if seen.operation == "storage.get"]


@pytest.mark.parametrize("at", [0, 1, 150_000, 499_999])
async def test_a_connection_that_breaks_is_taken_up_where_it_broke(client, box, file, at):
    box.faults.truncate("storage.get", at)

    assert await read(client, file) == DATA
    first, second = ranges(box)
    assert first is None
    # What aiohttp had not handed out when the connection broke is asked for again.
    assert second is None or 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= at


async def test_it_may_break_any_number_of_times_if_it_gets_on(client, box, file):
    box.faults.truncate("storage.get", 10_000, times=None)

    assert await read(client, file) == DATA
    assert len(ranges(box)) > QUICK.attempts * 2


async def test_without_progress_it_gives_up(client, box, file):
    box.faults.truncate("storage.get", 0, times=None)

    with pytest.raises(StorageError, match="broke off after 0 bytes") as caught:
        await read(client, file)

    assert len(ranges(box)) == QUICK.attempts
    assert caught.value.total == len(DATA)


async def test_with_no_retry_it_gives_up_at_once(box, client, file):
    box.faults.truncate("storage.get", 1000)

    with pytest.raises(StorageError, match=r"broke off after \d+ bytes") as caught:
        await read(client.with_options(retry=Retry.none()), file)

    assert caught.value.sent <= 1000


@pytest.mark.parametrize("span", [{"offset": 100}, {"length": 250_000}, {"offset": 1000, "length": 350_000}])
async def test_a_part_is_taken_up_inside_the_part(client, box, file, span):
    box.faults.truncate("storage.get", 100_000, times=2)

    start = span.get("offset", 0)
    stop = start + span["length"] if "length" in span else None
    assert await read(client, file, **span) == DATA[start:stop]


@pytest.fixture
def no_ranges(monkeypatch):
    """A storage that ignores ranges, as some do."""
    monkeypatch.setattr("coredata_async.sandbox.storage.asked", lambda header, size: None)


@pytest.mark.usefixtures("no_ranges")
@pytest.mark.parametrize("span", [{}, {"offset": 250_001}, {"offset": 7, "length": 200_000}])
async def test_a_storage_that_ignores_ranges_repeats_no_byte(client, box, file, span):
    box.faults.truncate("storage.get", 150_000)

    start = span.get("offset", 0)
    stop = start + span["length"] if "length" in span else None
    assert await read(client, file, **span) == DATA[start:stop]


async def test_a_storage_that_gives_another_range_is_refused(client, box, file, monkeypatch):
    monkeypatch.setattr(
        "coredata_async.sandbox.storage.asked", lambda header, size: range(250_000, size) if header else None
    )
    box.faults.truncate("storage.get", 150_000)

    with pytest.raises(StorageError, match="another range"):
        await read(client, file)


async def test_an_url_that_expires_in_the_middle_is_asked_anew(client, box, file):
    box.faults.truncate("storage.get", 150_000)
    box.faults.expire("storage.get", after=1)

    assert await read(client, file) == DATA
    assert box.state.count("files.content") == 3


async def test_content_that_changes_in_the_middle_is_told(client, box, file):
    box.faults.truncate("storage.get", 150_000)

    async def change():
        await client.files.replace(file, some_bytes(500_000, seed=1), via="api")

    with pytest.raises(StorageError, match="changed while it was downloaded"):
        await read_and(client, file, change)


async def test_a_file_that_is_deleted_in_the_middle_is_told(client, box, file):
    box.faults.truncate("storage.get", 150_000)

    with pytest.raises(NotFoundError):
        await read_and(client, file, lambda: client.files.delete(file))


async def test_a_byte_that_tips_over_on_the_way_is_noticed_at_the_end(client, box, file):
    box.faults.corrupt("storage.get", 499_999)

    with pytest.raises(ChecksumMismatchError) as caught:
        await read(client, file)

    assert (caught.value.stage, caught.value.sent) == ("get", len(DATA))


async def test_verify_false_takes_what_comes(client, box, file):
    box.faults.corrupt("storage.get", 5)

    assert len(await read(client, file, verify=False)) == len(DATA)


async def test_a_part_cannot_be_verified_and_is_not(client, box, file):
    box.faults.wrong_digest("storage.get", times=None)

    assert await read(client, file, length=10) == DATA[:10]


async def test_a_digest_given_beforehand_beats_what_the_storage_says(client, file):
    with pytest.raises(ChecksumMismatchError):
        await read(client, file, digest="0" * 32)


async def test_a_digest_may_be_in_capitals(client, box, file):
    known = box.state.documents[file].fields["digest"]

    assert await read(client, file, digest=known.upper()) == DATA


@pytest.fixture
def opaque(monkeypatch):
    """A storage whose ETags are no digests."""
    monkeypatch.setattr("coredata_async.sandbox.storage._etag", lambda blob, call: '"opaque-1"')


@pytest.mark.usefixtures("opaque")
async def test_without_an_etag_the_files_own_digest_counts(client, box, file):
    box.faults.wrong_digest("files.get")

    with pytest.raises(ChecksumMismatchError):
        await read(client, file)


@pytest.mark.usefixtures("opaque")
async def test_a_file_whose_digest_nobody_knows_cannot_be_verified(client, box, file):
    box.faults.hide("files.get", "digest", null=True)

    assert await read(client, file) == DATA


async def test_an_empty_file(client, box):
    up = await client.files.upload(b"", parent=box.project, filename="empty")

    assert await read(client, up.file_id) == b""


async def test_a_legacy_answer_that_breaks_off_is_begun_again(client, box, file):
    box.faults.status("files.content", 200, body=DATA, times=None)
    box.faults.truncate("files.content", 200_000)

    assert await read(client, file) == DATA


async def test_a_stall_is_ended_and_taken_up(box, client, file):
    box.faults.stall("storage.get", 150_000)

    quick = client.with_options(timeouts=Timeouts(response=0.2, stall=0.2))
    assert await read(quick, file) == DATA
