"""Replacement of a File's content: by blob or in the body, and never over another writer's change."""

import pytest

from coredata_async import (
    BadRequestError,
    ChecksumMismatchError,
    ConfigurationError,
    NotFoundError,
    OutcomeUnknownError,
    SourceError,
    SourceNotReplayableError,
    StaleSnapshotError,
    URLExpiredError,
)
from tests.rig import md5, once, some_bytes

WAYS = pytest.mark.parametrize("via", ["storage", "api"])
MISSING = "2bb7fb5e-8ef6-11e6-89e1-87ce876944be"


@pytest.fixture
async def file(client, box):
    up = await client.files.upload(b"old", parent=box.project, filename="a.txt")
    return await client.files.get(up.file_id)


@WAYS
@pytest.mark.parametrize("data", [b"", b"new", some_bytes(100_000), some_bytes(2_500_000)])
async def test_the_content_is_another_and_the_file_the_same(client, box, file, via, data):
    done = await client.files.replace(file.id, data, via=via)

    now = await client.files.get(file.id)
    assert await box.content(file.id) == data
    assert (done.file_id, done.digest, done.size, done.verified) == (file.id, md5(data), len(data), True)
    assert done.snapshot_id == now.snapshot_id != file.snapshot_id
    assert (now.title, now.version, len(box.state.files)) == (file.title, "0.2", 1)


@WAYS
async def test_with_the_right_lock_it_is_written(client, box, file, via):
    first = await client.files.replace(file.id, b"one", snapshot_id=file.snapshot_id, via=via)
    await client.files.replace(file.id, b"two", snapshot_id=first.snapshot_id, via=via)

    assert await box.content(file.id) == b"two"


@WAYS
@pytest.mark.parametrize("status", [None, 400, 404, 409, 412, 500, 503])
async def test_a_stale_lock_is_reported_whatever_the_server_answers(client, box, file, via, status):
    await client.files.replace(file.id, b"theirs")
    if status:
        box.faults.status("files.replace", status, times=None)

    with pytest.raises(StaleSnapshotError, match="changed by another writer") as caught:
        await client.files.replace(file.id, b"ours", snapshot_id=file.snapshot_id, via=via)

    assert file.snapshot_id in str(caught.value)
    assert await box.content(file.id) == b"theirs"


@WAYS
async def test_a_refusal_with_the_lock_still_right_is_what_it_is(client, box, file, via):
    box.faults.status("files.replace", 400, body='{"error": "no"}')

    with pytest.raises(BadRequestError):
        await client.files.replace(file.id, b"x", snapshot_id=file.snapshot_id, via=via)


@WAYS
@pytest.mark.parametrize("size", [3, 200_000])
async def test_a_lost_answer_with_a_lock_is_recognised(client, box, file, via, size):
    box.faults.reset_after("files.replace")

    done = await client.files.replace(file.id, some_bytes(size), snapshot_id=file.snapshot_id, via=via)

    now = await client.files.get(file.id)
    assert done.snapshot_id == now.snapshot_id
    assert now.version == "0.2"
    assert await box.content(file.id) == some_bytes(size)


@WAYS
async def test_a_gateways_answer_with_a_lock_is_looked_into(client, box, file, via):
    box.faults.status("files.replace", 504, done=True)

    done = await client.files.replace(file.id, b"ours", snapshot_id=file.snapshot_id, via=via)

    assert done.verified
    assert await box.content(file.id) == b"ours"


@WAYS
async def test_a_request_lost_on_its_way_with_a_lock_stays_open(client, box, file, via):
    """It may still be in flight inside the server."""
    box.faults.reset_before("files.replace", times=None)

    with pytest.raises(OutcomeUnknownError):
        await client.files.replace(file.id, b"ours", snapshot_id=file.snapshot_id, via=via)

    assert box.state.count("files.replace") == 1


@WAYS
async def test_a_lost_answer_and_no_way_to_look_stays_open(client, box, file, via):
    box.faults.reset_after("files.replace")
    box.faults.status("files.get", 500, times=None)

    with pytest.raises(OutcomeUnknownError):
        await client.files.replace(file.id, b"ours", snapshot_id=file.snapshot_id, via=via)


async def test_a_server_that_shows_neither_digest_nor_blob_leaves_the_writer_unknown(client, box, file):
    box.faults.reset_after("files.replace")
    box.faults.hide("files.get", "digest", "blob_name")

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.files.replace(file.id, b"ours", snapshot_id=file.snapshot_id)

    assert not isinstance(caught.value, StaleSnapshotError)


