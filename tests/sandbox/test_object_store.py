"""Tests of the object store behind signed URLs."""

import asyncio
import re
import shutil
from hashlib import md5

import aiohttp
import pytest

from coredata_async.sandbox.bucket import sign, string_to_sign
from coredata_async.sandbox.object_store import parse_range
from coredata_async.sandbox.server import SandboxServer

from .api import Api, until


async def test_put_answers_201_with_the_md5_as_etag(api, box):
    blob, url = await api.reserve(5)

    got = await api.put(url)

    assert (got.status, got.body) == (201, b"")
    assert got.headers["ETag"] == f'"{md5(b"hello").hexdigest()}"'
    assert box.state.blobs[blob].path.read_bytes() == b"hello"


async def test_a_directory_that_was_removed_or_is_full_is_507(api, box, url, caplog):
    shutil.rmtree(box.bucket.directory)

    got = await api.put((await api.reserve(5))[1]), await api.get(url, key="none")

    assert [each.status for each in got] == [507, 507]
    assert all(b"No such file or directory" in each.body for each in got)
    assert not caplog.records


async def test_a_large_blob_arrives_whole(api, box):
    data = bytes(range(256)) * 20_000

    blob = await api.stored(data)

    assert box.state.blobs[blob].path.read_bytes() == data
    assert box.state.blobs[blob].md5 == md5(data).hexdigest()
    assert [one.name for one in box.state.blobs[blob].path.parent.iterdir()] == [blob]


async def test_put_needs_no_credentials_and_takes_a_slug(api):
    _, url = await api.reserve(5)

    assert (await api.put(url, headers={"Slug": "a.txt"})).status == 201
    assert "authorization" not in api.box.state.requests[-1].headers


async def test_put_beside_an_api_key_is_refused_and_seen(api, box):
    _, url = await api.reserve(5)

    got = await api.put(url, headers={"Authorization": f"apikey {box.api_key}"})

    assert (got.status, b"<Code>InvalidArgument</Code>" in got.body) == (400, True)
    assert box.state.requests[-1].headers["authorization"] == "apikey ***"
    assert box.api_key not in repr(box.state.requests[-1])


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("text/plain", "text/html"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/plain", None),
        (None, "application/octet-stream"),
    ],
)
async def test_a_content_type_other_than_declared_breaks_the_signature(api, box, declared, sent):
    blob, url = await api.reserve(5, declared)

    got = await api.put(url, content_type=sent)

    assert (got.status, b"<Code>SignatureDoesNotMatch</Code>" in got.body) == (403, True)
    assert blob not in box.state.blobs


async def test_no_content_type_is_right_when_none_was_declared(api):
    _, url = await api.reserve(5, None)

    assert (await api.put(url, content_type=None)).status == 201


@pytest.mark.parametrize(
    ("pattern", "by", "code"),
    [
        (r"Signature=.", "Signature=*", "SignatureDoesNotMatch"),
        (r"&Signature=.*", "", "AccessDenied"),
        (r"&Expires=\d+", "", "AccessDenied"),
        (r"Expires=\d+", "Expires=9999999999", "SignatureDoesNotMatch"),
        (r"Expires=\d+", "Expires=x", "AccessDenied"),
        (r"Expires=\d+", "Expires=1", "AccessDenied"),
        (r"myuser", "you", "InvalidAccessKeyId"),
        (r"/laika/.", "/laika/_", "SignatureDoesNotMatch"),
        (r"&Signature", "&response-content-type=x&Signature", "SignatureDoesNotMatch"),
        (r"$", "&Content-MD5=x", ""),
    ],
)
async def test_the_signed_url_is_checked_as_s3_does(api, pattern, by, code):
    _, url = await api.reserve(5)

    got = await api.put(re.sub(pattern, by, url, count=1))

    assert got.status == (403 if code else 201)
    assert f"<Code>{code}</Code>" in got.body.decode() or not code


async def test_a_requoted_url_means_the_same_but_the_log_keeps_it_as_it_came(api, box):
    _, url = await api.reserve(5)
    requoted = url.replace("s3f%3Amyuser", "s3f:myuser")

    assert (await api.put(requoted)).status == 201
    assert box.url + box.state.requests[-1].target == requoted != url


async def test_a_url_for_put_does_not_allow_get(api):
    _, url = await api.reserve(5, None)
    await api.put(url, content_type=None)

    assert (await api.get(url, key="none")).status == 403


async def test_an_expired_url_says_so():
    now = [1_000_000.0]
    async with (
        SandboxServer(url_lifetime=10, clock=lambda: now[0]) as box,
        aiohttp.ClientSession() as session,
    ):
        api = Api(box, session)
        _, url = await api.reserve(5)
        now[0] += 11

        got = await api.put(url)

    assert got.status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in got.body


@pytest.mark.parametrize(("length", "code"), [(4, "EntityTooLarge"), (6, "IncompleteBody")])
async def test_another_length_than_declared_is_refused(api, box, length, code):
    blob, url = await api.reserve(length)

    got = await api.put(url)

    assert (got.status, code in got.body.decode()) == (400, True)
    assert blob not in box.state.blobs


async def test_a_chunked_body_is_refused(api, box):
    _, url = await api.reserve(5)

    async def body():
        yield b"hello"

    got = await api.put(url, body())

    assert (got.status, b"MissingContentLength" in got.body) == (411, True)


