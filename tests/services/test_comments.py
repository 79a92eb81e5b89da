"""Service of comments, against a sandbox of 2014."""

from datetime import UTC, datetime, timedelta

import pytest

from coredata_async.errors import BadRequestError, NotFoundError


async def test_a_comment_that_is_created_comes_back_field_by_field(client, box) -> None:
    number = await client.comments.create(doc_id=box.project, text="Sæl")

    found = await client.comments.get(number)

    assert number.isdecimal()
    assert (found.id, found.doc_id, found.text) == (number, box.project, "Sæl")
    assert found.author == f"/api/v2/users/{box.api_user}/"
    assert found.time is not None
    assert abs(found.time - datetime.now(UTC)) < timedelta(minutes=1)
    assert found.extra == {}


async def test_every_comment_is_listed_once(client, box) -> None:
    numbers = [await client.comments.create(doc_id=box.project, text=str(n)) for n in range(5)]

    assert [each.id async for each in client.comments.list(page_size=2)] == numbers


async def test_a_comment_on_nothing_is_refused(client) -> None:
    with pytest.raises(BadRequestError, match="doc_id"):
        await client.comments.create(doc_id="nowhere", text="Sæl")


async def test_no_comment_of_that_number(client) -> None:
    with pytest.raises(NotFoundError):
        await client.comments.get("999")


def test_comments_can_be_neither_changed_nor_deleted(client) -> None:
    assert not hasattr(client.comments, "update")
    assert not hasattr(client.comments, "delete")
