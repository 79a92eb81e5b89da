"""Promises about users, the authenticated user, and the projects visited last."""

from urllib.parse import quote

from tests.contract.target import Target


async def test_the_current_user_comes_in_an_envelope_of_one(target: Target) -> None:
    found = await target.found("/api/v2/user/")

    assert found.keys() == {"meta", "objects"}
    (me,) = found["objects"]
    assert found["meta"]["total_count"] == 1
    target.learn("the name of the current user", me["username"], target.user)


async def test_a_users_details_are_in_the_singular(target: Target) -> None:
    user = (await target.some("/api/v2/users/"))[0]
    path = f"/api/v2/user/{quote(user['username'], safe='')}/"

    found = await target.found(path)

    assert found["username"] == user["username"]
    assert found["resource_uri"] == path
    target.learn(
        "a user's resource_uri in the list", user["resource_uri"], path.replace("user/", "users/", 1)
    )


async def test_users_have_a_name_instead_of_an_id(target: Target) -> None:
    for user in await target.some("/api/v2/users/"):
        assert {"username", "first_name", "last_name"} <= user.keys()
        assert not {"id", "snapshot_id"} & user.keys()


async def test_the_current_user_is_one_of_the_users(target: Target) -> None:
    (me,) = (await target.found("/api/v2/user/"))["objects"]

    assert await target.found(f"/api/v2/user/{quote(me['username'], safe='')}/") == me


async def test_ten_recent_projects_are_remembered_at_most(target: Target) -> None:
    found = await target.found("/api/v2/user/projects/recent/")

    assert found.keys() == {"meta", "objects"}
    assert len(found["objects"]) <= 10
    assert found["meta"]["total_count"] == len(found["objects"])


async def test_recent_projects_are_projects(target: Target) -> None:
    recent = (await target.some("/api/v2/user/projects/recent/"))[0]

    detailed = await target.found(f"/api/v2/projects/{recent['id']}/")

    assert recent["type"] == detailed["type"] == "Project"
    assert recent["title"] == detailed["title"]


async def test_a_visited_project_comes_first(writable: Target, project: str) -> None:
    await writable.found(f"/api/v2/projects/{project}/")

    found = (await writable.found("/api/v2/user/projects/recent/"))["objects"]

    writable.learn("the latest of the recent projects", found[0]["id"] if found else None, project)


async def test_people_in_documents_are_objects_of_three_fields(target: Target) -> None:
    for project in await target.some("/api/v2/projects/", limit=100):
        for user in (*project.get("responsible_users", ()), *project.get("associated_users", ())):
            assert user.keys() == {"first_name", "last_name", "username"}
            return
    target.lacks("projects with a responsible user")
