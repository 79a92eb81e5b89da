"""Tests of Spaces, users, comments, and documents of any kind."""

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api

PROJECTS = "/api/v2/projects/"
RECENT = "/api/v2/user/projects/recent/"
COMMENTS = "/api/v2/comments/"


async def test_a_space_shows_every_field_of_the_sample_and_cannot_be_changed(api, box):
    got = (await api.get(f"/api/v2/spaces/{box.space}/")).json

    assert sorted(got) == [
        *("aspects", "created", "created_by", "description", "dynatype", "id", "is_hidden", "modified"),
        *(
            "modified_by",
            "path",
            "resource_uri",
            "snapshot_id",
            "status",
            "tags",
            "template",
            "title",
            "type",
        ),
        "version",
    ]
    assert (got["dynatype"], got["is_hidden"], got["status"]) == ({}, False, "")
    assert (await api.send("DELETE", f"/api/v2/spaces/{box.space}/")).status == 405


async def test_a_space_lists_its_own_projects(api, box):
    other = box.state.add_space("Other")
    await api.send("POST", PROJECTS, json={"space": other, "title": "There"})

    assert await api.titles(f"/api/v2/spaces/{other}/projects/") == ["There"]
    assert await api.titles(f"/api/v2/spaces/{box.space}/projects/") == ["Project"]
    assert (await api.get("/api/v2/spaces/nowhere/projects/")).status == 404


async def test_a_sandbox_begins_with_the_spaces_it_is_given():
    async with SandboxServer(spaces=("A", "B")) as box, aiohttp.ClientSession() as session:
        api = Api(box, session)
        first, second = box.space_ids

        assert await api.titles("/api/v2/spaces/") == ["A", "B"]
        assert box.space == first
        assert (await api.get(f"/api/v2/spaces/{second}/")).json["title"] == "B"
        assert await api.titles(f"/api/v2/spaces/{first}/projects/") == ["Project"]
        assert await api.titles(f"/api/v2/spaces/{second}/projects/") == []

        third = box.add_space("C")
        moved = box.add_project("Moves", space=second)
        await api.send("PUT", f"{PROJECTS}{moved}/", json={"space": third})
        got = (await api.get(f"/api/v2/spaces/{third}/projects/")).json["objects"]
        assert [one["space"] for one in got] == [{"id": third, "title": "C"}]
        assert await api.titles(f"/api/v2/spaces/{second}/projects/") == []


def test_a_sandbox_without_a_space_is_refused():
    with pytest.raises(ValueError, match="spaces is empty"):
        SandboxServer(spaces=())


async def test_spaces_that_a_test_adds_are_listed_with_pages(api, box):
    for title in ("Second", "Third"):
        box.state.add_space(title)

    got = (await api.get("/api/v2/spaces/?limit=1&offset=1")).json

    assert [one["title"] for one in got["objects"]] == ["Second"]
    assert got["meta"]["total_count"] == 3


async def test_the_list_shows_everybody_without_an_id(api, box):
    got = (await api.get("/api/v2/users/")).json

    assert got["meta"] == {"limit": 20, "next": None, "offset": 0, "previous": None, "total_count": 4}
    assert got["objects"][:2] == [
        {
            "first_name": "Administrator",
            "last_name": "Administrator",
            "resource_uri": "/api/v2/users/administrator/",
            "user_type": "Administrator",
            "username": "administrator",
        },
        {
            "first_name": "Leia",
            "last_name": "Organa",
            "resource_uri": "/api/v2/users/leia/",
            "user_type": "Internal user",
            "username": "leia",
        },
    ]


async def test_the_list_has_pages(api):
    got = (await api.get("/api/v2/users/?limit=1&offset=1&username=rey")).json

    assert [one["username"] for one in got["objects"]] == ["leia"]
    assert got["meta"]["next"] == "/api/v2/users/?username=rey&limit=1&offset=2"


async def test_details_are_under_the_singular_and_say_so(api, box):
    box.state.add_user("luke@rebels", "Luke", "Skywalker", user_type="External user")

    got = (await api.get("/api/v2/user/luke%40rebels/")).json

    assert got == {
        "first_name": "Luke",
        "last_name": "Skywalker",
        "resource_uri": "/api/v2/user/luke@rebels/",
        "user_type": "External user",
        "username": "luke@rebels",
    }
    assert (await api.get("/api/v2/users/leia/")).status == 404


async def test_a_user_that_is_not_there_is_an_empty_404(api):
    got = await api.get("/api/v2/user/missing/")

    assert (got.status, got.body) == (404, b"")


async def test_who_asks_is_a_list_of_one(api):
    got = (await api.get("/api/v2/user/")).json

    assert got["meta"]["total_count"] == 1
    assert [one["username"] for one in got["objects"]] == ["administrator"]
    assert got["objects"][0]["resource_uri"] == "/api/v2/user/administrator/"


async def projects(api, box, count):
    said = [{"space": box.space, "title": f"P{number}"} for number in range(count)]
    return [(await api.send("POST", "/api/v2/projects/", json=one)).id for one in said]


