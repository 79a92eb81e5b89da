"""Tests of dynatypes."""

import pytest

LIST = "/api/v2/dynatypes/"


async def test_a_dynatype_shows_what_it_did_in_2014(api, box):
    shown = (await api.get(f"/api/v2/projects/{box.project}/")).json["dynatype"]

    got = (await api.get(f"{LIST}{shown['id']}/")).json

    assert got == {
        "caption_plural": "dynatypes_labels:Project_plural:",
        "caption_singular": "dynatypes_labels:Project_singular:",
        "description": None,
        "id": shown["id"],
        "optional_aspects": ["url", "kkscode"],
        "required_aspects": [],
        "resource_uri": f"{LIST}{shown['id']}/",
        "status_list": "project_status",
        "systype": "Project",
        "title": "Project",
        "type": "Dynatype",
        "version": "0.1",
    }


async def test_the_list_has_those_of_files_and_of_everything_else(api):
    got = (await api.get(LIST)).json

    assert got["meta"]["total_count"] == len(got["objects"]) == len({one["id"] for one in got["objects"]})
    assert {one["title"]: one["systype"] for one in got["objects"]} == {
        **dict.fromkeys(("File", "Contract", "LetterIn", "LetterOut", "Memo"), "File"),
        **dict.fromkeys(("MeetingNote", "Other", "Report"), "File"),
        **dict.fromkeys(("Project", "Programme"), "Project"),
        "Task": "Task",
        **dict.fromkeys(("Person", "Organization"), "Contact"),
    }


async def test_documents_show_the_same_ids_and_captions(api, box):
    box.state.add_task(box.project, "x")
    box.state.add_contact("Jón")
    box.state.add_contact("Acme", dynatype="Organization")
    await api.file(dynatype="Memo")
    known = {one["id"]: one for one in (await api.get(LIST)).json["objects"]}

    for path in ("projects", "tasks", "contacts", "files"):
        for document in (await api.get(f"/api/v2/{path}/")).json["objects"]:
            dynatype = document["dynatype"]
            assert dynatype == {name: known[dynatype["id"]][name] for name in dynatype}
            assert known[dynatype["id"]]["systype"] == document["type"]


async def test_captions_and_status_lists_are_in_the_value_lists(api):
    labels = (await api.get("/api/v2/valuelists/dynatypes_labels/")).json["entries"]
    names = {one["name"] for one in labels}

    for one in (await api.get(LIST)).json["objects"]:
        assert {one["caption_singular"], one["caption_plural"]} <= names
        if one["status_list"]:
            assert (await api.get(f"/api/v2/valuelists/{one['status_list']}/")).status == 200


@pytest.mark.parametrize("key", ["nothing", "Project"])
async def test_a_dynatype_that_is_not_there_is_an_empty_404(api, box, key):
    got = await api.get(f"{LIST}{key}/")

    assert (got.status, got.body) == (404, b"")
    assert box.state.requests[-1].operation == "dynatypes.get"
