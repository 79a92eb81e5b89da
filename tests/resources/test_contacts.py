"""The vendor's contact becomes a Contact, with its lists; new ones become JSON."""

import json

import pytest

from coredata_async.resources.contacts import (
    Address,
    Contact,
    ContactWhere,
    Email,
    Link,
    NewContact,
    OrganizationRef,
    Phone,
)
from coredata_async.resources.document import DynatypeRef
from coredata_async.wire.convert import structure, to_json
from coredata_async.wire.resource import query

# https://docs.wise.is/cored/api-v2, "Filtering by Contact"
SIGNER = {
    "id": "2f2672e8-71cf-11ee-848e-47ba9faefc74",
    "snapshot_id": "2f268170-71cf-11ee-848e-77ab977f6f41",
    "identifier": "60001019906",
    "dynatype": {
        "caption_plural": "dynatypes_labels:Person_plural:",
        "caption_singular": "dynatypes_labels:Person_singular:",
        "id": "d2114cf4-71ce-11ee-a1c1-93a2e894b852",
        "title": "Person",
    },
    "emails": [{"email": "signer@example.is", "label": "email_label:Work:"}],
    "phones": [{"label": "phone_label:Mobile:", "number": "+37200000766"}],
    "role": "contact_role:customer:",
    "status": "contact_status:Active:",
    "title": "Signer Signer",
    "type": "Contact",
}


def test_the_vendors_contact() -> None:
    assert structure(SIGNER, Contact) == Contact(
        id="2f2672e8-71cf-11ee-848e-47ba9faefc74",
        snapshot_id="2f268170-71cf-11ee-848e-77ab977f6f41",
        identifier="60001019906",
        dynatype=DynatypeRef(
            id="d2114cf4-71ce-11ee-a1c1-93a2e894b852",
            title="Person",
            caption_singular="dynatypes_labels:Person_singular:",
            caption_plural="dynatypes_labels:Person_plural:",
        ),
        emails=(Email(email="signer@example.is", label="email_label:Work:"),),
        phones=(Phone(number="+37200000766", label="phone_label:Mobile:"),),
        role="contact_role:customer:",
        status="contact_status:Active:",
        title="Signer Signer",
        type="Contact",
    )


def test_labels_are_values_of_value_lists() -> None:
    contact = structure(SIGNER, Contact)

    assert contact.emails[0].label.value == "Work"
    assert contact.phones[0].label.list == "phone_label"


def test_addresses_and_links_of_2014() -> None:
    raw = {
        "id": "a",
        "contact_addresses": [
            {
                "city": "Reykjavík",
                "code": "101",
                "country": "country:Iceland:europe",
                "label": None,
                "state": "",
                "street": "Laugavegur 1",
            }
        ],
        "urls": [{"label": "url_label:Website:", "url": "www.example.is"}],
        "organization": {"id": "o", "title": "Azazo"},
    }

    contact = structure(raw, Contact)

    assert contact.contact_addresses == (
        Address(street="Laugavegur 1", city="Reykjavík", code="101", country="country:Iceland:europe"),
    )
    assert contact.contact_addresses[0].country.parent == "europe"
    assert contact.urls == (Link(url="www.example.is", label="url_label:Website:"),)
    assert contact.organization == OrganizationRef(id="o", title="Azazo")


@pytest.mark.parametrize("ssn", ["0101019906", "60001019906"])
def test_an_identifier_keeps_its_zeros_and_its_length(ssn: str) -> None:
    assert structure({"id": "a", "identifier": ssn}, Contact).identifier == ssn


def test_unknown_fields_of_a_part_are_kept() -> None:
    contact = structure({"id": "a", "emails": [{"email": "a@b.is", "verified": True}]}, Contact)

    assert contact.emails[0].extra == {"verified": True}


def test_of_a_list_the_objects_stay_and_the_whole_list_is_in_extra_if_something_else_is_in_it() -> None:
    emails = ["a@b.is", {"email": "c@d.is"}]

    contact = structure({"id": "abc", "emails": emails}, Contact)

    assert contact == Contact(id="abc", emails=(Email(email="c@d.is"),), extra={"emails": emails})


def test_groups_are_kept_as_they_came_for_their_shape_is_not_known() -> None:
    groups = ["customers", {"id": "g"}]

    assert structure({"id": "a", "contact_groups": groups}, Contact).contact_groups == tuple(groups)


def test_contacts_are_filtered_by_ssn() -> None:
    assert query(ContactWhere(identifier="60001019906")) == "identifier=60001019906"
    assert query(ContactWhere(identifier__startswith="600010199")) == "identifier__startswith=600010199"


def test_a_new_contact_says_only_what_is_given() -> None:
    assert json.loads(to_json(NewContact(title="Leia"))) == {"title": "Leia"}


def test_a_new_contact_in_full() -> None:
    said = {
        "title": "Leia Organa",
        "identifier": "0101019906",
        "status": "contact_status:Active:",
        "description": "þing",
        "emails": [{"email": "leia@example.is", "label": "email_label:Work:"}],
        "phones": [{"number": "+354", "label": "phone_label:Work:"}],
        "contact_addresses": [{"city": "Reykjavík"}],
        "urls": [{"url": "www.example.is"}],
        "parent": "o",
        "organization": "o",
        "role": "contact_role:customer:",
        "template": "t",
    }

    assert json.loads(to_json(NewContact(**said))) == said
    assert {attribute.name for attribute in NewContact.__attrs_attrs__} == said.keys()
