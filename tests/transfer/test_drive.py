"""The driver against the sandbox: URLs that expire, responses that are lost, and never two Files."""

import asyncio

import pytest
from attrs import evolve

from coredata_async import (
    BadRequestError,
    ChecksumMismatchError,
    CoreDataError,
    RegistrationUncertainError,
    ServerError,
    SourceChangedError,
    SourceError,
    SourceNotReplayableError,
    StorageError,
    Uploaded,
    URLExpiredError,
)
from tests.rig import QUICK, md5, once, some_bytes, the_only_content

LARGE = some_bytes(3_000_000)


async def upload(client, box, source=b"abc", **options):
    return await client.files.upload(source, parent=box.project, filename="a.bin", **options)


async def test_an_upload_is_three_exchanges(client, box):
    up = await upload(client, box)

    assert dict(box.state.counts) == {"blobs.reserve": 1, "storage.put": 1, "files.register": 1}
    assert await box.content(up.file_id) == b"abc"


@pytest.mark.parametrize("data", [b"abc", LARGE])
@pytest.mark.parametrize("times", [1, 2])
async def test_an_expired_url_is_reserved_again_and_the_bytes_are_sent_again(client, box, data, times):
    box.faults.expire("storage.put", times=times)

    up = await upload(client, box, data)

    assert box.state.count("blobs.reserve") == 1 + times
    assert await the_only_content(box) == data
    assert up.digest == md5(data)


async def test_a_403_without_words_counts_as_expired(client, box):
    box.faults.status("storage.put", 403)

    await upload(client, box)

    assert box.state.count("blobs.reserve") == 2


@pytest.mark.parametrize("data", [b"abc", LARGE])
async def test_urls_that_always_expire_end_after_three(client, box, data):
    box.faults.expire("storage.put", times=None)

    with pytest.raises(URLExpiredError, match="clocks"):
        await upload(client, box, data)

    assert box.state.count("blobs.reserve") == 3
    assert not box.state.files


async def test_a_really_expired_url_is_reported_as_such(box, client):
    box.bucket.lifetime = -10

    with pytest.raises(URLExpiredError):
        await upload(client, box)


async def test_a_one_shot_source_cannot_be_sent_to_a_second_url(client, box):
    box.faults.expire("storage.put")

    with pytest.raises(SourceNotReplayableError, match=r"403.*path, bytes"):
        await upload(client, box, once(b"abc"), size=3, spool=False)

    assert not box.state.files


