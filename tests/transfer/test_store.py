"""Storing against the sandbox: the failures that a new URL solves, the others, and the number of attempts."""

import pytest
from attrs import evolve

from coredata_async import (
    ChecksumMismatchError,
    SourceNotReplayableError,
    StorageError,
    UnexpectedResponseError,
    Uploaded,
    URLExpiredError,
)
from tests.rig import QUICK, once, some_bytes, the_only_content

LARGE = some_bytes(3_000_000)
XML = "application/xml"


@pytest.fixture(params=["auto", "aiohttp"])
async def client(box, request):
    async with box.client(retry=QUICK, transport=request.param) as client:
        yield client


def error(code: str) -> str:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>words</Message></Error>"


async def upload(client, box, source=b"abc", **options) -> Uploaded:
    return await client.files.upload(source, parent=box.project, filename="a.bin", **options)


def page(faults, **when):
    return faults.html("storage.put", **when)


def code(status, words):
    return lambda faults, **when: faults.status(
        "storage.put", status, body=error(words), content_type=XML, **when
    )


PASSING = {
    "sign-in page": page,
    "bare redirect": lambda faults, **when: faults.status(
        "storage.put", 302, headers={"Location": "/login"}, **when
    ),
    "202": lambda faults, **when: faults.status("storage.put", 202, **when),
    "RequestTimeout": code(400, "RequestTimeout"),
    "OperationAborted": code(409, "OperationAborted"),
    "InternalError in a 200": code(200, "InternalError"),
    "BadDigest": code(400, "BadDigest"),
    "wrong ETag": lambda faults, **when: faults.wrong_digest("storage.put", **when),
    "changed bytes": lambda faults, **when: faults.corrupt("storage.put", 1, **when),
}


@pytest.mark.slow
@pytest.mark.parametrize("data", [b"abc", LARGE])
@pytest.mark.parametrize("fault", PASSING)
async def test_what_passes_is_stored_with_a_new_url(client, box, fault, data) -> None:
    PASSING[fault](box.faults, times=2)

    up = await upload(client, box, data)

    assert up.verified
    assert await the_only_content(box) == data
    assert box.state.count("blobs.reserve") == 3
    assert box.state.count("files.register") == 1


@pytest.mark.parametrize("fault", PASSING)
async def test_what_does_not_pass_ends_after_the_attempts_of_the_policy(client, box, fault) -> None:
    PASSING[fault](box.faults, times=None)

    with pytest.raises((StorageError, ChecksumMismatchError)) as caught:
        await upload(client, box)

    mismatch = fault in {"BadDigest", "wrong ETag", "changed bytes"}
    assert isinstance(caught.value, ChecksumMismatchError) == mismatch
    assert mismatch or caught.value.transient
    assert box.state.count("storage.put") == QUICK.attempts
    assert not box.state.files


@pytest.mark.parametrize("fault", PASSING)
async def test_a_source_that_is_read_once_is_not_sent_again(client, box, fault) -> None:
    PASSING[fault](box.faults)

    with pytest.raises(SourceNotReplayableError, match="read only once"):
        await upload(client, box, once(b"abc"), size=3, spool=False)

    assert box.state.count("storage.put") == 1
    assert not box.state.files


async def test_attempts_of_the_transport_are_not_multiplied(client, box) -> None:
    code(503, "SlowDown")(box.faults, times=None)

    with pytest.raises(StorageError) as caught:
        await upload(client, box)

    assert caught.value.transient
    assert box.state.count("storage.put") == QUICK.attempts
    assert box.state.count("blobs.reserve") == 1


async def test_a_time_that_is_too_skewed_gets_one_more_url(client, box) -> None:
    code(403, "RequestTimeTooSkewed")(box.faults, times=1)
    await upload(client, box)
    assert box.state.count("blobs.reserve") == 2

    code(403, "RequestTimeTooSkewed")(box.faults, times=None)
    with pytest.raises(URLExpiredError, match="clocks") as caught:
        await upload(client, box)

    assert caught.value.storage_code == "RequestTimeTooSkewed"
    assert box.state.count("blobs.reserve") == 4


UNREADABLE = {
    "page": lambda faults, **when: faults.html("blobs.reserve", **when),
    "half of the JSON": lambda faults, **when: faults.broken_json("blobs.reserve", **when),
    "no URL": lambda faults, **when: faults.status(
        "blobs.reserve", 200, body='{"blobName": "b"}', content_type="application/json", **when
    ),
    "cut short": lambda faults, **when: faults.truncate("blobs.reserve", 5, **when),
    "202": lambda faults, **when: faults.status("blobs.reserve", 202, **when),
}


@pytest.mark.parametrize("fault", UNREADABLE)
async def test_an_unreadable_reservation_is_asked_for_again(client, box, fault) -> None:
    UNREADABLE[fault](box.faults, times=2)

    await upload(client, box, once(b"abc"), size=3)

    assert await the_only_content(box) == b"abc"
    assert box.state.count("storage.put") == 1


async def test_reservations_that_are_never_readable_end_the_upload(client, box) -> None:
    box.faults.html("blobs.reserve", times=None)

    with pytest.raises(UnexpectedResponseError, match="HTML"):
        await upload(client, box)

    assert box.state.count("blobs.reserve") == QUICK.attempts


async def test_without_retries_nothing_is_sent_twice(client, box) -> None:
    box.faults.wrong_digest("storage.put")
    single = client.with_options(retry=evolve(QUICK, attempts=1))

    with pytest.raises(ChecksumMismatchError):
        await upload(single, box)

    assert box.state.count("storage.put") == 1


@pytest.mark.parametrize("data", [b"abc", LARGE])
async def test_a_signature_without_content_type_is_found_out_once(client, box, data) -> None:
    box.bucket.signs_content_type = False

    for _ in range(3):
        assert (await upload(client, box, data)).verified

    assert box.state.count("storage.put") == 4


async def test_the_header_is_sent_again_when_the_signature_covers_it_again(client, box) -> None:
    box.bucket.signs_content_type = False
    await upload(client, box)
    box.bucket.signs_content_type = True

    await upload(client, box)
    await upload(client, box)

    assert box.state.count("storage.put") == 5


async def test_a_signature_that_matches_neither_way_is_an_error_after_two(client, box) -> None:
    code(403, "SignatureDoesNotMatch")(box.faults, times=None)

    with pytest.raises(StorageError, match=r"SignatureDoesNotMatch.*proxy") as caught:
        await upload(client, box)

    assert (caught.value.storage_code, caught.value.transient) == ("SignatureDoesNotMatch", False)
    assert box.state.count("storage.put") == 2
    box.faults.clear()
    await upload(client, box)
    assert box.state.count("storage.put") == 3


async def test_the_message_shows_how_far_the_clocks_are_apart(client, box) -> None:
    box.bucket.lifetime = -600

    with pytest.raises(URLExpiredError, match=r"expired 60\d s before its own clock") as caught:
        await upload(client, box)

    assert caught.value.on_arrival


async def test_a_storage_that_gives_no_reason_for_a_valid_url_has_refused(client, box) -> None:
    box.faults.status("storage.put", 403, times=None)

    with pytest.raises(StorageError, match="had not expired") as caught:
        await upload(client, box)

    assert not isinstance(caught.value, URLExpiredError)
    assert not caught.value.transient
    assert box.state.count("storage.put") == 3
