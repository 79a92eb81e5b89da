"""Tests of paths and methods."""

import pytest


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_missing_final_slash_is_a_301_for_every_method(api, method):
    got = await api.send(method, "/api/v2/projects?limit=1")

    assert (got.status, got.headers["Location"]) == (301, "/api/v2/projects/?limit=1")


async def test_a_post_that_follows_the_redirect_becomes_a_get(api, box):
    async with api.session.post(
        f"{box.url}/api/v2/projects", headers={"Authorization": f"apikey {box.api_user}:{box.api_key}"}
    ) as got:
        assert (got.status, got.method) == (200, "GET")


@pytest.mark.parametrize(
    "path", ["/", "/api/v2/", "/api/v2/groups/", "/api/v2/nonsense", "/api/v2/projects//", "/api/v3/files/"]
)
async def test_what_is_not_served_is_an_empty_404(api, path):
    got = await api.get(path)

    assert (got.status, got.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/v2/projects/", "GET, POST"),
        ("PUT", "/api/v2/files/", "GET, POST"),
        ("POST", "/api/v2/spaces/", "GET"),
        ("PATCH", "/api/v2/files/x/", "GET, PUT, DELETE"),
        ("PUT", "/api/v2/tasks/", "GET, POST"),
        ("PUT", "/api/v2/contacts/x/", "GET"),
        ("DELETE", "/api/v2/contacts/x/", "GET"),
        ("DELETE", "/api/v2/folders/x/", "GET"),
        ("PUT", "/api/v2/folders/x/", "GET"),
        ("POST", "/api/v2/users/", "GET"),
        ("DELETE", "/api/v2/user/leia/", "GET"),
        ("PUT", "/api/v2/user/", "GET"),
        ("POST", "/api/v2/user/projects/recent/", "GET"),
        ("DELETE", "/api/v2/comments/1/", "GET"),
        ("POST", "/api/v2/valuelists/", "GET"),
        ("PUT", "/api/v2/dynatypes/x/", "GET"),
        ("GET", "/api/v3/blob/presigned-upload-url/", "POST"),
    ],
)
async def test_a_wrong_method_is_a_405_that_names_the_right_ones(api, method, path, allow):
    got = await api.send(method, path)

    assert (got.status, got.body, got.headers["Allow"]) == (405, b"", allow)
