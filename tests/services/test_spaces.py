"""Spaces, end to end."""

import pytest

from coredata_async import NotFoundError, Space


async def test_they_are_listed_and_read(client, box):
    other = box.state.add_space("Other")

    listed = await client.spaces.list().collect()

    assert [(each.id, each.title) for each in listed] == [(box.space, "Sandbox"), (other, "Other")]
    assert await client.spaces.get(other) == listed[1]
    assert isinstance(listed[0], Space)


async def test_the_projects_in_one_are_its_own(client, box):
    other = box.state.add_space("Other")
    inside = await client.projects.create(space=other, title="Inside")

    assert [each.id for each in await client.spaces.projects(other).collect()] == [inside]
    assert [each.id for each in await client.spaces.projects(box.space).collect()] == [box.project]


async def test_one_that_is_not_there(client):
    with pytest.raises(NotFoundError):
        await client.spaces.get("2bb7fb5e-8ef6-11e6-89e1-87ce876944be")
