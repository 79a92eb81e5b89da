"""Tests of the storage: signatures, and a bucket that is plugged in."""

from hashlib import md5

import aiohttp
import pytest
from attrs import define, field

from coredata_async.sandbox.bucket import sign, sign_query, string_to_sign
from coredata_async.sandbox.server import SandboxServer

from .api import Api

# "Signing and authenticating REST requests", Amazon S3 developer guide.
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@define
class Memory:
    """The smallest possible bucket."""

    blobs: dict[str, bytes] = field(factory=dict)

    def presign_put(self, blob, content_length, content_type):
        return f"http://s3.example/{blob}?put"

    def presign_get(self, blob, filename, mime_type):
        return f"http://s3.example/{blob}?get={filename}"

    async def stat(self, blob):
        data = self.blobs.get(blob)
        return None if data is None else (len(data), md5(data).hexdigest())

    async def store(self, blob, chunks):
        self.blobs[blob] = b"".join([chunk async for chunk in chunks])
        return await self.stat(blob)

    async def delete(self, blob):
        self.blobs.pop(blob, None)


@pytest.fixture
async def elsewhere():
    async with SandboxServer(storage=Memory()) as box, aiohttp.ClientSession() as session:
        yield Api(box, session)


async def test_reservations_lead_to_the_other_storage(elsewhere):
    blob, url = await elsewhere.reserve(5)

    assert url == f"http://s3.example/{blob}?put"


async def test_blobs_put_there_can_be_registered(elsewhere):
    elsewhere.box.bucket.blobs["b"] = b"hello"

    file = (await elsewhere.register("b")).id

    assert (await elsewhere.details(file))["digest"] == md5(b"hello").hexdigest()
    got = await elsewhere.get(f"/api/v2/files/{file}/content/")
    assert got.headers["Location"] == "http://s3.example/b?get=a.txt"


async def test_content_that_comes_by_the_api_goes_there(elsewhere):
    await elsewhere.file(b"hello")

    assert list(elsewhere.box.bucket.blobs.values()) == [b"hello"]


async def test_nothing_is_served_under_laika_then(elsewhere):
    assert (await elsewhere.get("/laika/b", key="none")).status == 404


def test_amazons_query_string_example():
    query = {"AWSAccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Expires": "1175139620"}

    text = string_to_sign("GET", "/johnsmith/photos/puppy.jpg", query, {})

    assert text == "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg"
    assert sign(SECRET, text) == "NpgCjnDzrM+WFzoENXmpNDUsSn8="


def test_amazons_upload_example_signs_md5_type_and_amazon_headers():
    headers = {
        "User-Agent": "curl/7.15.5",
        "x-amz-acl": "public-read",
        "Content-Type": "application/x-download",
        "Content-MD5": "4gJE4saaMU4BqNR0kLY+lw==",
        "X-Amz-Meta-FileChecksum": "0x02661779",
        "X-Amz-Meta-ReviewedBy": "joe@johnsmith.net,jane@johnsmith.net",
    }

    assert string_to_sign("PUT", "/static/db-backup.dat.gz", {"Expires": "1"}, headers) == (
        "PUT\n4gJE4saaMU4BqNR0kLY+lw==\napplication/x-download\n1\nx-amz-acl:public-read\n"
        "x-amz-meta-filechecksum:0x02661779\n"
        "x-amz-meta-reviewedby:joe@johnsmith.net,jane@johnsmith.net\n/static/db-backup.dat.gz"
    )


def test_overrides_are_part_of_the_resource_decoded_and_sorted():
    query = {
        "response-content-type": "a/b",
        "Expires": "1",
        "response-content-disposition": " x; y",
        "other": "z",
    }

    assert string_to_sign("GET", "/laika/b", query, {}) == (
        "GET\n\n\n1\n/laika/b?response-content-disposition= x; y&response-content-type=a/b"
    )


def test_the_query_is_quoted_down_to_the_last_character():
    query = sign_query(
        "s3f:myuser",
        SECRET,
        method="GET",
        path="/laika/b",
        expires=1698326799,
        overrides={"response-content-disposition": " attachment; filename*=utf-8''sample.pdf"},
    )

    assert query.startswith(
        "response-content-disposition=%20attachment%3B%20filename%2A%3Dutf-8%27%27sample.pdf"
        "&AWSAccessKeyId=s3f%3Amyuser&Expires=1698326799&Signature="
    )
