"""Reserve, PUT, register against S3 servers that check signatures, types, lengths and times."""

import hashlib
import os
import random
from pathlib import Path

import pytest

from coredata_async import CoreData, Retry, StorageError, URLExpiredError
from coredata_async.sandbox import Sandbox

pytestmark = [
    pytest.mark.s3,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # boto3 leaves its connections to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def test_every_size_and_type_arrives_whole(server, tmp_path: Path) -> None:
    sizes = [0, 1, 65_536, 65_537, 1_048_576, 1_048_577, 5_000_003]
    async with Sandbox(storage=server) as box, box.client() as client:
        for number, size in enumerate(sizes):
            path = tmp_path / f"skjal {number} +&=þ.pdf"
            path.write_bytes(random.Random(size).randbytes(size))

            up = await client.files.upload(path, parent=box.project)

            assert up.verified
            assert up.digest == hashlib.md5(path.read_bytes()).hexdigest()
            async with client.files.download(up.file_id) as content:
                assert await content.read() == path.read_bytes()


async def test_a_range_is_what_was_asked_for(server) -> None:
    async with Sandbox(storage=server) as box, box.client() as client:
        up = await client.files.upload(bytes(range(256)), parent=box.project, filename="a.bin")

        async with client.files.download(up.file_id, offset=10, length=10) as content:
            assert await content.read() == bytes(range(10, 20))


async def test_an_expired_url_is_reserved_anew_until_that_is_hopeless(server, monkeypatch) -> None:
    async with Sandbox(storage=server) as box, box.client() as client:
        monkeypatch.setattr(server, "lifetime", -5)

        with pytest.raises((URLExpiredError, StorageError)):
            await client.files.upload(b"late", parent=box.project, filename="late.txt")

        assert box.state.count("blobs.reserve") == 3
        assert box.state.count("files.register") == 0


async def test_a_forged_signature_is_refused_and_nothing_is_registered(server, monkeypatch) -> None:
    real = server.presign_put
    monkeypatch.setattr(server, "presign_put", lambda *wanted: _forged(real(*wanted)))
    async with Sandbox(storage=server) as box, box.client() as client:
        with pytest.raises(StorageError) as caught:
            await client.files.upload(b"forged", parent=box.project, filename="forged.txt")

        assert caught.value.storage_code == "SignatureDoesNotMatch"
        assert "Signature=" not in str(caught.value)
        assert box.state.count("files.register") == 0


async def test_five_hundred_files_at_once_are_each_there_once(server, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(500):
        (folder / f"{number}.dat").write_bytes(os.urandom(number * 31))
    async with Sandbox(storage=server) as box, box.client(retry=Retry(base=0.05)) as client:
        async with client.files.upload_many(folder.iterdir(), parent=box.project) as outcomes:
            ids = {outcome.file_id async for outcome in outcomes}

        listed = await client.projects.files(box.project).collect()
        assert ids == {file.id for file in listed}
        assert len(ids) == 500
        digests = {file.filename: file.digest for file in listed}
        assert digests == {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}


async def test_the_blob_name_and_url_also_serve_those_who_bring_their_own_put(server, tmp_path: Path) -> None:
    async with Sandbox(storage=server) as box, box.client() as client:
        reserved = await client.blobs.reserve(content_length=3, content_type="text/plain")

        assert reserved.expires is not None
        assert isinstance(client, CoreData)


def _forged(url: str) -> str:
    """The same URL with one character of its signature changed."""
    return (
        url[:-1] + ("A" if url[-1] != "A" else "B")
        if "Signature=" in url.rpartition("&")[2]
        else (url.replace("Signature=", "Signature=A", 1))
    )