async def test_the_same_bytes_from_another_writer_are_a_lost_race(client, box, file):
    """The blob name identifies the writer, although the digest is the same."""
    await client.files.replace(file.id, b"alike")
    box.faults.status("files.replace", 500)

    with pytest.raises(StaleSnapshotError):
        await client.files.replace(file.id, b"alike", snapshot_id=file.snapshot_id)


async def test_without_a_lock_a_lost_answer_is_repeated(client, box, file):
    box.faults.reset_after("files.replace")

    await client.files.replace(file.id, b"new")

    assert await box.content(file.id) == b"new"


@WAYS
async def test_another_digest_is_a_mismatch(client, box, file, via):
    box.faults.wrong_digest("files.replace")

    with pytest.raises(ChecksumMismatchError, match=file.id):
        await client.files.replace(file.id, b"new", via=via)


async def test_a_byte_that_tips_over_on_the_way_is_noticed(client, box, file):
    box.faults.corrupt("files.replace", 1)

    with pytest.raises(ChecksumMismatchError):
        await client.files.replace(file.id, b"new", via="api")


@pytest.fixture
def mute(box):
    """A server whose response to a replacement lacks its headers."""
    box.faults.status("files.replace", 201, done=True, times=None)


@WAYS
@pytest.mark.usefixtures("mute")
async def test_without_the_digest_header_the_file_is_asked(client, file, via):
    done = await client.files.replace(file.id, b"new", via=via)

    now = await client.files.get(file.id)
    assert (done.verified, done.snapshot_id) == (True, now.snapshot_id)


@pytest.mark.usefixtures("mute")
async def test_without_the_digest_header_another_digest_is_a_mismatch(client, box, file):
    box.faults.wrong_digest("files.get")

    with pytest.raises(ChecksumMismatchError):
        await client.files.replace(file.id, b"new")


@pytest.mark.usefixtures("mute")
async def test_that_it_cannot_be_verified_is_not_a_failure(client, box, file):
    box.faults.status("files.get", 500, times=None)

    done = await client.files.replace(file.id, b"new")

    assert not done.verified


@pytest.mark.usefixtures("mute")
async def test_verify_false_sends_nothing_more(client, box, file):
    before = box.state.count("files.get")

    done = await client.files.replace(file.id, b"new", verify=False)

    assert (done.verified, box.state.count("files.get")) == (False, before)


async def test_another_ending_replaces_the_stored_one(client, file):
    await client.files.replace(file.id, b"new", filename="whatever.pdf")

    now = await client.files.get(file.id)
    assert (now.filename, now.mime_type) == ("a.pdf", "application/pdf")


async def test_a_name_with_umlauts_is_encoded(client, file):
    await client.files.replace(file.id, b"new", filename="Ársreikningur & co?.pdf")

    assert (await client.files.get(file.id)).filename == "a.pdf"


async def test_an_expired_url_is_reserved_again(client, box, file):
    box.faults.expire("storage.put")

    await client.files.replace(file.id, b"new")

    assert await box.content(file.id) == b"new"


async def test_urls_that_always_expire_write_nothing(client, box, file):
    box.faults.expire("storage.put", times=None)

    with pytest.raises(URLExpiredError):
        await client.files.replace(file.id, b"new")

    assert await box.content(file.id) == b"old"


async def test_a_spent_source_is_not_sent_in_part(client, box, file):
    box.faults.cut_upload("storage.put", 1)

    with pytest.raises(SourceNotReplayableError):
        await client.files.replace(file.id, once(b"new"), size=3, spool=False)

    assert await box.content(file.id) == b"old"


@WAYS
async def test_a_file_that_is_not_there(client, via):
    with pytest.raises(NotFoundError):
        await client.files.replace(MISSING, b"x", via=via)


@pytest.mark.parametrize(
    "options", [{"via": "x"}, {"snapshot_id": ""}, {"id": ""}, {"id": "a/b"}, {"size": 99}]
)
async def test_what_cannot_work_is_refused_before_anything_is_sent(client, box, options):
    with pytest.raises((ConfigurationError, SourceError)):
        await client.files.replace(**{"id": MISSING, "source": b"x", **options})

    assert not box.state.requests
