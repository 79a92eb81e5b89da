"""Tests of spaces."""

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api

LIST = "/api/v2/projects/"


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
    await api.send("POST", LIST, json={"space": other, "title": "There"})

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
        await api.send("PUT", f"{LIST}{moved}/", json={"space": third})
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
