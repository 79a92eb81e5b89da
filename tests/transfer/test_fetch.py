"""Location of the bytes: a redirect followed without the key."""

import gzip

import pytest

from coredata_async import (
    APIConnectionError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
    StorageError,
    UnexpectedResponseError,
    URLExpiredError,
)
from tests.rig import QUICK, md5
from tests.transfer.scripted import FILE, chunked, response

MISSING = "2bb7fb5e-8ef6-11e6-89e1-87ce876944be"


@pytest.fixture
async def file(client, box):
    return (await client.files.upload(b"0123456789", parent=box.project, filename="Ársreikn.txt")).file_id


async def read(client, file, **options):
    async with client.files.download(file, **options) as body:
        return await body.read()


async def test_it_takes_two_exchanges_and_the_key_stays_at_home(client, box, file):
    box.state.requests.clear()

    assert await read(client, file) == b"0123456789"
    content, got = box.state.requests
    assert (content.operation, got.operation) == ("files.content", "storage.get")
    assert "authorization" in content.headers
    assert "authorization" not in got.headers
    assert "cookie" not in got.headers


async def test_the_signed_url_is_used_byte_for_byte(client, box, file):
    await read(client, file)

    target = box.state.requests[-1].target
    assert "%20attachment" in target or "%2A%3Dutf-8%27%27" in target
    assert "s3f%3Amyuser" in target


async def test_the_headers_of_the_storage_can_be_asked(client, file):
    async with client.files.download(file) as body:
        assert (body.size, body.content_type, body.filename) == (10, "text/plain", "Ársreikn.txt")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"offset": 4}, b"456789"),
        ({"length": 3}, b"012"),
        ({"offset": 2, "length": 3}, b"234"),
        ({"offset": 8, "length": 99}, b"89"),
        ({"offset": 9, "length": 1}, b"9"),
    ],
)
async def test_a_part_can_be_asked_for(client, box, file, options, expected):
    assert await read(client, file, **options) == expected
    assert box.state.requests[-1].status == 206


async def test_a_part_knows_the_size_of_the_whole(client, file):
    async with client.files.download(file, offset=4) as body:
        assert body.size == 10


async def test_a_part_beyond_the_end_is_refused_by_the_storage(client, file):
    with pytest.raises(StorageError) as caught:
        await read(client, file, offset=10)

    assert caught.value.status == 416


@pytest.mark.parametrize("options", [{"offset": -1}, {"length": 0}, {"length": -3}])
async def test_a_part_that_cannot_be_is_refused_at_once(client, file, options):
    with pytest.raises(ConfigurationError, match="offset must be 0 or more, and length 1 or more"):
        client.files.download(file, **options)


@pytest.mark.parametrize("times", [1, 2])
async def test_an_expired_url_is_asked_again(client, box, file, times):
    box.faults.expire("storage.get", times=times)

    assert await read(client, file) == b"0123456789"
    assert box.state.count("files.content") == 1 + times


async def test_urls_that_always_expire_end_after_three(client, box, file):
    box.faults.expire("storage.get", times=None)

    with pytest.raises(URLExpiredError, match="clocks") as caught:
        await read(client, file)

    assert box.state.count("files.content") == 3
    assert caught.value.stage == "get"


@pytest.mark.parametrize(
    ("status", "code"), [(403, "SignatureDoesNotMatch"), (404, "NoSuchKey"), (400, "InvalidArgument")]
)
async def test_a_refusal_of_the_storage_says_which(client, box, file, status, code):
    box.faults.status("storage.get", status, body=f"<Error><Code>{code}</Code></Error>")

    with pytest.raises(StorageError, match=f"{status} {code}") as caught:
        await read(client, file)

    assert (caught.value.status, caught.value.storage_code) == (status, code)


async def test_a_storage_that_stumbles_is_asked_again(client, box, file):
    box.faults.status("storage.get", 503)
    box.faults.reset_before("storage.get", after=1)

    assert await read(client, file) == b"0123456789"