async def raw(url: str, head: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a raw HTTP request."""
    host, _, target = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(f"{head.format(target=f'/{target}')}\r\nHost: {host}\r\n\r\n".encode() + body)
    await writer.drain()
    return reader, writer


async def test_a_body_cut_short_stores_nothing(api, box):
    blob, url = await api.reserve(2_000_000)
    head = "PUT {target} HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 2000000"
    _, writer = await raw(url, head, b"x" * 1_900_000)

    writer.close()
    await writer.wait_closed()
    await until(lambda: any(one.operation == "storage.put" for one in box.state.requests))

    seen = box.state.requests[-1]
    assert (seen.status, 0 < seen.body_bytes < 2_000_000) == (0, True)
    assert blob not in box.state.blobs
    assert list(box.bucket.directory.iterdir()) == []


async def test_a_client_that_waits_for_100_continue_gets_it(api, box):
    _, url = await api.reserve(5)
    head = "PUT {target} HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nExpect: 100-continue"
    reader, writer = await raw(url, head)

    assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    await reader.readline()
    writer.write(b"hello")
    assert await reader.readline() == b"HTTP/1.1 201 Created\r\n"
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def url(api):
    """Return a signed URL for the ten bytes 0123456789."""
    file = await api.file(b"0123456789")
    return (await api.get(f"/api/v2/files/{file}/content/")).headers["Location"]


async def test_get_gives_everything_with_the_vendors_headers(api, url):
    got = await api.get(url, key="none")

    assert (got.status, got.body) == (200, b"0123456789")
    assert got.headers["Accept-Ranges"] == "bytes"
    assert got.headers["ETag"] == f'"{md5(b"0123456789").hexdigest()}"'
    assert got.headers["Last-Modified"].endswith(" GMT")


async def test_get_gives_a_range(api, url):
    got = await api.get(url, key="none", headers={"Range": "bytes=2-4"})

    assert (got.status, got.body) == (206, b"234")
    assert got.headers["Content-Range"] == "bytes 2-4/10"


async def test_a_range_behind_the_end_is_416(api, url):
    got = await api.get(url, key="none", headers={"Range": "bytes=10-"})

    assert (got.status, b"InvalidRange" in got.body) == (416, True)
    assert got.headers["Content-Range"] == "bytes */10"


async def test_a_range_is_given_only_of_the_blob_that_is_meant(api, url):
    right = {"Range": "bytes=8-", "If-Range": f'"{md5(b"0123456789").hexdigest()}"'}
    wrong = {"Range": "bytes=8-", "If-Range": '"another"'}

    assert (await api.get(url, key="none", headers=right)).body == b"89"
    assert (await api.get(url, key="none", headers=wrong)).body == b"0123456789"
    assert (await api.get(url, key="none", headers={"If-Match": '"another"'})).status == 412


async def test_a_large_blob_is_streamed_and_ranged(api):
    data = bytes(range(256)) * 20_000
    file = await api.file(data)
    url = (await api.get(f"/api/v2/files/{file}/content/")).headers["Location"]

    assert (await api.get(url, key="none")).body == data
    got = await api.get(url, key="none", headers={"Range": "bytes=1000000-"})
    assert (got.status, got.body) == (206, data[1_000_000:])


async def test_head_wants_a_url_signed_for_head(api, box, url):
    path, _, _ = url.removeprefix(box.url).partition("?")
    bucket = box.bucket
    query = {"AWSAccessKeyId": bucket.key, "Expires": "9999999999"}
    signature = sign(bucket.secret, string_to_sign("HEAD", path, query, {}))
    quoted = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")

    assert (await api.send("HEAD", url, key="none")).status == 403
    got = await api.send(
        "HEAD", f"{path}?AWSAccessKeyId=s3f%3Amyuser&Expires=9999999999&Signature={quoted}", key="none"
    )
    assert (got.status, got.headers["Content-Length"], got.body) == (200, "10", b"")


async def test_a_blob_that_is_gone_is_404(api, box, url):
    box.state.blobs.clear()

    got = await api.get(url, key="none")

    assert (got.status, b"NoSuchKey" in got.body) == (404, True)


async def test_an_encoded_body_is_stored_as_it_was_sent(api, box):
    blob, url = await api.reserve(5)

    await api.put(url, headers={"Content-Encoding": "gzip"})

    assert box.state.blobs[blob].path.read_bytes() == b"hello"


async def test_reserve_names_a_blob_and_signs_a_url_on_the_same_host(api, box):
    blob, url = await api.reserve(5)

    assert re.fullmatch(r"[0-9a-f]{32}", blob)
    assert re.fullmatch(
        re.escape(f"{box.url}/laika/{blob}?AWSAccessKeyId=s3f%3Amyuser&Expires=")
        + r"\d{10}&Signature=([A-Za-z0-9]|%2B|%2F)+%3D",
        url,
    )


@pytest.mark.parametrize(
    "query",
    ["", "?content_length=", "?content_length=-1", "?content_length=x", f"?content_length={'9' * 5000}"],
)
async def test_reserve_demands_the_length(api, query):
    got = await api.send("POST", f"/api/v3/blob/presigned-upload-url/{query}", key="v3")

    assert got.status == 400
    assert "content_length" in got.json["error"]


async def test_every_reservation_is_another_blob(api, box):
    first, second = (await api.reserve(5))[0], (await api.reserve(5))[0]

    assert first != second
    assert set(box.state.reserved) == {first, second}


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", None),
        ("bytes=0-3", range(4)),
        ("bytes=4-", range(4, 10)),
        ("bytes=4-99", range(4, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("bytes=10-", range(10, 10)),
        ("bytes=99-", range(99, 10)),
        ("bytes=-0", range(10, 10)),
        ("bytes=-", None),
        ("bytes=5-3", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        (f"bytes={'9' * 5000}-", None),
    ],
)
def test_ranges(header, span):
    got = parse_range(header, 10)

    assert (got is None) == (span is None)
    assert list(got or ()) == list(span or ())
