from datetime import UTC

import pytest

from coredata_async import NotFoundError


async def test_any_document_is_read_whatever_its_kind(client, box) -> None:
    task = box.state.add_task(box.project, "Task")

    found = {each.id: each async for each in client.documents.list()}

    assert found[box.project].type == "Project"
    assert found[task].created is not None
    assert found[task].created.tzinfo is UTC
    assert found[task] == await client.documents.get(task)
    assert found[task].extra["status"] == "task_status:In_progress:"


async def test_any_document_can_be_deleted(client, box) -> None:
    await client.documents.delete(box.project)

    with pytest.raises(NotFoundError):
        await client.projects.get(box.project)
