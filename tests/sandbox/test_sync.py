"""Tests of `?sync=true`: reading an object directly after writing it."""

import aiohttp

PROJECTS = "/api/v2/projects/"


async def test_a_write_with_sync_is_listed_at_once_whatever_the_lag(api, box):
    box.faults.listing_lag(seconds=60)
    blob = await api.stored()
    fields = {"filename": "a.txt", "parent": box.project, "blob_name": blob}
    late, now, body, touched = [await api.file(title=title) for title in ("late", "now", "body", "touched")]
    for title, path in (("synced", "?sync=true"), ("not synced", "?sync=false")):
        form = aiohttp.FormData({**fields, "title": title}, default_to_multipart=True)
        assert (await api.send("POST", f"/api/v2/files/{path}", data=form)).status == 201

    assert await api.titles("/api/v2/files/") == ["synced"]
    said = {"filename": "a.txt", "title": "now", "parent": box.project}
    await api.send("PUT", f"/api/v2/files/{now}/?sync=true", json=said)
    await api.send("PUT", f"/api/v2/files/{body}/content/?sync=true", data=b"new")
    await api.send("PUT", f"/api/v2/files/{touched}/", json={**said, "title": "touched"})
    assert await api.titles("/api/v2/files/") == ["now", "body", "synced"]
    assert (await api.details(late))["title"] == "late"


async def test_sync_is_accepted_everywhere_and_is_not_a_filter(api, box):
    box.state.add_contact("Jón")
    for path in ("projects", "spaces", "contacts", "users", "valuelists", "dynatypes"):
        got = (await api.get(f"/api/v2/{path}/?sync=true")).json
        assert got["objects"]
    said = {"space": box.space, "title": "x"}
    assert (await api.send("POST", f"{PROJECTS}?sync=true", json=said)).status == 201
    assert (await api.send("DELETE", f"{PROJECTS}{box.project}/?sync=true")).status == 204
