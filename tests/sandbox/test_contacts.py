"""Tests of contacts, and of the documents that name them."""

import uuid

import pytest

LIST = "/api/v2/contacts/"


async def create(api, **said):
    return await api.send("POST", LIST, json=said)


async def details(api, contact):
    return (await api.get(f"{LIST}{contact}/")).json


@pytest.fixture
async def organization(api, box):
    return (await create(api, title="Acme", template=box.state.dynatype_id("Organization"))).id


async def test_create_answers_where_the_contact_is_and_nothing_else(api):
    made = await create(api, title="Jón")

    assert (made.status, made.body) == (201, b"")
    assert made.headers["Location"] == f"{LIST}{uuid.UUID(made.id)}/"


async def test_a_contact_shows_every_field(api):
    made = await create(api, title="Jón Jónsson")
    got = await details(api, made.id)

    dynatype = got.pop("dynatype")
    assert dynatype.pop("id")
    assert dynatype == {
        "caption_plural": "dynatypes_labels:Person_plural:",
        "caption_singular": "dynatypes_labels:Person_singular:",
        "title": "Person",
    }
    assert got.pop("snapshot_id")
    assert got.pop("created") == got.pop("modified")
    assert got == {
        "aspects": {},
        "contact_addresses": [],
        "contact_groups": [],
        "created_by": "Administrator Administrator",
        "description": "",
        "emails": [],
        "id": made.id,
        "identifier": "",
        "modified_by": "Administrator Administrator",
        "organization": None,
        "path": "/domain/spaces/system/global/Contacts/Jón Jónsson",
        "phones": [],
        "resource_uri": f"{LIST}{made.id}/",
        "role": "contact_role:customer:",
        "status": "contact_status:Active:",
        "tags": [],
        "template": None,
        "title": "Jón Jónsson",
        "type": "Contact",
        "urls": [],
        "version": "0.1",
    }


async def test_everything_that_can_be_said_is_kept(api):
    said = {
        "title": "Jón",
        "identifier": "0101302989",
        "status": "contact_status:Away:",
        "description": "d",
        "emails": [{"email": "jon@acme.is", "label": "email_label:Work:"}],
        "phones": [{"number": "+3545551234", "label": "phone_label:Mobile:"}],
        "contact_addresses": [
            {
                "city": "Reykjavík",
                "code": "101",
                "country": "country:Iceland:europe",
                "label": "address_label:Work:",
                "state": "",
                "street": "Laugavegur 1",
            }
        ],
        "urls": [{"url": "www.acme.is", "label": "url_label:Website:"}],
        "role": "contact_role:supplier:",
    }
    made = await create(api, **said, template="some template", nonsense=1)
    got = await details(api, made.id)

    assert {name: got[name] for name in said} == said
    assert (got["template"], "nonsense" in got) == ("some template", False)


async def test_what_an_item_leaves_out_is_empty_and_a_label_null(api):
    made = await create(
        api, title="Jón", emails=[{"email": "a@b.is", "x": 1}], contact_addresses=[{"code": "101"}]
    )
    got = await details(api, made.id)

    assert got["emails"] == [{"email": "a@b.is", "label": None}]
    assert got["contact_addresses"] == [
        {"city": "", "code": "101", "country": "", "label": None, "state": "", "street": ""}
    ]


@pytest.mark.parametrize(
    "said", [{"status": "Away"}, {"status": "project_status:Pending:"}, {"role": "contact_role:friend:"}]
)
async def test_a_value_that_is_not_in_its_value_list_is_refused(api, said):
    got = await create(api, title="Jón", **said)

    assert got.status == 400
    assert next(iter(said)) in got.json["error"]


