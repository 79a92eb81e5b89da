"""Tests of comments."""

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api

LIST = "/api/v2/comments/"


async def test_a_comment_shows_a_number_and_microseconds():
    async with SandboxServer(clock=lambda: 1412308297.5) as box, aiohttp.ClientSession() as session:
        api = Api(box, session)
        made = await api.send("POST", LIST, json={"text": "Já!", "doc_id": box.project})
        got = (await api.get(f"{LIST}1/")).json

    assert (made.status, made.body, made.headers["Location"]) == (201, b"", f"{LIST}1/")
    assert got == {
        "author": "/api/v2/users/administrator/",
        "doc_id": box.project,
        "id": 1,
        "resource_uri": f"{LIST}1/",
        "text": "Já!",
        "time": "2014-10-03T03:51:37.500000",
    }


async def test_comments_are_listed_in_the_order_they_were_made(api, box):
    task, file = box.state.add_task(box.project, "x"), await api.file()
    for number, document in enumerate((box.project, task, file)):
        assert box.state.add_comment(document, f"c{number}") == number + 1

    got = (await api.get(f"{LIST}?limit=2")).json

    assert [one["text"] for one in got["objects"]] == ["c0", "c1"]
    assert (got["meta"]["total_count"], got["meta"]["next"]) == (3, f"{LIST}?limit=2&offset=2")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"text": 1}, "text"),
        ({"doc_id": None}, "doc_id"),
        ({"doc_id": "nothing"}, "nothing"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_words(api, box, change, word):
    got = await api.send("POST", LIST, json={"text": "x", "doc_id": box.project, **change})

    assert (got.status, box.state.comments) == (400, {})
    assert word in got.json["error"]


@pytest.mark.parametrize("key", ["2", "0", "x", "-1", "%C2%B2"])
async def test_a_comment_that_is_not_there_is_an_empty_404(api, box, key):
    box.state.add_comment(box.project, "x")

    got = await api.get(f"{LIST}{key}/")

    assert (got.status, got.body) == (404, b"")


async def test_a_comment_cannot_be_deleted_but_goes_with_its_document(api, box):
    file = await api.file()
    box.state.add_comment(file, "first")

    assert (await api.send("DELETE", f"{LIST}1/")).status == 405
    await api.send("DELETE", f"/api/v2/files/{file}/")
    assert (await api.get(f"{LIST}1/")).status == 404
    assert box.state.add_comment(box.project, "second") == 2


async def test_every_operation_has_its_name(api, box):
    await api.send("POST", LIST, json={"text": "x", "doc_id": box.project})
    await api.get(LIST)
    await api.get(f"{LIST}1/")

    assert [one.operation for one in box.state.requests] == [
        *("comments.create", "comments.list", "comments.get")
    ]
