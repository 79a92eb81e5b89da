"""Service of value lists, against a sandbox of 2014."""

import pytest

from coredata_async.errors import NotFoundError
from coredata_async.resources.values import ListValue


async def test_a_value_list_is_read_by_name_with_its_entries_in_order(client) -> None:
    found = await client.value_lists.get("project_status")

    assert (found.name, found.type, found.parent) == ("project_status", "status", "")
    assert [ListValue(each.name).value for each in found.entries] == [
        "In_progress",
        "Pending",
        "On_hold",
        "Closed",
    ]
    assert [each.ordering for each in found.entries] == [0, 1, 2, 3]
    assert found.entries[1].translations["en"] == "Pending"
    assert found.extra == {}


async def test_an_entry_names_what_it_is_nested_under(client) -> None:
    countries = await client.value_lists.get("country")
    iceland = next(each for each in countries.entries if ListValue(each.name).value == "Iceland")

    assert countries.parent == "continent"
    assert ListValue(iceland.name).parent == "europe"
    assert ListValue(iceland.parent).value == "europe"


async def test_listed_value_lists_come_without_entries(client) -> None:
    found = {each.name: each async for each in client.value_lists.list()}

    assert {"project_status", "task_status", "contact_role", "country"} <= found.keys()
    assert {each.entries for each in found.values()} == {()}


async def test_a_projects_status_is_an_entry_of_its_list(client, box) -> None:
    status = (await client.projects.get(box.project)).status

    assert status in {each.name for each in (await client.value_lists.get(status.list)).entries}


async def test_no_value_list_of_that_name(client) -> None:
    with pytest.raises(NotFoundError):
        await client.value_lists.get("colours")