async def test_recent_projects_are_those_whose_details_were_asked_for(api, box):
    first, second, third = await projects(api, box, 3)
    assert await api.titles(RECENT) == []

    for project in (first, second, third, first):
        await api.get(f"/api/v2/projects/{project}/")
    await api.get("/api/v2/projects/")
    await api.get(f"/api/v2/spaces/{box.space}/")

    got = (await api.get(RECENT)).json
    assert [one["title"] for one in got["objects"]] == ["P0", "P2", "P1"]
    assert got["objects"][0] == (await api.get("/api/v2/projects/?title=P0")).json["objects"][0]


async def test_ten_recent_projects_are_kept_and_the_limit_says_twenty(api, box):
    for project in await projects(api, box, 12):
        await api.get(f"/api/v2/projects/{project}/")

    got = (await api.get(RECENT)).json

    assert got["meta"] == {"limit": 20, "next": None, "offset": 0, "previous": None, "total_count": 10}
    assert [one["title"] for one in got["objects"]] == [f"P{number}" for number in range(11, 1, -1)]


async def test_a_deleted_project_is_not_recent_any_more(api, box):
    await api.get(f"/api/v2/projects/{box.project}/")
    await api.send("DELETE", f"/api/v2/projects/{box.project}/")

    assert await api.titles(RECENT) == []


async def test_every_operation_on_users_has_its_name(api, box):
    for path in ("users/", "user/leia/", "user/", "user/projects/recent/"):
        await api.get(f"/api/v2/{path}")

    assert [one.operation for one in box.state.requests] == [
        *("users.list", "users.get", "users.me", "users.recent")
    ]


async def test_they_want_a_key_like_everything_else(api):
    assert (await api.get("/api/v2/user/", key="none")).status == 401


async def test_a_comment_shows_a_number_and_microseconds():
    async with SandboxServer(clock=lambda: 1412308297.5) as box, aiohttp.ClientSession() as session:
        api = Api(box, session)
        made = await api.send("POST", COMMENTS, json={"text": "Já!", "doc_id": box.project})
        got = (await api.get(f"{COMMENTS}1/")).json

    assert (made.status, made.body, made.headers["Location"]) == (201, b"", f"{COMMENTS}1/")
    assert got == {
        "author": "/api/v2/users/administrator/",
        "doc_id": box.project,
        "id": 1,
        "resource_uri": f"{COMMENTS}1/",
        "text": "Já!",
        "time": "2014-10-03T03:51:37.500000",
    }


async def test_comments_are_listed_in_the_order_they_were_made(api, box):
    task, file = box.state.add_task(box.project, "x"), await api.file()
    for number, document in enumerate((box.project, task, file)):
        assert box.state.add_comment(document, f"c{number}") == number + 1

    got = (await api.get(f"{COMMENTS}?limit=2")).json

    assert [one["text"] for one in got["objects"]] == ["c0", "c1"]
    assert (got["meta"]["total_count"], got["meta"]["next"]) == (3, f"{COMMENTS}?limit=2&offset=2")


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
    got = await api.send("POST", COMMENTS, json={"text": "x", "doc_id": box.project, **change})

    assert (got.status, box.state.comments) == (400, {})
    assert word in got.json["error"]


@pytest.mark.parametrize("key", ["2", "0", "x", "-1", "%C2%B2"])
async def test_a_comment_that_is_not_there_is_an_empty_404(api, box, key):
    box.state.add_comment(box.project, "x")

    got = await api.get(f"{COMMENTS}{key}/")

    assert (got.status, got.body) == (404, b"")


async def test_a_comment_cannot_be_deleted_but_goes_with_its_document(api, box):
    file = await api.file()
    box.state.add_comment(file, "first")

    assert (await api.send("DELETE", f"{COMMENTS}1/")).status == 405
    await api.send("DELETE", f"/api/v2/files/{file}/")
    assert (await api.get(f"{COMMENTS}1/")).status == 404
    assert box.state.add_comment(box.project, "second") == 2


async def test_every_operation_on_comments_has_its_name(api, box):
    await api.send("POST", COMMENTS, json={"text": "x", "doc_id": box.project})
    await api.get(COMMENTS)
    await api.get(f"{COMMENTS}1/")

    assert [one.operation for one in box.state.requests] == [
        *("comments.create", "comments.list", "comments.get")
    ]


async def test_every_kind_is_listed_and_shown_as_in_its_own_collection(api, box):
    task = box.state.add_task(box.project, "Task")

    listed = (await api.get("/api/v2/docs/?limit=0")).json["objects"]
    shown = (await api.get(f"/api/v2/docs/{task}/")).json
    own = (await api.get(f"/api/v2/tasks/{task}/")).json

    assert {each["type"] for each in listed} >= {"Space", "Project", "Task", "Folder"}
    assert shown.pop("resource_uri") == f"/api/v2/docs/{task}/"
    assert shown.items() <= own.items()


async def test_one_is_deleted_with_what_lies_in_it(api, box):
    task = box.state.add_task(box.project, "Task")

    assert (await api.send("DELETE", f"/api/v2/docs/{box.project}/")).status == 204
    assert (await api.get(f"/api/v2/docs/{task}/")).status == 404
    assert (await api.send("DELETE", f"/api/v2/docs/{box.project}/")).status == 404
