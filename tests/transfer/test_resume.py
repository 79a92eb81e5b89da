"""Downloads whose connection breaks: each byte once, in order, or an error with the reason."""

import gzip

import pytest

from coredata_async import (
    ChecksumMismatchError,
    NotFoundError,
    Retry,
    StorageError,
    Timeouts,
)
from tests.rig import QUICK, md5, some_bytes
from tests.transfer.scripted import FILE, chunked, response

DATA = some_bytes(500_000)


@pytest.fixture
async def file(client, box):
    return (await client.files.upload(DATA, parent=box.project, filename="a.bin")).file_id


async def read(client, file, **options):
    async with client.files.download(file, **options) as body:
        return await body.read()


async def read_and(client, file, then):
    """Read, and run an action when the first bytes have arrived."""
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
    # Bytes that aiohttp had not passed on when the connection broke are requested again.
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
    monkeypatch.setattr("coredata_async.sandbox.object_store.parse_range", lambda header, size: None)


@pytest.mark.usefixtures("no_ranges")
@pytest.mark.parametrize("span", [{}, {"offset": 250_001}, {"offset": 7, "length": 200_000}])
async def test_a_storage_that_ignores_ranges_repeats_no_byte(client, box, file, span):
    box.faults.truncate("storage.get", 150_000)

    start = span.get("offset", 0)
    stop = start + span["length"] if "length" in span else None
    assert await read(client, file, **span) == DATA[start:stop]


async def test_a_storage_that_gives_another_range_is_refused(client, box, file, monkeypatch):
    monkeypatch.setattr(
        "coredata_async.sandbox.object_store.parse_range",
        lambda header, size: range(250_000, size) if header else None,
    )
    box.faults.truncate("storage.get", 150_000)

    with pytest.raises(StorageError, match="not with the requested range"):
        await read(client, file)


async def test_an_url_that_expires_in_the_middle_is_asked_again(client, box, file):
    box.faults.truncate("storage.get", 150_000)
    box.faults.expire("storage.get", after=1)

    assert await read(client, file) == DATA
    assert box.state.count("files.content") == 3


async def test_content_that_changes_in_the_middle_is_reported(client, box, file):
    box.faults.truncate("storage.get", 150_000)

    async def change():
        await client.files.replace(file, some_bytes(500_000, seed=1), via="api")

    with pytest.raises(StorageError, match="changed while it was downloaded"):
        await read_and(client, file, change)


async def test_a_file_that_is_deleted_in_the_middle_is_reported(client, box, file):
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
    """A storage whose ETags are not digests."""
    monkeypatch.setattr("coredata_async.sandbox.object_store._etag", lambda blob, call: '"opaque-1"')


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


OLD, NEW = b"0123456789", b"abcdefghij"
TAG = {"ETag": '"tag"'}
DATE = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}


def broken(count: int = 4, **headers: str) -> bytes:
    """The beginning of the old content, after which the connection breaks."""
    return response(200, OLD[:count], length=len(OLD), **headers)


def rest(data: bytes = OLD, **headers: str):
    """The storage's bytes from the requested one on. aiohttp may have lost the bytes before it."""

    def respond(first: int) -> bytes:
        if not first:
            return response(200, data, **headers)
        content_range = f"bytes {first}-{len(data) - 1}/{len(data)}"
        return response(206, data[first:], Content_Range=content_range, **headers)

    return respond


async def iterate(scripted, **options):
    async with scripted.client.files.download(FILE, **options) as body:
        return b"".join([block async for block in body])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TAG, TAG),
        (DATE, DATE),
        (TAG | DATE, TAG),
        ({"ETag": 'W/"tag"', **DATE}, {"ETag": 'W/"tag"', **DATE}),
    ],
)
async def test_without_a_digest_equal_validators_prove_one_content(scripted, before, after):
    scripted.say(broken(**before), rest(**after))

    assert await iterate(scripted, verify=False) == OLD
    assert scripted.ranges == [None, "bytes=4-"]
    assert scripted.asked[1].header("If-Range") == (
        before.get("ETag", DATE["Last-Modified"]) if "W/" not in before.get("ETag", "") else None
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        (TAG, {}),
        ({}, TAG),
        (TAG, {"ETag": '"other"'}),
        (TAG, {"ETag": 'W/"tag"'}),
        ({"ETag": 'W/"tag"'}, {"ETag": 'W/"tag"'}),
        ({"ETag": "tag"}, {"ETag": "tag"}),
        (DATE, {"Last-Modified": "Tue, 02 Jan 2024 00:00:00 GMT"}),
    ],
)
async def test_without_a_digest_bytes_are_not_joined_on_trust(scripted, before, after):
    scripted.say(broken(**before), rest(NEW, **after))

    with pytest.raises(StorageError, match="changed while it was downloaded"):
        await iterate(scripted, verify=False)


