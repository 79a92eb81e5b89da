"""Inventory of a 5pm project: its order does not depend on what ids look like."""

import pytest

from coredata_async.archive.inventory import _collect, _once
from coredata_async.errors import CoreDataError
from coredata_async.fivepm import File, Listing, Page, Task


def test_ids_of_any_length_are_sorted_and_each_is_kept_once() -> None:
    ids = ["10", "9", "9" * 5000, "x", "9"]

    found = _once([File(id=each) for each in ids])

    assert [each.id for each in found] == ["9" * 5000, "x", "9", "10"]


async def test_a_listing_with_fewer_objects_than_the_service_counts_is_an_error() -> None:
    async def fetch(offset: int, count: int | None) -> Page[Task]:
        return Page((Task(id="1"), Task(id="2")), 5, offset)  # it ignores the offset

    with pytest.raises(CoreDataError, match="5pm lists 2 of 5 tasks of project 7"):
        await _collect(Listing(fetch, key=lambda task: task.id), "tasks of project 7")
