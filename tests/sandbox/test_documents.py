"""Tests of any document by its id, regardless of its kind."""


async def test_every_kind_is_listed_and_shown_as_in_its_own_collection(api, box):
    task = box.state.add_task(box.project, "Task")

    listed = (await api.get("/api/v2/docs/?limit=0")).json["objects"]
    shown = (await api.get(f"/api/v2/docs/{task}/")).json
    own = (await api.get(f"/api/v2/tasks/{task}/")).json

    assert {each["type"] for each in listed} >= {"Space", "Project", "Task", "Folder"}
    assert shown.pop("resource_uri") == f"/api/v2/docs/{task}/"
    assert shown.items() <= own.items()


async def test_one_is_deleted_with_what_lies_in_it(api, box):
    task = box.state.add_task(box.project, "Task")

    assert (await api.send("DELETE", f"/api/v2/docs/{box.project}/")).status == 204
    assert (await api.get(f"/api/v2/docs/{task}/")).status == 404
    assert (await api.send("DELETE", f"/api/v2/docs/{box.project}/")).status == 404
