"""Tests of lists: pages, and the filters of the query."""

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api

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


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=x", "offset=-1", "offset=1.5", "limit=", f"limit={'9' * 5000}"]
)
async def test_a_limit_or_offset_that_is_not_a_number_is_refused(api, query):
    got = await api.get(f"{LIST}?{query}")

    assert got.status == 400
    assert "Invalid" in got.json["error"]


@pytest.fixture
async def dated():
    """Create three files a second apart: at 10.5, 11.5 and 12.5 seconds past 2026-01-01T00:00:00Z."""
    now = [1767225600.0]
    async with SandboxServer(clock=lambda: now[0]) as box, aiohttp.ClientSession() as session:
        api = Api(box, session)
        for number in range(3):
            now[0] = 1767225600 + 10.5 + number
            await api.file(title=f"t{number}")
        yield api


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("created__gt=2026-01-01T00:00:11Z", ["t2"]),
        ("created__gte=2026-01-01T00:00:11Z", ["t1", "t2"]),
        ("created__lt=2026-01-01T00:00:11Z", ["t0"]),
        ("created__lte=2026-01-01T00:00:11Z", ["t0", "t1"]),
        ("created__range=2026-01-01T00:00:10Z,2026-01-01T00:00:12Z", ["t1"]),
        ("created__range=2026-01-01T00:00:10Z%2C2026-01-01T00%3A00%3A12Z", ["t1"]),
        ("modified__range=2026-01-01T00:00:10Z,2026-01-01T00:00:12Z", ["t1"]),
        ("modified__range=2026-01-01T00:00:11Z,2026-01-01T00:00:11Z", []),
        ("modified__gt=2026-01-01T00:00:11", ["t2"]),
        ("modified__gt=2026-01-01T01:00:11%2B01:00", ["t2"]),
        ("modified__gt=2026-01-01T00:00:11.900Z", ["t2"]),
        ("title=t1", ["t1"]),
        ("title=T1", []),
        ("title__startswith=t", ["t0", "t1", "t2"]),
        ("title__startswith=t&created__gt=2026-01-01T00:00:11Z", ["t2"]),
        ("titel=t1", ["t0", "t1", "t2"]),
    ],
)
async def test_filters_choose(dated, query, titles):
    assert await dated.titles(f"/api/v2/files/?{query}") == titles


@pytest.mark.parametrize("name", ["created", "modified"])
async def test_a_sandbox_can_include_the_ends_of_a_range_as_the_framework_does(name):
    async with (
        SandboxServer(clock=lambda: 1767225610.5, range_includes_ends=True) as box,
        aiohttp.ClientSession() as session,
    ):
        api = Api(box, session)
        await api.file(title="t0")

        within = "2026-01-01T00:00:10Z,2026-01-01T00:00:10Z"
        assert await api.titles(f"/api/v2/files/?{name}__range={within}") == ["t0"]
        later = "2026-01-01T00:00:11Z,2026-01-01T00:00:12Z"
        assert await api.titles(f"/api/v2/files/?{name}__range={later}") == []


@pytest.mark.parametrize(
    "query",
    [
        "created__gt=yesterday",
        "created__gt=",
        "created__gt=2026-01-01T01:00:11+01:00",
        "modified__range=2026-01-01T00:00:10Z",
        "modified__lt=2026-01-01T00:00:10Z,2026-01-01T00:00:10Z",
    ],
)
async def test_a_date_that_is_not_one_is_refused(api, query):
    got = await api.get(f"/api/v2/files/?{query}")

    assert got.status == 400
    assert got.json["error"]


async def test_a_filter_of_another_collection_is_ignored(api, box):
    assert len(await api.titles("/api/v2/spaces/?title=nothing")) == 1
    assert len(await api.titles("/api/v2/projects/?parent=nothing")) == 1
    assert len(await api.titles("/api/v2/projects/?identifier=nothing")) == 1


async def test_projects_are_found_by_contact(api, box):
    contact = box.state.add_contact("Jón")
    said = {"space": box.space, "title": "C", "contacts": [contact]}
    await api.send("POST", "/api/v2/projects/", json=said)

    assert await api.titles(f"/api/v2/projects/?associated_contacts_id={contact}") == ["C"]


async def test_parent_wants_the_workspace_and_not_the_project(api, box):
    file = await api.file()
    workspace = (await api.details(file))["parent"]

    assert workspace != box.project
    assert await api.titles(f"/api/v2/files/?parent={workspace}") == ["a"]
    assert await api.titles(f"/api/v2/files/?parent={box.project}") == []