async def test_null_is_nothing_said(api):
    made = await create(
        api, title="Jón", emails=None, identifier=None, parent=None, organization=None, role=None
    )

    got = await details(api, made.id)
    assert (made.status, got["emails"], got["identifier"]) == (201, [], "")
    assert (got["organization"], got["role"]) == (None, "contact_role:customer:")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"identifier": 101302989}, "identifier"),
        ({"emails": "a@b.is"}, "emails"),
        ({"emails": ["a@b.is"]}, "emails"),
        ({"emails": [{"label": "email_label:Work:"}]}, "emails"),
        ({"phones": [{"number": 5551234}]}, "phones.number"),
        ({"urls": [{"url": ""}]}, "urls"),
        ({"contact_addresses": [{"code": 101}]}, "contact_addresses.code"),
        ({"parent": "nowhere"}, "nowhere"),
        ({"organization": "none"}, "none"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_words(api, box, change, word):
    got = await create(api, **{"title": "x", **change})

    assert got.status == 400
    assert word in got.json["error"]
    assert box.state.of("Contact") == []


async def test_the_template_of_an_organization_makes_one(api, organization):
    got = await details(api, organization)

    assert (got["type"], got["dynatype"]["title"]) == ("Contact", "Organization")


@pytest.mark.parametrize("name", ["parent", "organization"])
async def test_a_person_may_be_created_in_an_organization(api, organization, name):
    got = await details(api, (await create(api, title="Jón", **{name: organization})).id)

    assert got["organization"] == {"id": organization, "title": "Acme"}
    assert got["path"] == "/domain/spaces/system/global/Contacts/Acme/Jón"


@pytest.mark.parametrize("name", ["parent", "organization"])
async def test_an_organization_may_not(api, box, organization, name):
    template = box.state.dynatype_id("Organization")

    assert (await create(api, title="Sub", template=template, **{name: organization})).status == 400


async def test_the_contact_folder_is_a_parent_and_a_person_is_not(api, box):
    person = box.state.add_contact("Jón")

    assert (await create(api, title="x", parent=box.state.contact_folder.id)).status == 201
    assert (await create(api, title="x", parent=person)).status == 400
    assert (await create(api, title="x", organization=box.state.contact_folder.id)).status == 400


async def test_two_different_organizations_are_refused(api, box, organization):
    other = box.state.add_contact("Other", dynatype="Organization")

    assert (await create(api, title="x", parent=other, organization=organization)).status == 400
    assert (await create(api, title="x", parent=other, organization=other)).status == 201


async def test_contacts_are_listed_and_filtered(api, box):
    box.state.add_contact("Jón", identifier="60001019906")
    box.state.add_contact("Anna", identifier="0101302989")

    assert await api.titles(LIST) == ["Jón", "Anna"]
    assert await api.titles(f"{LIST}?identifier=0101302989") == ["Anna"]
    assert await api.titles(f"{LIST}?identifier=101302989") == []
    assert await api.titles(f"{LIST}?identifier__startswith=600010199") == ["Jón"]
    assert await api.titles(f"{LIST}?title=Anna") == ["Anna"]
    assert await api.titles(f"{LIST}?title__startswith=J") == ["Jón"]
    assert await api.titles(f"{LIST}?modified__lt=2000-01-01T00:00:00Z") == []
    assert await api.titles(f"{LIST}?created__gt=2000-01-01T00:00:00Z&limit=1&offset=1") == ["Anna"]


async def test_a_contact_that_was_added_is_as_good_as_one_created(api, box):
    acme = box.state.add_contact("Acme", dynatype="Organization")
    jon = box.state.add_contact("Jón", parent=acme, tags=["t"], description="d", role="contact_role:x:")

    got = await details(api, jon)
    assert (got["organization"]["title"], got["tags"], got["description"]) == ("Acme", ["t"], "d")
    assert got["role"] == "contact_role:x:"


async def test_contacts_know_what_names_them(api, box):
    jon, anna = box.state.add_contact("Jón"), box.state.add_contact("Anna")
    said = {"space": box.space, "title": "Both", "contacts": [jon, anna]}
    await api.send("POST", "/api/v2/projects/", json=said)
    box.state.add_task(box.project, "Call", contacts=[jon])
    await api.file(title="linked", dynatype="Memo", contacts=f"{jon}, {anna}")
    await api.file(title="dropped", contacts=jon)

    for path, expected in (("projects", ["Both"]), ("tasks", ["Call"]), ("files", ["linked"])):
        below = (await api.get(f"{LIST}{jon}/{path}/")).json
        found = (await api.get(f"/api/v2/{path}/?associated_contacts_id={jon}")).json
        assert [one["title"] for one in below["objects"]] == expected
        assert below["objects"] == found["objects"]
    assert await api.titles(f"{LIST}{anna}/tasks/") == []
    assert await api.titles(f"{LIST}{jon}/projects/?title=Other") == []


async def test_the_lists_of_a_contact_that_is_not_there_are_an_empty_404(api, box):
    for path in ("", "projects/", "files/", "tasks/"):
        got = await api.get(f"{LIST}{box.project}/{path}")
        assert (got.status, got.body) == (404, b"")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_a_contact_cannot_be_changed_or_deleted(api, box, method):
    got = await api.send(method, f"{LIST}{box.state.add_contact('Jón')}/", json={"title": "x"})

    assert (got.status, got.headers["Allow"], len(box.state.of("Contact"))) == (405, "GET", 1)


async def test_every_operation_has_its_name(api, box):
    contact = (await create(api, title="x")).id
    for path in (LIST, *(f"{LIST}{contact}/{below}" for below in ("", "projects/", "files/", "tasks/"))):
        await api.get(path)

    assert [one.operation for one in box.state.requests] == [
        *("contacts.create", "contacts.list", "contacts.get"),
        *("contacts.projects", "contacts.files", "contacts.tasks"),
    ]


async def test_faults_strike_them_by_name(api, box):
    box.faults.status("contacts.files", 503)

    assert (await api.get(f"{LIST}x/files/")).status == 503
