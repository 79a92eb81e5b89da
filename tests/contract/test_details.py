"""Promises about the details of one object: the object alone, as in the listing."""

import re
import uuid
from datetime import UTC, datetime

import pytest

from coredata_async.resources.document import Document
from coredata_async.resources.registry import ROWS, Endpoint
from tests.contract.target import Target, inside, rows

GETS = pytest.mark.parametrize("row", rows(".get"))
DOCUMENTS = pytest.mark.parametrize(
    "row", [each for each in rows(".get") if issubclass(ROWS[each.id.partition(".")[0]].model, Document)]
)
STAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
NOWHERE = {"comments.get": "999999999", "users.get": "no-such-user", "value_lists.get": "no-such-list"}


async def both(target: Target, row: Endpoint) -> tuple[dict, dict]:
    """Return an object as the listing shows it, and its details."""
    kind = ROWS[row.operation.partition(".")[0]]
    listed = (await target.some(kind.path))[0]
    return listed, await target.found(inside(row, str(listed[kind.key])))


@GETS
async def test_details_come_without_an_envelope(target: Target, row: Endpoint) -> None:
    kind = ROWS[row.operation.partition(".")[0]]

    listed, detailed = await both(target, row)

    assert "meta" not in detailed
    assert detailed[kind.key] == listed[kind.key]


@GETS
async def test_details_say_what_the_listing_says(target: Target, row: Endpoint) -> None:
    listed, detailed = await both(target, row)
    if listed.get("snapshot_id") != detailed.get("snapshot_id"):
        target.lacks("object that stays as it is for two requests")

    common = listed.keys() & detailed.keys() - {"resource_uri"}  # plural in the list of users, then singular
    differing = {name for name in common if listed[name] != detailed[name]}
    assert differing == set()
    if "resource_uri" in listed and row.operation != "users.get":
        assert listed["resource_uri"] == detailed["resource_uri"]


@GETS
async def test_a_resource_uri_is_the_path_of_the_details(target: Target, row: Endpoint) -> None:
    _, detailed = await both(target, row)

    assert detailed["resource_uri"] == inside(row, str(detailed[ROWS[row.operation.partition(".")[0]].key]))


@DOCUMENTS
async def test_ids_and_snapshots_are_uuids(target: Target, row: Endpoint) -> None:
    _, detailed = await both(target, row)

    assert str(uuid.UUID(detailed["id"])) == detailed["id"]
    assert str(uuid.UUID(detailed["snapshot_id"])) == detailed["snapshot_id"]


@DOCUMENTS
async def test_a_document_has_the_fields_of_all_documents(target: Target, row: Endpoint) -> None:
    _, detailed = await both(target, row)

    assert {"id", "snapshot_id", "type", "title", "resource_uri", "created", "modified"} <= detailed.keys()
    model = ROWS[row.operation.partition(".")[0]].model
    assert detailed["type"] == model.__name__ or model is Document  # which is of any kind
    assert isinstance(detailed.get("tags", []), list)
    assert isinstance(detailed.get("aspects", {}), dict)


@DOCUMENTS
async def test_times_have_neither_a_zone_nor_a_fraction(target: Target, row: Endpoint) -> None:
    _, detailed = await both(target, row)

    for name in ("created", "modified"):
        assert STAMP.fullmatch(detailed[name])
    assert detailed["created"] <= detailed["modified"]


@DOCUMENTS
async def test_times_are_utc_by_the_clock_inside_the_id(target: Target, row: Endpoint) -> None:
    _, detailed = await both(target, row)
    identifier = uuid.UUID(detailed["id"])
    if identifier.version != 1:
        target.lacks("clock inside this id")

    ticks = identifier.time - 0x01B21DD213814000
    clock = datetime.fromtimestamp(ticks // 10_000_000, UTC).replace(tzinfo=None).isoformat()

    target.learn("`created`, against the clock inside the id", detailed["created"], clock)


@GETS
async def test_a_missing_object_is_not_found(target: Target, row: Endpoint) -> None:
    missing = NOWHERE.get(row.operation, "d4de3d64-77ca-11ee-a3a4-ef9b9d43eefb")

    got = await target.ask("GET", inside(row, missing))

    assert got.status >= 400
    target.learn("an object that is not there", got.status, 404)


async def test_a_value_list_shows_its_entries_in_the_details_alone(target: Target) -> None:
    listed = (await target.some("/api/v2/valuelists/"))[0]

    detailed = await target.found(f"/api/v2/valuelists/{listed['name']}/")

    target.learn("entries in the list of value lists", "entries" in listed, False)
    assert {"name", "ordering", "translations"} <= detailed["entries"][0].keys()


async def test_a_comments_id_is_a_number(target: Target) -> None:
    comment = (await target.some("/api/v2/comments/"))[0]

    target.learn("the type of a comment's id", type(comment["id"]), int)
