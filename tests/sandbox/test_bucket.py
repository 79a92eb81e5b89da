"""Tests of another storage in place of the built-in one."""

from hashlib import md5

import aiohttp
import pytest
from attrs import define, field

from coredata_async.sandbox.server import SandboxServer

from .api import Api


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
