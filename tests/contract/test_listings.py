"""Promises about every listing: its envelope, paging and order."""

from urllib.parse import parse_qs, urlsplit

import pytest

from coredata_async.resources.registry import Endpoint
from tests.contract.target import Target, rows

LISTS = pytest.mark.parametrize("row", rows(".list"))
DATED = pytest.mark.parametrize(
    "row", [each for each in rows(".list") if each.id in {"projects.list", "contacts.list"}]
)
META = {"limit", "next", "offset", "previous", "total_count"}


def keys(found: dict) -> list[str]:
    return [str(each.get("id") or each.get("username") or each.get("name")) for each in found["objects"]]


@LISTS
async def test_every_listing_comes_in_an_envelope(target: Target, row: Endpoint) -> None:
    found = await target.found(row.path)

    assert found.keys() == {"meta", "objects"}
    assert found["meta"].keys() == META
    assert isinstance(found["objects"], list)
    assert all(isinstance(each, dict) for each in found["objects"])
    assert isinstance(found["meta"]["total_count"], int)


@LISTS
async def test_the_default_limit_is_twenty(target: Target, row: Endpoint) -> None:
    found = await target.found(row.path)
    limit = 50 if row.operation == "value_lists.list" else 20  # fifty in 2014

    if row.proof.evidence == "documented":
        assert found["meta"]["limit"] == limit
    target.learn(f"the default limit of {row.path}", found["meta"]["limit"], limit)
    assert found["meta"]["offset"] == 0
    assert len(found["objects"]) == min(found["meta"]["limit"], found["meta"]["total_count"])


@LISTS
async def test_limit_and_offset_cut_a_window_out_of_the_whole(target: Target, row: Endpoint) -> None:
    whole = await target.found(row.path, limit=6)

    cut = await target.found(row.path, limit=2, offset=1)

    assert (cut["meta"]["limit"], cut["meta"]["offset"]) == (2, 1)
    assert keys(cut) == keys(whole)[1:3]
    assert cut["meta"]["total_count"] == whole["meta"]["total_count"]


@LISTS
async def test_total_count_counts_all_matches_and_not_the_page(target: Target, row: Endpoint) -> None:
    total = (await target.found(row.path, limit=1))["meta"]["total_count"]

    assert total >= len((await target.found(row.path, limit=20))["objects"])
    last = await target.found(row.path, limit=5, offset=max(0, total - 1))
    target.learn(f"objects from place total - 1 of {row.path}", len(last["objects"]), min(1, total))


@LISTS
async def test_past_the_end_there_is_nothing(target: Target, row: Endpoint) -> None:
    total = (await target.found(row.path, limit=1))["meta"]["total_count"]

    found = await target.found(row.path, limit=5, offset=total + 10)

    assert found["objects"] == []


@LISTS
async def test_next_and_previous_are_paths_to_the_neighbours(target: Target, row: Endpoint) -> None:
    meta = (await target.found(row.path, limit=1, offset=1))["meta"]
    places = {"next": 2, "previous": 0}

    for name, offset in places.items():
        if meta[name] is None:
            target.learn(f"{name} of {row.path}", None, None if meta["total_count"] <= offset else "a path")
            continue
        url = urlsplit(meta[name])
        assert (url.scheme, url.netloc, url.path) == ("", "", row.path)
        assert parse_qs(url.query) == {"limit": ["1"], "offset": [str(offset)]}


@LISTS
async def test_next_leads_to_the_following_objects(target: Target, row: Endpoint) -> None:
    first = await target.found(row.path, limit=2)
    if first["meta"]["next"] is None:
        if first["meta"]["total_count"] > 2:
            target.learn(f"next of {row.path} while there are more", None, "a path")
        return

    following = (await target.ask("GET", first["meta"]["next"])).json

    assert keys(following) == keys(await target.found(row.path, limit=2, offset=2))


@LISTS
async def test_the_first_page_has_no_previous(target: Target, row: Endpoint) -> None:
    assert (await target.found(row.path, limit=1))["meta"]["previous"] is None


@LISTS
async def test_the_last_page_has_no_next(target: Target, row: Endpoint) -> None:
    total = (await target.found(row.path, limit=1))["meta"]["total_count"]

    meta = (await target.found(row.path, limit=5, offset=max(0, total - 5)))["meta"]

    target.learn(f"next of the last page of {row.path}", meta["next"], None)


@LISTS
async def test_no_object_comes_twice(target: Target, row: Endpoint) -> None:
    found = [key for n in range(3) for key in keys(await target.found(row.path, limit=2, offset=2 * n))]

    assert len(found) == len(set(found))


@LISTS
async def test_an_unknown_filter_is_ignored(target: Target, row: Endpoint) -> None:
    """Inferred from the framework: a typo gives the whole listing, which is why the client types filters."""
    everything = await target.found(row.path, limit=1)

    got = await target.ask("GET", f"{row.path}?limit=1&titel=x")

    target.learn("a filter that does not exist", got.status, 200)
    target.learn(
        "objects for a filter that does not exist",
        got.json["meta"]["total_count"],
        everything["meta"]["total_count"],
    )


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "x"), ("limit", "-1"), ("offset", "x"), ("offset", "-1")]
)
async def test_a_limit_or_offset_must_be_a_number(target: Target, name: str, value: str) -> None:
    got = await target.ask("GET", f"/api/v2/projects/?{name}={value}")

    target.learn(f"{name}={value}", got.status, 400)


async def test_a_limit_of_zero_is_the_maximum(target: Target) -> None:
    meta = (await target.found("/api/v2/projects/", limit=0))["meta"]

    target.learn("the limit used for limit=0", meta["limit"], 1000)


@DATED
async def test_projects_and_contacts_come_in_the_order_they_were_made(target: Target, row: Endpoint) -> None:
    objects = await target.some(row.path, limit=20)
    order = [(each["created"], each["id"]) for each in objects if "created" in each]

    assert order == sorted(order)
