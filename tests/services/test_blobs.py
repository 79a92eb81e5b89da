"""Blobs: reservation, the caller's own PUT, and registration as a File."""

from datetime import UTC, datetime

import aiohttp
import pytest
from yarl import URL

from coredata_async import ConfigurationError, UnexpectedResponseError


async def put(reservation, data):
    headers = {} if reservation.content_type is None else {"Content-Type": reservation.content_type}
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
        session.put(URL(reservation.put_url, encoded=True), data=data, headers=headers) as reply,
    ):
        return reply.status


@pytest.mark.parametrize("content_type", [None, "text/plain; charset=utf-8"])
async def test_reserved_filled_and_made_a_file(client, box, content_type):
    place = await client.blobs.reserve(content_length=5, content_type=content_type)

    assert await put(place, b"mine!") == 201
    made = await client.files.create(
        blob_name=place.blob_name, filename="a.txt", title="a", parent=box.project
    )
    assert await box.content(made) == b"mine!"


async def test_it_says_until_when_and_never_shows_the_url(client):
    place = await client.blobs.reserve(content_length=5)

    assert 0 < (place.expires - datetime.now(UTC)).total_seconds() <= 900
    assert "Signature" not in repr(place)


async def test_another_length_is_refused_by_the_storage(client):
    place = await client.blobs.reserve(content_length=5)

    assert await put(place, b"longer than that") == 400


async def test_a_negative_length_is_refused_at_once(client, box):
    with pytest.raises(ConfigurationError, match="content_length"):
        await client.blobs.reserve(content_length=-1)

    assert not box.state.requests


async def test_a_lost_answer_is_asked_again(client, box):
    box.faults.reset_after("blobs.reserve")

    await client.blobs.reserve(content_length=1)

    assert box.state.count("blobs.reserve") == 2


@pytest.mark.parametrize("fault", ["html", "broken_json"])
async def test_what_is_not_a_reservation_is_unexpected(client, box, fault):
    getattr(box.faults, fault)("blobs.reserve")

    with pytest.raises(UnexpectedResponseError):
        await client.blobs.reserve(content_length=1)
