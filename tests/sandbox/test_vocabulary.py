"""Tests of dynatypes and value lists."""

import pytest

DYNATYPES = "/api/v2/dynatypes/"
VALUE_LISTS = "/api/v2/valuelists/"


async def test_a_dynatype_shows_what_it_did_in_2014(api, box):
    shown = (await api.get(f"/api/v2/projects/{box.project}/")).json["dynatype"]

    got = (await api.get(f"{DYNATYPES}{shown['id']}/")).json

    assert got == {
        "caption_plural": "dynatypes_labels:Project_plural:",
        "caption_singular": "dynatypes_labels:Project_singular:",
        "description": None,
        "id": shown["id"],
        "optional_aspects": ["url", "kkscode"],
        "required_aspects": [],
        "resource_uri": f"{DYNATYPES}{shown['id']}/",
        "status_list": "project_status",
        "systype": "Project",
        "title": "Project",
        "type": "Dynatype",
        "version": "0.1",
    }


async def test_the_list_has_those_of_files_and_of_everything_else(api):
    got = (await api.get(DYNATYPES)).json

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
    known = {one["id"]: one for one in (await api.get(DYNATYPES)).json["objects"]}

    for path in ("projects", "tasks", "contacts", "files"):
        for document in (await api.get(f"/api/v2/{path}/")).json["objects"]:
            dynatype = document["dynatype"]
            assert dynatype == {name: known[dynatype["id"]][name] for name in dynatype}
            assert known[dynatype["id"]]["systype"] == document["type"]


async def test_captions_and_status_lists_are_in_the_value_lists(api):
    labels = (await api.get("/api/v2/valuelists/dynatypes_labels/")).json["entries"]
    names = {one["name"] for one in labels}

    for one in (await api.get(DYNATYPES)).json["objects"]:
        assert {one["caption_singular"], one["caption_plural"]} <= names
        if one["status_list"]:
            assert (await api.get(f"/api/v2/valuelists/{one['status_list']}/")).status == 200


@pytest.mark.parametrize("key", ["nothing", "Project"])
async def test_a_dynatype_that_is_not_there_is_an_empty_404(api, box, key):
    got = await api.get(f"{DYNATYPES}{key}/")

    assert (got.status, got.body) == (404, b"")
    assert box.state.requests[-1].operation == "dynatypes.get"


async def test_the_list_has_fifty_to_a_page_and_no_entries(api):
    got = (await api.get(VALUE_LISTS)).json

    assert got["meta"]["limit"] == 50
    assert {one["name"] for one in got["objects"]} >= {
        *("project_status", "task_status", "contact_status", "space_status", "contact_role"),
        *("email_label", "phone_label", "url_label", "address_label", "dynatypes_labels", "country"),
    }
    assert got["objects"][0] == {
        "default": None,
        "name": "project_status",
        "parent": None,
        "resource_uri": f"{VALUE_LISTS}project_status/",
        "type": "status",
    }


async def test_another_page_size_may_be_asked_for(api):
    got = (await api.get(f"{VALUE_LISTS}?limit=1&offset=1")).json

    assert ([one["name"] for one in got["objects"]], got["meta"]["limit"]) == (["task_status"], 1)


async def test_details_have_entries_in_the_form_that_travels(api):
    got = (await api.get(f"{VALUE_LISTS}task_status/")).json

    assert got.pop("entries") == [
        {
            "name": f"task_status:{value}:",
            "ordering": ordering,
            "parent": None,
            "translations": {"en": english, "is": icelandic},
        }
        for ordering, (value, english, icelandic) in enumerate(
            (
                ("In_progress", "In progress", "Í vinnslu"),
                ("Pending", "Pending", "Í bið"),
                ("Closed", "Closed", "Lokið"),
            )
        )
    ]
    assert got == (await api.get(f"{VALUE_LISTS}?limit=1&offset=1")).json["objects"][0]


async def test_a_nested_list_names_its_parent_and_so_do_its_entries(api):
    got = (await api.get(f"{VALUE_LISTS}country/")).json

    assert (got["parent"], got["type"]) == ("continent", "value")
    assert got["entries"][0]["name"] == "country:Iceland:europe"
    parents = (await api.get(f"{VALUE_LISTS}{got['parent']}/")).json["entries"]
    assert {one["parent"] for one in got["entries"]} <= {one["name"] for one in parents}


@pytest.mark.parametrize(
    ("path", "name", "field"),
    [
        ("projects", "project_status", "status"),
        ("tasks", "task_status", "status"),
        ("contacts", "contact_status", "status"),
        ("contacts", "contact_role", "role"),
    ],
)
async def test_what_documents_show_is_in_the_lists(api, box, path, name, field):
    box.state.add_task(box.project, "x")
    box.state.add_contact("Jón")

    shown = (await api.get(f"/api/v2/{path}/")).json["objects"][0]

    assert shown[field] in {one["name"] for one in (await api.get(f"{VALUE_LISTS}{name}/")).json["entries"]}


async def test_a_list_that_is_not_there_is_an_empty_404(api, box):
    got = await api.get(f"{VALUE_LISTS}nothing/")

    assert (got.status, got.body) == (404, b"")
    assert box.state.requests[-1].operation == "value_lists.get"


async def test_a_fault_strikes_the_list_by_name(api, box):
    box.faults.lying_next("value_lists.list", "same")

    assert (await api.get(VALUE_LISTS)).json["meta"]["next"] == f"{VALUE_LISTS}?limit=50&offset=0"
