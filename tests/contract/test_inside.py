"""Promises about the listings inside one object: its own objects, in the usual form."""

import pytest

from coredata_async.resources.registry import Endpoint
from tests.contract.target import Target, inside, rows

INSIDE = [
    each
    for noun in ("projects", "files", "tasks", "folders")
    for each in rows(f".{noun}")
    if "{" in each.values[0].path
]
NESTED = pytest.mark.parametrize("row", INSIDE)


async def owner(target: Target, row: Endpoint) -> tuple[str, dict]:
    """Return an object that contains others, and the response."""
    for each in await target.some(row.path.partition("{")[0]):
        found = await target.found(inside(row, each["id"]), limit=100)
        if found["objects"]:
            return each["id"], found
    return target.lacks(f"objects under {row.path}")


@NESTED
async def test_a_listing_inside_has_the_envelope_of_every_listing(target: Target, row: Endpoint) -> None:
    _, found = await owner(target, row)

    assert found.keys() == {"meta", "objects"}
    assert found["meta"].keys() == {"limit", "next", "offset", "previous", "total_count"}
    assert found["meta"]["total_count"] >= len(found["objects"])


@NESTED
async def test_a_listing_inside_is_paged_like_every_listing(target: Target, row: Endpoint) -> None:
    key, whole = await owner(target, row)

    cut = await target.found(inside(row, key), limit=1, offset=1)

    assert [each["id"] for each in cut["objects"]] == [each["id"] for each in whole["objects"][1:2]]
    meta = (await target.found(inside(row, key)))["meta"]
    target.learn(f"the default limit of {row.path}", meta["limit"], 20)


@NESTED
async def test_what_is_inside_is_shown_as_its_own_listing_shows_it(target: Target, row: Endpoint) -> None:
    _, found = await owner(target, row)
    one = found["objects"][0]

    detailed = await target.found(one["resource_uri"])

    assert {name for name in one.keys() & detailed.keys() if one[name] != detailed[name]} == set()


@NESTED
async def test_what_is_inside_names_what_it_is_in(target: Target, row: Endpoint) -> None:
    key, found = await owner(target, row)
    holder = {"/api/v2/spaces/": "space", "/api/v2/projects/": "project"}.get(row.path.partition("{")[0])

    for each in found["objects"]:
        if holder is not None:
            assert each[holder]["id"] == key
        elif "associated_contacts_id" in each:
            assert key in each["associated_contacts_id"]


@pytest.mark.parametrize("noun", ["projects", "files", "tasks"])
async def test_a_contacts_listings_are_the_filter_by_contact(target: Target, noun: str) -> None:
    (row,) = [each.values[0] for each in INSIDE if each.id == f"contacts.{noun}"]
    key, found = await owner(target, row)

    filtered = await target.found(f"/api/v2/{noun}/", limit=100, associated_contacts_id=key)

    assert [each["id"] for each in filtered["objects"]] == [each["id"] for each in found["objects"]]


@NESTED
async def test_inside_what_is_not_there_is_nothing(target: Target, row: Endpoint) -> None:
    got = await target.ask("GET", inside(row, "d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb"))

    target.learn("a listing inside an object that is not there", got.status, 404)
