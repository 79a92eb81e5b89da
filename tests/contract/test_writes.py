"""Promises about writes: a Location, partial updates, and lasting deletions."""

import re
import time

import aiohttp
import pytest

from tests.contract.target import Got, Target

EDITABLE = pytest.mark.parametrize("noun", ["projects", "tasks"])
CREATABLE = pytest.mark.parametrize("noun", ["projects", "tasks", "folders", "comments", "contacts"])
NOWHERE = "d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb"


def least(target: Target, noun: str, project: str) -> dict[str, object]:
    """Return the required fields."""
    title = f"contract {time.time_ns()}"
    return {
        "projects": {"space": target.space, "title": title},
        "tasks": {"project": project, "title": title},
        "folders": {"parent": project, "title": title},
        "comments": {"doc_id": project, "text": title},
        "contacts": {"title": title},
    }[noun]


async def created(target: Target, noun: str, project: str, **more: object) -> Got:
    if target.live and noun == "contacts":
        pytest.skip("a contact cannot be deleted by the API, so a tenant is not given one")
    body = {**least(target, noun, project), **more}
    got = await target.ask("POST", f"/api/v2/{noun}/", json=body)
    if noun not in {"projects", "contacts"}:
        target.learn(f"POST /api/v2/{noun}/, which is not documented", got.status, 201)
    return got


@pytest.fixture
async def gone(writable: Target):
    """Yield a list of the paths that a test created; they are deleted at its end."""
    paths: list[str] = []
    yield paths
    for path in reversed(paths):
        await writable.ask("DELETE", path)


@CREATABLE
async def test_a_creation_returns_its_location(
    writable: Target, project: str, gone: list[str], noun: str
) -> None:
    got = await created(writable, noun, project)
    gone.append(f"/api/v2/{noun}/{got.id}/")

    assert got.status == 201
    assert re.fullmatch(rf"/api/v2/{noun}/[0-9a-f-]+/", got.headers["Location"].removeprefix(writable.url))
    assert str((await writable.found(f"/api/v2/{noun}/{got.id}/"))["id"]) == got.id
    writable.learn("the body of a 201", got.body, b"")


@CREATABLE
async def test_without_a_required_field_nothing_is_created(
    writable: Target, project: str, gone: list[str], noun: str
) -> None:
    if writable.live and noun == "contacts":
        pytest.skip("a contact cannot be deleted by the API, so a tenant is not given one")
    body = least(writable, noun, project)
    for name in body:
        before = (await writable.found(f"/api/v2/{noun}/", limit=1))["meta"]["total_count"]

        got = await writable.ask(
            "POST", f"/api/v2/{noun}/", json={each: body[each] for each in body if each != name}
        )

        if got.status == 201:
            gone.append(f"/api/v2/{noun}/{got.id}/")
        writable.learn(f"{noun} without {name}", got.status, 400)
        if not writable.live:  # where others may be writing, too
            assert (await writable.found(f"/api/v2/{noun}/", limit=1))["meta"]["total_count"] == before


@EDITABLE
async def test_a_change_of_one_field_leaves_the_others(
    writable: Target, project: str, gone: list[str], noun: str
) -> None:
    more = {"description": "d", "tags": ["one", "two"], "due_date": "2026-02-01"}
    path = f"/api/v2/{noun}/{(await created(writable, noun, project, **more)).id}/"
    gone.append(path)
    before = await writable.found(path)

    got = await writable.ask("PUT", path, json={"title": "Changed"})

    assert (got.status, got.body) == (204, b"")
    after = await writable.found(path)
    changed = {name for name in after if after[name] != before[name]}
    assert after["title"] == "Changed"
    assert after["snapshot_id"] != before["snapshot_id"]
    assert changed <= {"title", "snapshot_id", "modified", "modified_by", "path", "version", "project"}
    assert {name: after[name] for name in more} == more


