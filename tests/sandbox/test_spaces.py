"""Spaces."""

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


async def test_spaces_that_a_test_adds_are_listed_with_pages(api, box):
    for title in ("Second", "Third"):
        box.state.add_space(title)

    got = (await api.get("/api/v2/spaces/?limit=1&offset=1")).json

    assert [one["title"] for one in got["objects"]] == ["Second"]
    assert got["meta"]["total_count"] == 3
