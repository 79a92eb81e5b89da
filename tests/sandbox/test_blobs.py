"""Tests of the reservation of a blob."""

import re

import pytest


async def test_reserve_names_a_blob_and_signs_a_url_on_the_same_host(api, box):
    blob, url = await api.reserve(5)

    assert re.fullmatch(r"[0-9a-f]{32}", blob)
    assert re.fullmatch(
        re.escape(f"{box.url}/laika/{blob}?AWSAccessKeyId=s3f%3Amyuser&Expires=")
        + r"\d{10}&Signature=([A-Za-z0-9]|%2B|%2F)+%3D",
        url,
    )


@pytest.mark.parametrize("query", ["", "?content_length=", "?content_length=-1", "?content_length=x"])
async def test_reserve_demands_the_length(api, query):
    got = await api.send("POST", f"/api/v3/blob/presigned-upload-url/{query}", key="v3")

    assert got.status == 400
    assert "content_length" in got.json["error"]


async def test_every_reservation_is_another_blob(api, box):
    first, second = (await api.reserve(5))[0], (await api.reserve(5))[0]

    assert first != second
    assert set(box.state.reserved) == {first, second}