@EDITABLE
async def test_a_list_is_replaced_as_a_whole(
    writable: Target, project: str, gone: list[str], noun: str
) -> None:
    path = f"/api/v2/{noun}/{(await created(writable, noun, project, tags=['one', 'two'])).id}/"
    gone.append(path)

    await writable.ask("PUT", path, json={"tags": ["three"]})

    assert (await writable.found(path))["tags"] == ["three"]


@EDITABLE
@pytest.mark.parametrize("said", [{"description": "d"}, {"tags": ["one"]}, {"due_date": "2026-02-01"}])
async def test_null_clears_a_field(
    writable: Target, project: str, gone: list[str], noun: str, said: dict[str, object]
) -> None:
    (name,) = said
    path = f"/api/v2/{noun}/{(await created(writable, noun, project, **said)).id}/"
    gone.append(path)

    got = await writable.ask("PUT", path, json={name: None})

    writable.learn(f"null for {name}", got.status, 204)
    writable.learn(f"{name} after null", bool((await writable.found(path))[name]), False)


@EDITABLE
async def test_usernames_go_in_and_people_come_out(
    writable: Target, project: str, gone: list[str], noun: str
) -> None:
    (me,) = (await writable.found("/api/v2/user/"))["objects"]
    path = (
        f"/api/v2/{noun}/{(await created(writable, noun, project, responsible_users=[me['username']])).id}/"
    )
    gone.append(path)

    (found,) = (await writable.found(path))["responsible_users"]

    assert found == {name: me[name] for name in ("first_name", "last_name", "username")}


@EDITABLE
async def test_a_deleted_object_is_not_found(writable: Target, project: str, noun: str) -> None:
    path = f"/api/v2/{noun}/{(await created(writable, noun, project)).id}/"

    got = await writable.ask("DELETE", path)

    assert (got.status, got.body) == (204, b"")
    writable.learn("what was deleted", (await writable.ask("GET", path)).status, 404)
    writable.learn("deleting it again", (await writable.ask("DELETE", path)).status, 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("noun", ["projects", "tasks", "files"])
async def test_a_missing_object_is_not_changed_or_deleted(writable: Target, noun: str, method: str) -> None:
    """Inferred from the framework: a PUT to a missing id may create; what the sandbox does is 404."""
    body = {"title": "x", "filename": "x", "parent": NOWHERE} if method == "PUT" else None

    path = f"/api/v2/{noun}/{NOWHERE}/"

    got = await writable.ask(method, path, json=body)

    if method == "PUT" and got.status < 300:
        await writable.ask("DELETE", path)
    writable.learn(f"{method} of an object that is not there", got.status in {400, 404}, True)


async def test_metadata_of_a_file_are_changed_and_its_content_stays(writable: Target, project: str) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in {"filename": "a.txt", "title": "a", "parent": project}.items():
        form.add_field(name, value)
    form.add_field("content", b"content", filename="x")
    path = f"/api/v2/files/{(await writable.ask('POST', '/api/v2/files/', data=form)).id}/"
    before = await writable.found(path)
    body = {"filename": "b.txt", "title": "b", "parent": before["parent"], "tags": "one, two words"}

    got = await writable.ask("PUT", path, json=body)

    assert (got.status, got.body) == (204, b"")
    after = await writable.found(path)
    assert (after["filename"], after["title"], after["tags"]) == ("b.txt", "b", ["one", "two words"])
    assert (after["digest"], after["size"], after["parent"]) == (
        before["digest"],
        before["size"],
        before["parent"],
    )
    assert (await writable.ask("DELETE", path)).status == 204
    writable.learn("a deleted file", (await writable.ask("GET", path)).status, 404)


@pytest.mark.parametrize("missing", ["filename", "title", "parent"])
async def test_a_file_is_changed_whole_or_not_at_all(writable: Target, missing: str) -> None:
    file = (await writable.some("/api/v2/files/", limit=1))[0]
    if writable.live:
        pytest.skip("this would be tried on a file of a user")
    body = {name: file[name] for name in ("filename", "title", "parent") if name != missing}

    got = await writable.ask("PUT", f"/api/v2/files/{file['id']}/", json=body)

    assert got.status == 400
    assert await writable.found(f"/api/v2/files/{file['id']}/") == file