@pytest.mark.parametrize("data", [b"abc", LARGE])
@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "status", "cut_upload"])
async def test_a_put_that_fails_once_is_sent_again(client, box, data, kind):
    match kind:
        case "status":
            box.faults.status("storage.put", 503)
        case "cut_upload":
            box.faults.cut_upload("storage.put", len(data) // 2)
        case _:
            getattr(box.faults, kind)("storage.put")

    await upload(client, box, data)

    assert await the_only_content(box) == data
    assert box.state.count("storage.put") == 2


@pytest.mark.parametrize("kind", ["reset_before", "status"])
async def test_a_one_shot_source_is_not_sent_twice(client, box, kind):
    if kind == "status":
        box.faults.status("storage.put", 500)
    else:
        box.faults.cut_upload("storage.put", 1)

    with pytest.raises(SourceNotReplayableError, match="read only once"):
        await upload(client, box, once(b"abc"), size=3, spool=False)

    assert box.state.count("storage.put") == 1
    assert not box.state.files


async def test_a_storage_that_is_down_is_a_storage_error(client, box):
    box.faults.reset_before("storage.put", times=None)

    with pytest.raises(StorageError) as caught:
        await upload(client, box)

    assert caught.value.stage == "put"
    assert box.state.count("storage.put") == QUICK.attempts
    assert not box.state.files


async def test_a_storage_that_refuses_is_asked_once(client, box):
    box.faults.status("storage.put", 403, body="<Error><Code>InvalidAccessKeyId</Code></Error>")

    with pytest.raises(StorageError, match="InvalidAccessKeyId") as caught:
        await upload(client, box)

    assert caught.value.storage_code == "InvalidAccessKeyId"
    assert not caught.value.transient
    assert box.state.count("storage.put") == 1


async def test_another_etag_is_a_mismatch_and_nothing_is_registered(client, box):
    box.faults.wrong_digest("storage.put", times=None)

    with pytest.raises(ChecksumMismatchError):
        await upload(client, box)

    assert box.state.count("files.register") == 0
    assert box.state.count("storage.put") == QUICK.attempts


@pytest.mark.parametrize("data", [b"abc", LARGE])
async def test_a_byte_that_tips_over_on_the_way_is_noticed(client, box, data):
    box.faults.corrupt("storage.put", len(data) - 1, times=None)

    with pytest.raises(ChecksumMismatchError):
        await upload(client, box, data)

    assert not box.state.files


async def test_a_source_that_goes_on_after_its_size_is_not_registered(client, box):
    async def longer():
        yield b"abc"
        await asyncio.sleep(0.05)  # by now the storage has answered 201
        yield b"d"

    with pytest.raises(SourceError, match="yielded 4 bytes, but size=3 was given") as caught:
        await upload(client, box, longer(), size=3)

    assert not isinstance(caught.value, SourceChangedError)

    assert not box.state.files


async def test_a_storage_that_confirms_what_it_has_not_got_yet_is_not_believed(client, box):
    box.faults.status("storage.put", 201)

    with pytest.raises(StorageError, match="before all 20000000 bytes had been sent"):
        await upload(client, box, some_bytes(20_000_000))

    assert not box.state.files


async def test_a_lost_register_answer_is_settled_by_the_blob_name(client, box):
    box.faults.reset_after("files.register")

    up = await upload(client, box)

    (file,) = box.state.files
    assert file.id == up.file_id
    assert file.fields["blob_name"] == up.blob_name
    assert box.state.count("files.register") == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_register_answered_by_a_gateway_is_settled_not_repeated(client, box, status):
    box.faults.status("files.register", status, done=True)

    up = await upload(client, box)

    assert [file.id for file in box.state.files] == [up.file_id]
    assert box.state.count("files.register") == 1


async def test_another_success_than_201_is_settled_too(client, box):
    box.faults.status("files.register", 202, done=True)

    up = await upload(client, box)

    assert [file.id for file in box.state.files] == [up.file_id]


async def test_a_register_that_never_arrived_is_sent_again_with_the_same_blob(client, box):
    box.faults.reset_before("files.register")

    up = await upload(client, box)

    assert box.state.files_per_blob() == {up.blob_name: 1}
    assert box.state.count("files.register") == 2
    assert box.state.count("blobs.reserve") == 1
    assert box.state.count("files.list") >= 2  # "not found" counts only when it is seen twice


async def test_a_register_that_commits_late_makes_one_file(box):
    box.faults.commit_late("files.register", 0.3)
    policy = evolve(QUICK, settle=0.6, probe_gap=0)

    async with box.client(retry=policy) as client:
        up = await upload(client, box)

    assert [file.id for file in box.state.files] == [up.file_id]
    assert box.state.count("files.register") == 1


async def test_the_time_to_settle_counts_from_the_last_sending(box):
    """The first request was rejected, and only the second commits late."""
    box.faults.status("files.register", 503, retry_after=0.5)
    box.faults.commit_late("files.register", 0.3, after=1)

    async with box.client(retry=evolve(QUICK, settle=0.6)) as client:
        up = await upload(client, box)

    assert [file.id for file in box.state.files] == [up.file_id]


async def test_a_listing_that_lags_makes_no_second_file(box):
    box.faults.reset_after("files.register")
    box.faults.listing_lag(seconds=0.2)

    async with box.client(retry=evolve(QUICK, settle=0.3)) as client:
        up = await upload(client, box)

    assert [file.id for file in box.state.files] == [up.file_id]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("status", [202, 302, 307, 408, 409, 425, 503, 520, 524, 599])
async def test_what_proves_nothing_is_looked_for_before_it_is_repeated(client, box, status, done):
    box.faults.status("files.register", status, retry_after=0, done=done)

    await upload(client, box)

    operations = [seen.operation for seen in box.state.requests]
    assert operations[operations.index("files.register") + 1] == "files.list"
    assert box.state.count("files.register") == (1 if done else 2)
    assert len(box.state.files) == 1


async def test_429_is_repeated(client, box):
    box.faults.status("files.register", 429, retry_after=0)

    await upload(client, box)

    assert len(box.state.files) == 1


async def test_500_is_not_repeated_blindly(client, box):
    box.faults.status("files.register", 500)

    await upload(client, box)

    operations = [seen.operation for seen in box.state.requests]
    first = operations.index("files.register")
    assert operations[first + 1] == "files.list"
    assert len(box.state.files) == 1


async def test_a_register_lost_three_times_stays_open(client, box):
    box.faults.reset_before("files.register", times=None)

    with pytest.raises(RegistrationUncertainError, match="3 times") as caught:
        await upload(client, box)

    assert box.state.count("files.register") == 3
    assert caught.value.blob_name in box.state.blobs
    assert not box.state.files


async def test_a_client_that_is_closed_before_a_lookup_is_named_as_the_reason(box):
    box.faults.reset_after("files.register")

    def close(event):
        if event.error is not None:
            client.close_now()

    client = box.client(retry=QUICK, hooks=[close])
    with pytest.raises(RegistrationUncertainError, match="the lookup failed: this client is closed"):
        await upload(client, box)


async def test_a_refusal_to_register_leaves_no_file_and_is_final(client, box):
    box.faults.status("files.register", 400, body='{"error": "no such dynatype"}')

    with pytest.raises(BadRequestError, match="no such dynatype"):
        await upload(client, box)

    assert box.state.count("files.register") == 1
    assert not box.state.files


async def test_a_refusal_after_a_lost_answer_is_looked_into(box):
    """The first request took longer than the timeout, and the server refuses a second File of the blob."""
    box.faults.commit_late("files.register", 0.15)
    box.faults.delay("files.register", 0.3, after=1)
    async with box.client(retry=QUICK) as client:
        box.faults.status("files.register", 409, body='{"error": "exists"}', after=1)

        up = await upload(client, box)

    assert [file.id for file in box.state.files] == [up.file_id]


async def test_a_reservation_that_fails_leaves_nothing(client, box):
    box.faults.status("blobs.reserve", 500, times=None)

    with pytest.raises(ServerError):
        await upload(client, box)

    assert box.state.count("storage.put") == 0


async def test_a_lost_reservation_is_made_again(client, box):
    box.faults.reset_after("blobs.reserve")

    await upload(client, box)

    assert len(box.state.reserved) == 2
    assert len(box.state.files) == 1


@pytest.mark.slow
@pytest.mark.parametrize("when", ["first", "second", "both"])
@pytest.mark.parametrize("operation", ["blobs.reserve", "storage.put", "files.register", "files.list"])
@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("status", (400,)),
        ("status", (403,)),
        ("status", (404,)),
        ("status", (500,)),
        ("status", (503,)),
        ("html", ()),
        ("reset_before", ()),
        ("reset_after", ()),
        ("commit_late", (0.005,)),
        ("truncate", (0,)),
        ("truncate", (10,)),
        ("cut_upload", (1,)),
        ("corrupt", (2,)),
        ("expire", ()),
        ("wrong_digest", ()),
        ("hide", ("blob_name",)),
        ("hide", ("digest", "size")),
        ("lying_next", ()),
        ("broken_json", ()),
    ],
)
async def test_whatever_goes_wrong_there_are_never_two_files(box, kind, details, operation, when):
    if kind == "expire":
        operation = "storage.put"
    if operation == "files.list":
        box.faults.reset_after("files.register")  # or the listing would fail
    after, times = {"first": (0, 1), "second": (1, 1), "both": (0, 2)}[when]
    getattr(box.faults, kind)(operation, *details, after=after, times=times)

    # A late commit is over before "not found" counts.
    async with box.client(retry=evolve(QUICK, settle=0.02)) as client:
        outcome = await _outcome(client, box)

    files = box.state.files
    match outcome:
        case Uploaded():
            assert [file.id for file in files] == [outcome.file_id]
            assert await box.content(outcome.file_id) == b"abc"
        case RegistrationUncertainError():
            assert len(files) <= 1
        case _:
            assert not files


async def _outcome(client, box):
    try:
        return await upload(client, box)
    except CoreDataError as exc:
        return exc