@pytest.mark.parametrize(
    ("before", "after"),
    [({}, {}), (TAG, {}), (TAG, {"ETag": 'W/"tag"'}), ({"ETag": "tag"}, TAG), (DATE, {})],
)
async def test_if_the_digest_decides_weak_and_missing_validators_do(scripted, before, after):
    scripted.say(broken(**before), rest(**after))

    assert await iterate(scripted, digest=md5(OLD)) == OLD


@pytest.mark.parametrize("what", ["read", "save", "save again"])
async def test_what_cannot_be_continued_is_begun_again_where_nothing_was_given_away(scripted, what, tmp_path):
    scripted.say(broken(**TAG), rest(NEW, ETag='"new"'), response(200, NEW, ETag='"new"'))

    async with scripted.client.files.download(FILE, verify=False) as body:
        if what == "read":
            assert await body.read() == NEW
        else:
            path = await body.save(tmp_path / "out", resume=what == "save again")
            assert path.read_bytes() == NEW
            assert list(tmp_path.iterdir()) == [path]


async def test_a_content_that_always_changes_ends_in_an_error(scripted):
    tags = iter(range(100))
    scripted.say(*(broken(ETag=f'"{next(tags)}"') for _ in range(20)))

    with pytest.raises(StorageError, match="changed while it was downloaded"):
        async with scripted.client.files.download(FILE, verify=False) as body:
            await body.read()


async def test_a_whole_response_to_a_range_is_skipped_up_to_where_it_broke(scripted):
    scripted.say(broken(**TAG), response(200, OLD, **TAG))

    assert await iterate(scripted, verify=False) == OLD


async def test_a_whole_response_of_a_new_content_is_not_joined(scripted):
    scripted.say(broken(**TAG), response(200, NEW, ETag='"new"'))

    with pytest.raises(StorageError, match="changed"):
        await iterate(scripted, verify=False)


@pytest.mark.parametrize("verify", [True, False])
async def test_a_total_that_changed_is_another_content(scripted, verify):
    scripted.file["digest"] = md5(OLD)
    scripted.say(broken(**TAG), rest(OLD[:7], **TAG))

    with pytest.raises(StorageError, match="changed"):
        await iterate(scripted, verify=verify)


@pytest.mark.parametrize("data", [b"", OLD])
async def test_a_416_after_the_last_byte_is_the_end(scripted, data):
    scripted.file["digest"] = md5(data)
    last = response(416, b"<Error/>", Content_Range=f"bytes */{len(data)}")
    scripted.say(
        chunked(200, data, ends=False, ETag='"opaque"'), lambda first: last if first else chunked(200, data)
    )

    assert await iterate(scripted) == data


@pytest.mark.parametrize("size", ["bytes */9", "bytes */11", "", "bytes 0-1/10"])
async def test_another_416_means_that_the_content_changed(scripted, size):
    scripted.say(chunked(200, OLD, ends=False, **TAG), response(416, Content_Range=size))

    with pytest.raises(StorageError, match="416"):
        await iterate(scripted, verify=False)


async def test_a_response_that_gives_less_than_was_asked_for_is_continued_at_once(scripted):
    scripted.say(
        response(206, OLD[:4], Content_Range="bytes 0-3/*", **TAG),
        response(206, OLD[4:], Content_Range="bytes 4-9/*", **TAG),
        response(416, Content_Range="bytes */10"),
    )

    no_retry = scripted.client.with_options(retry=Retry.none())
    async with no_retry.files.download(FILE, verify=False) as body:
        assert await body.read() == OLD
    assert scripted.ranges == [None, "bytes=4-", "bytes=10-"]


