"""Promises about authentication, and about paths without a final slash."""

import pytest

from tests.contract.target import Target

PROJECTS = "/api/v2/projects/"
RESERVE = "/api/v3/blob/presigned-upload-url/?content_length=1"


async def test_version_2_wants_user_and_key(target: Target) -> None:
    assert (await target.ask("GET", f"{PROJECTS}?limit=1", key="v2")).status == 200


@pytest.mark.parametrize("key", ["none", "apikey", "apikey unknown:wrong", "apikey wrong", "apikey :"])
async def test_other_credentials_are_refused(target: Target, key: str) -> None:
    got = await target.ask("GET", f"{PROJECTS}?limit=1", key=key)

    assert got.status >= 400
    target.learn("a request without a good key", got.status, 401)


async def test_a_wrong_key_for_the_right_user_is_refused(target: Target) -> None:
    got = await target.ask("GET", f"{PROJECTS}?limit=1", key=f"apikey {target.user}:wrong")

    target.learn("a wrong key", got.status, 401)


async def test_the_scheme_is_recognised_in_any_case(target: Target) -> None:
    got = await target.ask("GET", f"{PROJECTS}?limit=1", key=f"ApiKey {target.user}:{target.key}")

    target.learn("the scheme written `ApiKey`", got.status, 200)


async def test_the_key_alone_is_nothing_to_version_2(target: Target) -> None:
    got = await target.ask("GET", f"{PROJECTS}?limit=1", key="v3")

    target.learn("version 2 asked with the key alone", got.status, 401)


async def test_version_3_wants_the_key_alone(writable: Target) -> None:
    assert (await writable.ask("POST", RESERVE, key="v3")).status == 200


async def test_user_and_key_are_nothing_to_version_3(writable: Target) -> None:
    got = await writable.ask("POST", RESERVE, key="v2")

    writable.learn("version 3 asked with user and key", got.status, 401)


@pytest.mark.parametrize("query", ["", "?limit=1&offset=2"])
async def test_without_its_last_slash_a_path_is_redirected_to_itself(target: Target, query: str) -> None:
    got = await target.ask("GET", f"/api/v2/projects{query}")

    assert 300 <= got.status < 400
    assert got.headers["Location"].removeprefix(target.url) == f"{PROJECTS}{query}"
    target.learn("a path without its last slash", got.status, 301)


async def test_a_post_without_the_last_slash_creates_nothing(writable: Target) -> None:
    before = (await writable.found(PROJECTS, limit=1))["meta"]["total_count"]

    got = await writable.ask("POST", "/api/v2/projects", json={"space": writable.space, "title": "no"})

    if got.status == 201:
        await writable.ask("DELETE", f"{PROJECTS}{got.id}/")
    assert got.status >= 300
    assert (await writable.found(PROJECTS, limit=1))["meta"]["total_count"] == before


async def test_an_unknown_path_is_not_found(target: Target) -> None:
    got = await target.ask("GET", "/api/v2/nothing-of-that-name/")

    target.learn("a path that is not served", got.status, 404)


async def test_users_cannot_be_made(writable: Target) -> None:
    got = await writable.ask("POST", "/api/v2/users/", json={})

    assert got.status >= 400
    writable.learn("a method that is not served", got.status, 405)
