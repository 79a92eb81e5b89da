"""Tests of pages."""

import pytest

LIST = "/api/v2/projects/"


@pytest.fixture
async def five(api, box):
    """Create five projects: the initial one, and 1 to 4."""
    for number in range(1, 5):
        await api.send("POST", LIST, json={"space": box.space, "title": f"P{number}"})


async def test_the_envelope_has_what_the_vendors_has(api, five):
    assert (await api.get(LIST)).json["meta"] == {
        "limit": 20,
        "next": None,
        "offset": 0,
        "previous": None,
        "total_count": 5,
    }


async def test_pages_name_their_neighbours_by_paths_without_a_host(api, five):
    got = (await api.get(f"{LIST}?limit=2&title__startswith=P&offset=2")).json

    assert got["meta"]["next"] == f"{LIST}?title__startswith=P&limit=2&offset=4"
    assert got["meta"]["previous"] == f"{LIST}?title__startswith=P&limit=2&offset=0"
    assert [one["title"] for one in got["objects"]] == ["P2", "P3"]


async def test_previous_is_null_when_no_whole_page_fits_before(api, five):
    assert (await api.get(f"{LIST}?limit=3&offset=2")).json["meta"]["previous"] is None


async def test_following_next_gives_everything_once_in_order_of_creation(api, five):
    titles, path = [], f"{LIST}?limit=2"
    while path:
        got = (await api.get(path)).json
        titles += [one["title"] for one in got["objects"]]
        path = got["meta"]["next"]

    assert titles == ["Project", "P1", "P2", "P3", "P4"]


async def test_limit_zero_means_the_most_there_may_be(api, box, five):
    assert (await api.get(f"{LIST}?limit=0")).json["meta"]["limit"] == 1000


async def test_a_limit_above_the_cap_is_cut_and_the_answer_says_so(api):
    assert (await api.get(f"{LIST}?limit=5000")).json["meta"]["limit"] == 1000


async def test_an_offset_behind_the_end_gives_nothing(api, five):
    got = (await api.get(f"{LIST}?offset=9")).json

    assert (got["objects"], got["meta"]["total_count"], got["meta"]["next"]) == ([], 5, None)


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "offset=-1", "offset=1.5", "limit="])
async def test_a_limit_or_offset_that_is_not_a_number_is_refused(api, query):
    got = await api.get(f"{LIST}?{query}")

    assert got.status == 400
    assert "Invalid" in got.json["error"]
