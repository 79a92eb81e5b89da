"""Inventory of a 5pm project: its order does not depend on what ids look like."""

from coredata_async.archive.inventory import _once
from coredata_async.fivepm import File


def test_ids_of_any_length_are_sorted_and_each_is_kept_once() -> None:
    ids = ["10", "9", "9" * 5000, "x", "9"]

    found = _once([File(id=each) for each in ids])

    assert [each.id for each in found] == ["9" * 5000, "x", "9", "10"]