PACKED = gzip.compress(OLD, mtime=0)


@pytest.mark.parametrize("how", ["iterate", "read", "save"])
@pytest.mark.parametrize("headers", [{}, {"ETag": f'W/"{md5(OLD)}"'}, {"ETag": '"opaque-gzip"'}])
async def test_what_was_packed_on_the_way_is_unpacked(scripted, headers, how, tmp_path):
    scripted.file["digest"] = md5(OLD)
    scripted.say(response(200, PACKED, Content_Encoding="gzip", **headers))

    assert await get(scripted, how, tmp_path) == OLD
    assert len(scripted.asked) == 1
    assert scripted.asked[0].header("Accept-Encoding") == "identity"


@pytest.mark.parametrize("how", ["iterate", "read", "save"])
async def test_what_was_stored_as_gzip_comes_as_it_is_stored(scripted, how, tmp_path):
    scripted.say(response(200, PACKED, Content_Encoding="gzip", ETag=f'"{md5(PACKED)}"'))

    assert await get(scripted, how, tmp_path) == PACKED
    assert len(scripted.asked) == 1


@pytest.mark.parametrize("how", ["read", "save"])
@pytest.mark.parametrize("stored", [OLD, PACKED])
async def test_the_digest_decides_between_what_came_and_what_is_in_it(scripted, stored, how, tmp_path):
    etag = f'"{md5(OLD)}"' if stored == OLD else '"opaque"'  # each of them misleads
    scripted.file["digest"] = md5(stored)
    scripted.say(response(200, PACKED, Content_Encoding="gzip", ETag=etag))

    assert await get(scripted, how, tmp_path) == stored


async def test_packed_content_of_neither_digest_is_an_error_that_names_the_cause(scripted):
    scripted.say(response(200, PACKED, Content_Encoding="gzip"))

    with pytest.raises(ChecksumMismatchError, match="gzip"):
        await get(scripted, "read", None, digest="0" * 32)


@pytest.mark.parametrize("at", [0, 5, len(PACKED) - 4])
async def test_packed_content_that_breaks_off_is_begun_again_without_a_range(scripted, at):
    scripted.file["digest"] = md5(OLD)
    whole = response(200, PACKED, Content_Encoding="gzip")
    scripted.say(response(200, PACKED[:at], length=len(PACKED), Content_Encoding="gzip"), whole)

    assert await iterate(scripted) == OLD
    assert scripted.ranges == [None, None]


@pytest.mark.parametrize("data", [b"\x1f\x8bnot gzip", PACKED[:-3], PACKED[:-8] + b"\0" * 8])
async def test_packed_content_that_is_damaged_is_an_error(scripted, data):
    scripted.file["digest"] = md5(OLD)
    scripted.say(response(200, data, Content_Encoding="gzip"))

    with pytest.raises(StorageError, match="gzip"):
        await iterate(scripted)


async def test_content_that_only_says_it_is_packed_is_taken_as_it_is(scripted):
    scripted.file["digest"] = md5(OLD)
    scripted.say(response(200, OLD, Content_Encoding="gzip"))

    assert await iterate(scripted) == OLD


@pytest.mark.parametrize("headers", [{"Content_Encoding": "br"}, {"Content_Encoding": "gzip, br"}])
async def test_another_coding_is_an_error_unless_the_digest_says_otherwise(scripted, headers):
    scripted.say(response(200, OLD, **headers))

    assert await iterate(scripted, digest=md5(OLD)) == OLD
    with pytest.raises(StorageError, match="Content-Encoding"):
        await iterate(scripted, verify=False)


async def test_a_range_of_packed_content_is_refused(scripted):
    scripted.say(rest(Content_Encoding="gzip", ETag='W/"x"'))

    with pytest.raises(StorageError, match="Content-Encoding gzip"):
        await iterate(scripted, offset=4)


async def get(scripted, how, folder, **options):
    if how == "iterate":
        return await iterate(scripted, **options)
    async with scripted.client.files.download(FILE, **options) as body:
        return await body.read() if how == "read" else (await body.save(folder / "out")).read_bytes()
