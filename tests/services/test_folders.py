"""Service of folders, against a sandbox: create and details are by analogy."""

import pytest

from coredata_async.errors import BadRequestError


async def test_a_folder_that_is_created_comes_back_field_by_field(client, box) -> None:
    folder = await client.folders.create(title="Minutes", parent=box.project, description="þing")

    found = await client.folders.get(folder)

    assert (found.id, found.type, found.title, found.description) == (folder, "Folder", "Minutes", "þing")
    assert found.project is not None
    assert found.project.id == box.project
    assert found.space is not None
    assert found.space.id == box.space
    assert found.dynatype is None
    assert found.extra == {}


async def test_a_folder_lies_in_the_projects_workspace_and_not_in_the_project(client, box) -> None:
    found = await client.folders.get(await client.folders.create(title="Minutes", parent=box.project))

    assert found.parent not in {"", box.project}


async def test_a_folder_in_a_folder_takes_files(client, box) -> None:
    outer = await client.folders.create(title="Outer", parent=box.project)
    inner = await client.folders.create(title="Inner", parent=outer)
    up = await client.files.upload(b"x", parent=inner, filename="a.txt")

    assert (await client.folders.get(inner)).parent == outer
    assert [each.id async for each in client.files.list(parent=inner)] == [up.file_id]
    assert [each.id async for each in client.projects.folders(box.project)] == [outer, inner]


async def test_listings_hold_the_systems_own_folders(client) -> None:
    found = {each.title: each async for each in client.folders.list()}

    assert found["trash"].path == "/domain/trash"
    assert (found["trash"].version, found["trash"].created_by) == ("", "")
    assert "{{title}}" in found


async def test_a_folder_in_nothing_is_refused(client) -> None:
    with pytest.raises(BadRequestError, match="parent"):
        await client.folders.create(title="Minutes", parent="nowhere")
