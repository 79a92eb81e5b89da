"""Promises about content: downloads by a redirect, uploads in three steps, and right digests."""

import hashlib
import uuid
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import pytest

from tests.contract.target import Got, Target

RESERVE = "/api/v3/blob/presigned-upload-url/"
TEXT = "text/plain"


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


async def small(target: Target) -> dict:
    """Return a file with a digest that is small enough to download."""
    for each in await target.some("/api/v2/files/", limit=100):
        if each.get("digest") and 0 < (each.get("size") or 0) < 5_000_000:
            return each
    return target.lacks("small files with a digest")


async def fetched(target: Target, file_id: str, **headers: str) -> Got:
    """Return the bytes from the storage, requested without credentials."""
    url = (await target.ask("GET", f"/api/v2/files/{file_id}/content/")).headers["Location"]
    return await target.ask("GET", url, key="none", headers={"Accept-Encoding": "identity", **headers})


async def stored(target: Target, data: bytes) -> str:
    asked = f"{RESERVE}?content_length={len(data)}&content_type={quote(TEXT, safe='')}"
    reserved = (await target.ask("POST", asked, key="v3")).json
    put = await target.ask(
        "PUT", reserved["presignedUrl"], key="none", data=data, headers={"Content-Type": TEXT}
    )
    assert put.status == 201
    return reserved["blobName"]


