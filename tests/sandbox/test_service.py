"""Tests of authentication."""

import pytest


@pytest.mark.parametrize("scheme", ["apikey", "ApiKey", "APIKEY"])
async def test_v2_takes_user_and_key_whatever_the_case_of_the_scheme(api, box, scheme):
    header = {"Authorization": f"{scheme} {box.api_user}:{box.api_key}"}

    assert (await api.get("/api/v2/spaces/", key="none", headers=header)).status == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "apikey",
        "apikey {key}",
        "apikey x:{key}",
        "apikey {user}:x",
        "apikey {user}:{key}:",
        "Basic {user}:{key}",
    ],
)
async def test_v2_answers_anything_else_with_an_empty_401(api, box, header):
    value = header.format(user=box.api_user, key=box.api_key)

    got = await api.get("/api/v2/spaces/", key="none", headers={"Authorization": value} if value else {})

    assert (got.status, got.body) == (401, b"")


async def test_the_key_may_contain_colons_for_the_first_one_splits(api, box):
    box.keys.v2 = "a:b:c"

    assert (await api.get("/api/v2/spaces/")).status == 200


async def test_v3_takes_the_key_alone(api, box):
    path = "/api/v3/blob/presigned-upload-url/?content_length=1"

    assert (await api.send("POST", path, key="v3")).status == 200
    assert (await api.send("POST", path, key="v2")).status == 401
    assert (await api.send("POST", path, key="none")).status == 401


async def test_the_keys_of_v2_and_v3_may_differ(api, box):
    box.api_key_v3 = "another"
    path = "/api/v3/blob/presigned-upload-url/?content_length=1"

    assert (await api.send("POST", path, key="v3")).status == 200
    old = {"Authorization": f"apikey {box.api_key}"}
    assert (await api.send("POST", path, key="none", headers=old)).status == 401
    assert (await api.get("/api/v2/spaces/")).status == 200


async def test_a_key_in_the_query_does_not_count(api, box):
    got = await api.get(f"/api/v2/spaces/?username={box.api_user}&api_key={box.api_key}", key="none")

    assert got.status == 401