async def test_a_storage_that_is_down_is_a_storage_error(client, box, file):
    box.faults.reset_before("storage.get", times=None)

    with pytest.raises(StorageError, match="could not be reached"):
        await read(client, file)


async def test_a_file_that_is_not_there(client):
    with pytest.raises(NotFoundError):
        await read(client, MISSING)


async def test_a_file_one_may_not_read(client, box, file):
    box.faults.status("files.content", 403)

    with pytest.raises(PermissionDeniedError):
        await read(client, file)


@pytest.mark.parametrize(
    "location",
    [
        *("", " ", "#part", "ftp://host/x", "https://", "http:///x", "//", "https://[x/"),
        *("apikey user:key", "https://host/a b", "https://user:key@host/x", "https://user:key/x@host"),
    ],
)
async def test_a_redirect_to_no_absolute_url_is_unexpected(client, box, file, location):
    box.faults.status("files.content", 302, headers={"Location": location})

    with pytest.raises(UnexpectedResponseError, match="an absolute URL"):
        await read(client, file)


@pytest.mark.parametrize("status", [302, 303, 307])
@pytest.mark.parametrize(
    "location",
    [
        "/storage/x?Signature=a%2Fb%3d",
        "//{host}/storage/x?Signature=a%2Fb%3d",
        "http://{host}/storage/x?Signature=a%2Fb%3d",
        "HTTP://{host}/storage/x?Signature=a%2Fb%3d",
        "../../../../../storage/x?Signature=a%2Fb%3d",
        "http://{host}/storage/x?Signature=a%2Fb%3d#fragment",
    ],
)
async def test_a_redirect_is_followed_without_the_key(scripted, location, status):
    scripted.location = location.format(host=scripted.url.removeprefix("http://"))
    scripted.redirect = status
    scripted.say(response(200, b"0123456789"))

    assert await read(scripted.client, FILE, verify=False) == b"0123456789"
    api, storage = scripted.seen
    assert api.header("Authorization") is not None
    assert storage.header("Authorization") is None
    assert storage.target == "/storage/x?Signature=a%2Fb%3d"


async def test_a_scheme_relative_redirect_to_an_unencrypted_connection_is_refused(client, box, file):
    box.faults.status("files.content", 302, headers={"Location": "//storage.example/x?Signature=s3cret"})

    with pytest.raises(StorageError, match="https") as caught:
        await read(client, file)

    assert "s3cret" not in str(caught.value)


async def test_a_redirect_to_an_unencrypted_connection_is_refused(client, box, file):
    box.faults.status("files.content", 302, headers={"Location": "http://storage.example/x?Signature=s3cret"})

    with pytest.raises(StorageError, match="https") as caught:
        await read(client, file)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [300, 301, 304, 308])
async def test_another_redirect_is_not_followed(client, box, file, status):
    box.faults.status("files.content", status, headers={"Location": "https://storage.example/x"})

    with pytest.raises(UnexpectedResponseError, match="302 was expected"):
        await read(client, file)


async def test_a_service_that_is_down_is_a_connection_error(box, client, file):
    box.faults.reset_before("files.content", times=None)

    with pytest.raises(APIConnectionError):
        await read(client, file)

    assert box.state.count("files.content") == QUICK.attempts


@pytest.mark.parametrize("data", [b"from 2014", b""])
async def test_a_service_of_2014_gives_the_bytes_itself(client, box, file, data):
    box.faults.status("files.content", 200, body=data, content_type="application/pdf")

    assert await read(client, file, verify=False) == data
    assert box.state.count("storage.get") == 0


async def test_a_service_of_2014_ignores_ranges(client, box, file):
    box.faults.status("files.content", 200, body=b"0123456789")

    assert await read(client, file, offset=3, length=4) == b"3456"


async def test_a_sign_in_page_is_not_taken_for_the_file(client, box, file):
    box.faults.html("files.content")

    with pytest.raises(Exception, match="not those that were stored"):
        await read(client, file)


