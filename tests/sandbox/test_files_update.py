"""Tests of changes to the metadata of Files."""

import pytest

LIST = "/api/v2/files/"


async def test_update_changes_metadata_and_not_content(api, box):
    file = await api.file(tags="kept")
    before = await api.details(file)
    said = {"filename": "b.txt", "title": "b", "parent": before["parent"]}

    got = await api.send("PUT", f"{LIST}{file}/", json=said)

    after = await api.details(file)
    assert (got.status, got.body) == (204, b"")
    assert (after["filename"], after["title"], after["tags"]) == ("b.txt", "b", ["kept"])
    assert after["snapshot_id"] != before["snapshot_id"]
    for name in ("parent", "digest", "blob_name", "version"):
        assert after[name] == before[name]


async def test_another_parent_moves_the_file(api, box):
    file = await api.file()
    other = (await api.send("POST", "/api/v2/projects/", json={"space": box.space, "title": "Other"})).id

    await api.send("PUT", f"{LIST}{file}/", json={"filename": "a.txt", "title": "a", "parent": other})

    assert (await api.details(file))["project"]["id"] == other


async def test_null_clears_what_may_be_empty_and_makes_a_plain_file(api, box):
    contact = box.state.add_contact("Jón")
    file = await api.file(dynatype="Memo", tags="x", contacts=contact)
    said = {"filename": "a.txt", "title": "a", "parent": box.project}

    kept = await api.send("PUT", f"{LIST}{file}/", json=said)
    memo = await api.details(file)
    cleared = await api.send("PUT", f"{LIST}{file}/", json={**said, "tags": None, "dynatype": None})
    plain = await api.details(file)

    assert (kept.status, memo["dynatype"]["title"], memo["tags"]) == (204, "Memo", ["x"])
    assert (cleared.status, plain["dynatype"]["title"], plain["tags"]) == (204, "File", [])
    assert await api.titles(f"{LIST}?associated_contacts_id={contact}") == []


@pytest.mark.parametrize("missing", ["filename", "title", "parent"])
async def test_update_demands_filename_title_and_parent(api, box, missing):
    file = await api.file()
    said = {"filename": "a.txt", "title": "a", "parent": box.project}
    del said[missing]

    got = await api.send("PUT", f"{LIST}{file}/", json=said)

    assert got.status == 400
    assert missing in got.json["error"]


async def test_tags_of_a_file_are_a_string_and_not_a_list(api, box):
    file = await api.file()
    said = {"filename": "a.txt", "title": "a", "parent": box.project}

    assert (await api.send("PUT", f"{LIST}{file}/", json={**said, "tags": ["x"]})).status == 400
    assert (await api.send("PUT", f"{LIST}{file}/", json={**said, "tags": "x, y"})).status == 204
    assert (await api.details(file))["tags"] == ["x", "y"]
