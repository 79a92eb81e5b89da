"""Tests of the filters of a list: titles, parents, contacts, dates."""

import aiohttp
import pytest

from coredata_async.sandbox.server import SandboxServer

from .api import Api


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