async def made(target: Target, project: str, data: bytes | None = None, **fields: str) -> str:
    """Create a file in a project, from bytes or from the blob in `fields`."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in {"filename": "þing.txt", "title": "þing", "parent": project, **fields}.items():
        form.add_field(name, value)
    if data is not None:
        form.add_field("content", data, filename="x")
    return (await target.ask("POST", "/api/v2/files/", data=form)).id


def at(file_id: str) -> str:
    return f"/api/v2/files/{file_id}/content/"


async def replaced(target: Target, file_id: str, data: bytes, query: str = "") -> Got:
    octets = {"Content-Type": "application/octet-stream"}
    return await target.ask("PUT", f"{at(file_id)}{query}", data=data, headers=octets)


async def test_content_is_a_redirect_to_a_signed_url(target: Target) -> None:
    file = await small(target)

    got = await target.ask("GET", at(file["id"]))

    assert got.status == 302
    url = urlsplit(got.headers["Location"])
    assert url.scheme in {"http", "https"}
    signs = {"Signature", "X-Amz-Signature"} & parse_qs(url.query).keys()
    target.learn("how a download is signed", sorted(signs), ["Signature"])
    target.learn("the path of a download", url.path, f"/laika/{file.get('blob_name')}")
    target.learn("the host of a download", f"{url.scheme}://{url.netloc}", target.url)


async def test_the_storage_gives_the_bytes_of_the_digest_to_whoever_has_the_url(target: Target) -> None:
    file = await small(target)

    got = await fetched(target, file["id"])

    assert got.status == 200
    assert md5(got.body) == file["digest"]
    assert len(got.body) == file["size"] == int(got.headers["Content-Length"])


async def test_the_storage_gives_a_range(target: Target) -> None:
    file = await small(target)

    got = await fetched(target, file["id"], Range="bytes=0-0")

    target.learn("a range of one byte", (got.status, len(got.body)), (206, 1))


async def test_the_storage_says_what_the_file_is(target: Target) -> None:
    file = await small(target)

    got = await fetched(target, file["id"])

    assert got.headers["Content-Type"].partition(";")[0] == file["mime_type"]
    assert got.headers["Content-Disposition"].strip().startswith("attachment; filename*=utf-8''")
    assert {"Last-Modified", "Accept-Ranges"} <= got.headers.keys()


async def test_the_content_of_a_missing_file_is_not_found(target: Target) -> None:
    got = await target.ask("GET", at("d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb"))

    target.learn("the content of no file", got.status, 404)


async def test_a_reservation_names_a_blob_and_a_url(writable: Target) -> None:
    got = await writable.ask("POST", f"{RESERVE}?content_length=5", key="v3")

    assert got.status == 200
    assert got.json.keys() >= {"blobName", "presignedUrl"}
    assert uuid.UUID(got.json["blobName"]).hex == got.json["blobName"]
    assert got.json["blobName"] in urlsplit(got.json["presignedUrl"]).path


async def test_a_reservation_wants_a_length(writable: Target) -> None:
    got = await writable.ask("POST", RESERVE, key="v3")

    assert got.status >= 400
    writable.learn("a reservation without a length", got.status, 400)


@pytest.mark.parametrize("size", [0, 1, 70_000])
async def test_three_steps_make_a_file_of_the_same_bytes(writable: Target, project: str, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)

    file = await made(writable, project, blob_name=await stored(writable, data))

    found = await writable.found(f"/api/v2/files/{file}/")
    assert (found["digest"], found["size"], found["filename"]) == (md5(data), size, "þing.txt")
    assert (await fetched(writable, file)).body == data


async def test_one_request_makes_a_file_of_the_same_bytes(writable: Target, project: str) -> None:
    file = await made(writable, project, b"content", dynatype="Memo", tags="one, two words")

    found = await writable.found(f"/api/v2/files/{file}/")
    assert (found["digest"], found["dynatype"]["title"]) == (md5(b"content"), "Memo")
    assert found["tags"] == ["one", "two words"]
    assert (await fetched(writable, file)).body == b"content"


async def test_a_file_in_a_project_names_it_but_lies_in_its_workspace(writable: Target, project: str) -> None:
    file = await made(writable, project, b"content")

    found = await writable.found(f"/api/v2/files/{file}/")

    assert found["project"]["id"] == project
    writable.learn("the parent of a file in a project is the project", found["parent"] == project, False)
    inside = await writable.found(f"/api/v2/projects/{project}/files/")
    writable.learn("a new file is listed at once", [each["id"] for each in inside["objects"]], [file])


async def test_new_content_changes_digest_and_snapshot(writable: Target, project: str) -> None:
    file = await made(writable, project, b"content")
    before = await writable.found(f"/api/v2/files/{file}/")

    got = await replaced(writable, file, b"other", "?filename=x.pdf")

    assert got.status == 201
    assert got.headers["X-Coredata-fields-filedigest"] == md5(b"other")
    after = await writable.found(f"/api/v2/files/{file}/")
    assert got.headers["X-Coredata-fields-snapshot-id"] == after["snapshot_id"] != before["snapshot_id"]
    assert (after["digest"], after["size"], after["id"]) == (md5(b"other"), 5, file)
    assert (await fetched(writable, file)).body == b"other"
    writable.learn("the name after new content called x.pdf", after["filename"], "þing.pdf")


async def test_new_content_may_be_a_stored_blob(writable: Target, project: str) -> None:
    file = await made(writable, project, b"content")
    blob = await stored(writable, b"other")

    got = await writable.ask("PUT", f"{at(file)}?blob_name={blob}&digest={md5(b'other')}")

    assert got.status == 201
    assert (await writable.found(f"/api/v2/files/{file}/"))["digest"] == md5(b"other")


async def test_a_stored_blob_without_its_digest_is_refused(writable: Target, project: str) -> None:
    file = await made(writable, project, b"content")
    blob = await stored(writable, b"other")

    got = await writable.ask("PUT", f"{at(file)}?blob_name={blob}")

    writable.learn("blob_name without digest", got.status, 400)
    assert (await writable.found(f"/api/v2/files/{file}/"))["digest"] == md5(b"content")


async def test_new_content_under_the_present_snapshot_is_taken(writable: Target, project: str) -> None:
    file = await made(writable, project, b"content")
    now = await writable.found(f"/api/v2/files/{file}/")

    got = await replaced(writable, file, b"other", f"?snapshot_id={now['snapshot_id']}")

    assert got.status == 201


async def test_new_content_under_a_stale_snapshot_is_refused_and_not_written(
    writable: Target, project: str
) -> None:
    file = await made(writable, project, b"content")
    stale = (await writable.found(f"/api/v2/files/{file}/"))["snapshot_id"]
    assert (await replaced(writable, file, b"theirs")).status == 201
    theirs = await writable.found(f"/api/v2/files/{file}/")

    got = await replaced(writable, file, b"mine", f"?snapshot_id={stale}")

    assert got.status >= 400
    assert await writable.found(f"/api/v2/files/{file}/") == theirs
    assert (await fetched(writable, file)).body == b"theirs"
    writable.learn("new content under a stale snapshot", got.status, 409)
