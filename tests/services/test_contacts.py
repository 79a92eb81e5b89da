"""Service of contacts, against a sandbox: their lists are written and read back."""

import pytest

from coredata_async.errors import BadRequestError, ConfigurationError
from coredata_async.resources.contacts import Address, Email, Link, OrganizationRef, Phone


async def organization(client) -> str:
    """The sandbox takes the id of the dynatype for that of the predefined template."""
    templates = {each.title: each.id async for each in client.dynatypes.list()}
    return await client.contacts.create(title="Azazo", template=templates["Organization"])


async def test_a_contact_that_is_created_comes_back_field_by_field(client) -> None:
    within = await organization(client)
    contact = await client.contacts.create(
        title="Leia Organa",
        identifier="0101019906",
        status="contact_status:Away:",
        description="þing",
        emails=[{"email": "leia@example.is", "label": "email_label:Work:"}, {"email": "l@example.is"}],
        phones=[{"number": "+3545551234", "label": "phone_label:Mobile:"}],
        contact_addresses=[
            {
                "street": "Laugavegur 1",
                "city": "Reykjavík",
                "code": "101",
                "state": "",
                "country": "country:Iceland:europe",
                "label": "address_label:Work:",
            }
        ],
        urls=[{"url": "www.example.is", "label": "url_label:Website:"}],
        organization=within,
        role="contact_role:supplier:",
    )

    found = await client.contacts.get(contact)

    assert (found.id, found.type, found.title, found.identifier) == (
        contact,
        "Contact",
        "Leia Organa",
        "0101019906",
    )
    assert (found.status, found.role, found.description) == (
        "contact_status:Away:",
        "contact_role:supplier:",
        "þing",
    )
    assert found.emails == (
        Email(email="leia@example.is", label="email_label:Work:"),
        Email(email="l@example.is"),
    )
    assert found.phones == (Phone(number="+3545551234", label="phone_label:Mobile:"),)
    assert found.contact_addresses == (
        Address(
            street="Laugavegur 1",
            city="Reykjavík",
            code="101",
            country="country:Iceland:europe",
            label="address_label:Work:",
        ),
    )
    assert found.urls == (Link(url="www.example.is", label="url_label:Website:"),)
    assert found.organization == OrganizationRef(id=within, title="Azazo")
    assert found.extra == {}


async def test_a_contact_with_a_title_alone(client) -> None:
    found = await client.contacts.get(await client.contacts.create(title="Leia"))

    assert (found.emails, found.phones, found.urls, found.contact_addresses) == ((), (), (), ())
    assert (found.identifier, found.organization, found.contact_groups) == ("", None, ())
    assert found.dynatype is not None
    assert found.dynatype.title == "Person"


async def test_a_person_may_be_put_into_an_organization_by_parent(client) -> None:
    within = await organization(client)

    found = await client.contacts.get(await client.contacts.create(title="Leia", parent=within))

    assert found.organization == OrganizationRef(id=within, title="Azazo")


async def test_contacts_are_found_by_ssn_and_name(client, box) -> None:
    leia = box.state.add_contact("Leia", identifier="60001019906")
    rey = box.state.add_contact("Rey", identifier="0101019906")

    async def ids(**where: object) -> list[str]:
        return [each.id async for each in client.contacts.list(**where)]

    assert await ids() == [leia, rey]
    assert await ids(identifier="60001019906") == [leia]
    assert await ids(identifier__startswith="0101") == [rey]
    assert await ids(title="Rey") == [rey]
    assert await ids(title__startswith="L") == [leia]


async def test_what_belongs_to_a_contact_is_listed_inside_it(client, box) -> None:
    leia, rey = box.state.add_contact("Leia"), box.state.add_contact("Rey")
    project = await client.projects.create(space=box.space, title="Board", contacts=[leia])
    task = await client.tasks.create(project=project, title="Read it", contacts=[leia])
    up = await client.files.upload(b"x", parent=project, filename="a.txt", dynatype="Memo", contacts=[leia])
    await client.files.upload(b"x", parent=project, filename="b.txt")

    assert [each.id async for each in client.contacts.projects(leia)] == [project]
    assert [each.id async for each in client.contacts.tasks(leia)] == [task]
    assert [each.id async for each in client.contacts.files(leia)] == [up.file_id]
    assert [each.id async for each in client.files.list(associated_contacts_id=leia)] == [up.file_id]
    assert await client.contacts.projects(rey).count() == 0
    assert await client.contacts.tasks(rey).first() is None


async def test_a_contact_in_nothing_is_refused_in_the_services_words(client) -> None:
    with pytest.raises(BadRequestError, match="organization"):
        await client.contacts.create(title="Leia", organization="nowhere")


async def test_a_listing_inside_no_contact_is_refused_and_nothing_sent(client, box) -> None:
    for inside in (client.contacts.projects, client.contacts.files, client.contacts.tasks):
        with pytest.raises(ConfigurationError, match="'' is not a valid id"):
            inside("")

    assert not box.state.requests


def test_contacts_can_be_neither_changed_nor_deleted(client) -> None:
    assert not hasattr(client.contacts, "update")
    assert not hasattr(client.contacts, "delete")
