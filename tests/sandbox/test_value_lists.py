"""Tests of value lists."""

import pytest

LIST = "/api/v2/valuelists/"


async def test_the_list_has_fifty_to_a_page_and_no_entries(api):
    got = (await api.get(LIST)).json

    assert got["meta"]["limit"] == 50
    assert {one["name"] for one in got["objects"]} >= {
        *("project_status", "task_status", "contact_status", "space_status", "contact_role"),
        *("email_label", "phone_label", "url_label", "address_label", "dynatypes_labels", "country"),
    }
    assert got["objects"][0] == {
        "default": None,
        "name": "project_status",
        "parent": None,
        "resource_uri": f"{LIST}project_status/",
        "type": "status",
    }


async def test_another_page_size_may_be_asked_for(api):
    got = (await api.get(f"{LIST}?limit=1&offset=1")).json

    assert ([one["name"] for one in got["objects"]], got["meta"]["limit"]) == (["task_status"], 1)


async def test_details_have_entries_in_the_form_that_travels(api):
    got = (await api.get(f"{LIST}task_status/")).json

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
    assert got == (await api.get(f"{LIST}?limit=1&offset=1")).json["objects"][0]


async def test_a_nested_list_names_its_parent_and_so_do_its_entries(api):
    got = (await api.get(f"{LIST}country/")).json

    assert (got["parent"], got["type"]) == ("continent", "value")
    assert got["entries"][0]["name"] == "country:Iceland:europe"
    parents = (await api.get(f"{LIST}{got['parent']}/")).json["entries"]
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

    assert shown[field] in {one["name"] for one in (await api.get(f"{LIST}{name}/")).json["entries"]}


async def test_a_list_that_is_not_there_is_an_empty_404(api, box):
    got = await api.get(f"{LIST}nothing/")

    assert (got.status, got.body) == (404, b"")
    assert box.state.requests[-1].operation == "value_lists.get"


async def test_a_fault_strikes_the_list_by_name(api, box):
    box.faults.lying_next("value_lists.list", "same")

    assert (await api.get(LIST)).json["meta"]["next"] == f"{LIST}?limit=50&offset=0"
