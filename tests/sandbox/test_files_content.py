"""Tests of the bytes of a File: read and replaced."""

import re
from hashlib import md5

import pytest

from .api import LOGO


@pytest.fixture
async def file(api):
    return await api.file(LOGO, filename="Merki fyrirtækis.png")


async def test_fetch_answers_302_with_a_signed_url_quoted_as_in_the_vendors_sample(api, box, file):
    got = await api.get(f"/api/v2/files/{file}/content/")

    blob = (await api.details(file))["blob_name"]
    assert (got.status, got.body) == (302, b"")
    assert re.fullmatch(
        re.escape(f"{box.url}/laika/{blob}?response-content-disposition=%20attachment%3B%20filename%2A%3D")
        + re.escape("utf-8%27%27Merki%2520fyrirt%25C3%25A6kis.png&response-content-type=image%2Fpng")
        + r"&AWSAccessKeyId=s3f%3Amyuser&Expires=\d{10}&Signature=([A-Za-z0-9]|%2B|%2F)+%3D",
        got.headers["Location"],
    )


async def test_the_signed_url_gives_the_bytes_under_the_files_name(api, file):
    url = (await api.get(f"/api/v2/files/{file}/content/")).headers["Location"]

    got = await api.get(url, key="none")

    assert (got.status, got.body) == (200, LOGO)
    assert got.headers["Content-Disposition"] == "attachment; filename*=utf-8''Merki%20fyrirt%C3%A6kis.png"
    assert got.headers["Content-Type"] == "image/png"


async def test_the_api_key_does_not_go_with_the_signed_url(api, file):
    url = (await api.get(f"/api/v2/files/{file}/content/")).headers["Location"]

    got = await api.get(url, key="v2")

    assert got.status == 400
    assert b"Only one auth mechanism allowed" in got.body
    assert api.box.state.requests[-1].headers["authorization"] == "apikey ***"


async def test_replace_by_body_answers_201_with_digest_and_snapshot(api, box, file):
    before = await api.details(file)

    got = await api.send("PUT", f"/api/v2/files/{file}/content/", data=b"new")

    after = await api.details(file)
    assert (got.status, got.body) == (201, b"")
    assert "Location" not in got.headers
    assert got.headers["X-Coredata-fields-filedigest"] == md5(b"new").hexdigest() == after["digest"]
    assert got.headers["X-Coredata-fields-snapshot-id"] == after["snapshot_id"] != before["snapshot_id"]
    assert (after["version"], after["size"]) == ("0.2", 3)
    assert await box.content(file) == b"new"


async def test_replace_by_an_empty_body_empties_the_file(api, box, file):
    got = await api.send("PUT", f"/api/v2/files/{file}/content/")

    assert got.headers["X-Coredata-fields-filedigest"] == "d41d8cd98f00b204e9800998ecf8427e"
    assert await box.content(file) == b""


async def test_replace_takes_the_extension_of_another_filename(api, file):
    await api.send("PUT", f"/api/v2/files/{file}/content/?filename=x%20y.pdf", data=b"new")

    after = await api.details(file)
    assert (after["filename"], after["mime_type"]) == ("Merki fyrirtækis.pdf", "application/pdf")


async def test_replace_by_blob(api, box, file):
    blob = await api.stored(b"new")

    got = await api.send(
        "PUT", f"/api/v2/files/{file}/content/?blob_name={blob}&digest={md5(b'new').hexdigest()}"
    )

    assert got.status == 201
    assert (await api.details(file))["blob_name"] == blob
    assert await box.content(file) == b"new"


@pytest.mark.parametrize(
    ("digest", "word"), [("", "digest"), ("&digest=", "digest"), ("&digest=" + "0" * 32, "different")]
)
async def test_replace_by_blob_demands_the_blobs_md5(api, box, file, digest, word):
    blob = await api.stored(b"new")

    got = await api.send("PUT", f"/api/v2/files/{file}/content/?blob_name={blob}{digest}")

    assert got.status == 400
    assert word in got.json["error"]
    assert await box.content(file) == LOGO


async def test_replace_by_a_blob_that_was_never_put_is_refused(api, file):
    got = await api.send("PUT", f"/api/v2/files/{file}/content/?blob_name=nothing&digest=0")

    assert got.status == 400
    assert "nothing" in got.json["error"]


async def test_the_snapshot_id_is_an_optimistic_lock(api, box, file):
    seen = (await api.details(file))["snapshot_id"]
    path = f"/api/v2/files/{file}/content/?snapshot_id={seen}"

    first, second = [await api.send("PUT", path, data=data) for data in (b"1", b"2")]

    assert (first.status, second.status) == (201, 409)
    assert seen in second.json["error"]
    assert await box.content(file) == b"1"


async def test_the_content_of_a_file_that_is_not_there_is_an_empty_404(api):
    for method in ("GET", "PUT"):
        got = await api.send(method, "/api/v2/files/nothing/content/")
        assert (got.status, got.body) == (404, b"")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
async def test_new_content_of_another_type_than_octet_stream_is_refused(api, file, content_type):
    before = await api.details(file)

    got = await api.send(
        "PUT",
        f"/api/v2/files/{file}/content/",
        data=b"new",
        headers={"Content-Type": content_type} if content_type else {},
        skip_auto_headers=["Content-Type"],
    )

    assert (got.status, "application/octet-stream" in got.json["error"]) == (415, True)
    assert await api.details(file) == before


async def test_a_stored_blob_becomes_content_without_a_content_type(api, box, file):
    blob = await api.stored(b"new")
    path = f"/api/v2/files/{file}/content/?blob_name={blob}&digest={md5(b'new').hexdigest()}"

    got = await api.send("PUT", path, skip_auto_headers=["Content-Type"])

    assert (got.status, await box.content(file)) == (201, b"new")
