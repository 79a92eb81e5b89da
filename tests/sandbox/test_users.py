"""Tests of users, the authenticated user, and the projects that this user visited."""


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
    got = await api.get("/api/v2/user/nobody/")

    assert (got.status, got.body) == (404, b"")


async def test_who_asks_is_a_list_of_one(api):
    got = (await api.get("/api/v2/user/")).json

    assert got["meta"]["total_count"] == 1
    assert [one["username"] for one in got["objects"]] == ["administrator"]
    assert got["objects"][0]["resource_uri"] == "/api/v2/user/administrator/"


RECENT = "/api/v2/user/projects/recent/"


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


async def test_every_operation_has_its_name(api, box):
    for path in ("users/", "user/leia/", "user/", "user/projects/recent/"):
        await api.get(f"/api/v2/{path}")

    assert [one.operation for one in box.state.requests] == [
        *("users.list", "users.get", "users.me", "users.recent")
    ]


async def test_they_want_a_key_like_everything_else(api):
    assert (await api.get("/api/v2/user/", key="none")).status == 401
