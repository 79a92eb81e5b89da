"""Service of dynatypes, against a sandbox of 2014."""

import pytest

from coredata_async.errors import NotFoundError


async def test_a_dynatype_is_read_by_the_id_that_documents_carry(client, box) -> None:
    carried = (await client.projects.get(box.project)).dynatype
    assert carried is not None

    found = await client.dynatypes.get(carried.id)

    assert (found.title, found.systype, found.status_list) == ("Project", "Project", "project_status")
    assert (found.caption_singular, found.caption_plural) == (
        carried.caption_singular,
        carried.caption_plural,
    )
    assert (found.description, found.extra) == ("", {})


async def test_the_predefined_dynatypes_of_files_are_listed(client) -> None:
    titles = {each.title async for each in client.dynatypes.list(page_size=3) if each.systype == "File"}

    assert titles >= {"File", "Contract", "LetterIn", "LetterOut", "Memo", "Other", "Report"}


async def test_no_dynatype_of_that_id(client) -> None:
    with pytest.raises(NotFoundError):
        await client.dynatypes.get("nothing")