@pytest.mark.parametrize(
    "storage",
    [
        response(206, b"3456"),
        response(206, b"3456", Content_Range="items 3-6/10"),
        response(206, b"3456", Content_Range="bytes 2-5/10"),
        response(206, b"3456", Content_Range="bytes 4-7/10"),
        response(206, b"3456", Content_Range="bytes 3-6/5"),
        response(206, b"3456", Content_Range="bytes */10"),
        response(206, b"3456", Content_Range="bytes 6-3/10"),
        response(206, b"345", Content_Range="bytes 3-6/10"),
        response(206, b"34567", Content_Range="bytes 3-6/10"),
        response(206, b"3456", Content_Range="bytes 3-6/10", Content_Type="multipart/byteranges; boundary=B"),
        response(200, b"3456", Content_Range="bytes 4-7/10"),
        chunked(206, b"3456789xyz", Content_Range="bytes 3-6/10"),
    ],
)
async def test_another_range_than_was_asked_for_is_refused(scripted, storage):
    scripted.say(storage)

    with pytest.raises(StorageError):
        await read(scripted.client, FILE, offset=3, length=4)


@pytest.mark.parametrize(
    "storage",
    [
        response(206, b"3456", Content_Range="bytes 3-6/10"),
        response(206, b"3456", Content_Range="bytes 3-6/*"),
        response(206, b"3456789", Content_Range="bytes 3-9/10"),
        chunked(206, b"3456", Content_Range="bytes 3-6/10"),
        response(200, b"0123456789"),
        response(200, b"0123456789", Content_Range="bytes 3-6/10"),
        chunked(200, b"0123456789"),
    ],
)
async def test_the_range_is_cut_from_what_holds_it(scripted, storage):
    scripted.say(storage)

    assert await read(scripted.client, FILE, offset=3, length=4) == b"3456"


@pytest.mark.parametrize("options", [{"offset": 5}, {"offset": 5, "length": 3}, {"length": 3}])
@pytest.mark.parametrize(
    "storage",
    [
        response(416, Content_Range="bytes */0"),
        response(416, b"<Error><Code>InvalidRange</Code><ActualObjectSize>0</ActualObjectSize></Error>"),
        response(416),
        response(200),
    ],
)
async def test_a_range_of_an_empty_file_is_empty(scripted, storage, options):
    scripted.file["size"] = 0
    scripted.say(storage)

    assert await read(scripted.client, FILE, **options) == b""


async def test_a_range_of_an_empty_file_in_the_sandbox_is_empty(client, box):
    up = await client.files.upload(b"", parent=box.project, filename="empty")

    assert await read(client, up.file_id, offset=3) == b""


@pytest.mark.parametrize(
    "storage", [response(416), response(416, Content_Range="bytes */10"), response(200, b"0" * 10)]
)
async def test_a_part_beyond_the_end_is_an_error_however_it_is_reported(scripted, storage):
    scripted.file["size"] = 10
    scripted.say(storage)

    with pytest.raises(StorageError):
        await read(scripted.client, FILE, offset=10)


async def test_what_the_service_packed_by_itself_has_no_known_size(scripted):
    scripted.file["digest"] = md5(b"hi")
    scripted.api = response(200, gzip.compress(b"hi"), Content_Encoding="gzip")

    async with scripted.client.files.download(FILE) as body:
        assert (body.size, await body.read()) == (None, b"hi")


@pytest.mark.parametrize("status", [201, 202, 203, 206])
@pytest.mark.parametrize("side", ["api", "storage"])
async def test_a_success_of_another_kind_gives_its_connection_back(scripted, side, status):
    if side == "api":
        scripted.api = chunked(status, b"some of it", ends=False)
    scripted.say(chunked(status, b"some of it", ends=False))
    limits = scripted.client._shared_limits
    free = (limits.api._value, limits.storage._value)

    with pytest.raises((StorageError, UnexpectedResponseError)):
        await read(scripted.client, FILE)

    assert (limits.api._value, limits.storage._value) == free
