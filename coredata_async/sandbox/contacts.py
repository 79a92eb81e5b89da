"""Contacts: persons and organizations, in the one ContactFolder of the global Space.

The page with the names of the creation's fields is lost; they are taken from the responses. Changing and
deleting are not documented: 405.

Source: https://docs.wise.is/cored/contacts
"""

from collections.abc import Mapping

import attrs

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import Answer, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.collection import DocumentCollection
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.fields import Rule, SubmittedFields, accept, records, reference, text, word_of
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.listing import Condition
from coredata_async.sandbox.projects import PROJECTS, TASKS
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State

_OWN: Mapping[str, Rule] = {
    "identifier": text,
    "status": word_of("contact_status"),
    "emails": records("email", "label"),
    "phones": records("number", "label"),
    "contact_addresses": records(None, "city", "code", "country", "label", "state", "street"),
    "urls": records("url", "label"),
    "role": word_of("contact_role"),
    "template": reference,
}
_RULES: Mapping[str, Rule] = {
    **_OWN,
    "title": text,
    "description": text,
    "parent": text,
    "organization": text,
}


async def create(service: Service, call: Call) -> Answer:
    """Create a Contact: 201 and `Location`.

    It becomes an Organization when `template` is the id of the Dynatype of that name, because the ids of
    the predefined contact templates are unknown; any other template creates a Person.
    """
    submitted = accept(await call.json(), _RULES)
    submitted.require("title")
    await call.commit()
    state = service.state
    organization = submitted.text("template") == state.dynatype_id("Organization")
    parent = _parent(state, submitted)
    if organization and parent.kind == "Contact":
        raise refuse("Only a Person can be created in an Organization.")
    draft = attrs.evolve(
        state.draft("Contact", submitted.text("title"), parent.id),
        dynatype="Organization" if organization else "Person",
        description=submitted.text("description"),
        fields=submitted.merge({}, *_OWN),
    )
    return empty(201, {"Location": f"/api/v2/contacts/{state.add(draft).id}/"})


def _parent(state: State, submitted: SubmittedFields) -> Document:
    """Return the parent of the Contact: an Organization, else the ContactFolder; or refuse."""
    organization, parent = submitted.text("organization"), submitted.text("parent")
    if organization and not _is_organization(state, organization):
        raise refuse(f"organization: Organization {organization!r} does not exist.")
    if parent and parent != state.contact_folder.id and not _is_organization(state, parent):
        raise refuse(f"parent: ContactFolder or Organization {parent!r} does not exist.")
    if organization and _is_organization(state, parent) and organization != parent:
        raise refuse("parent and organization are two different Organizations.")
    return state.documents[organization or parent or state.contact_folder.id]


def _is_organization(state: State, identifier: str) -> bool:
    document = state.documents.get(identifier)
    return document is not None and (document.kind, document.dynatype) == ("Contact", "Organization")


def own(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Contact has."""
    organization = state.enclosing(document, "Contact")
    return {
        "contact_addresses": [],
        "contact_groups": [],
        "emails": [],
        "identifier": "",
        "organization": {"id": organization.id, "title": organization.title} if organization else None,
        "phones": [],
        "role": "contact_role:customer:",
        "status": "contact_status:Active:",
        "urls": [],
        **document.fields,
    }


def link_condition(state: State, contact: Document, kind: str) -> Condition:
    """Return the condition that a document names a Contact, as in `?associated_contacts_id=`."""
    return Condition(lambda one: contact.id in one.contacts)


CONTACTS = DocumentCollection(
    plural="contacts",
    kind="Contact",
    own=own,
    known=frozenset((*listing.TITLE_FILTERS, *listing.IDENTIFIER_FILTERS, *listing.DATE_FILTERS)),
    create=Route("POST", "/api/v2/contacts/", "contacts.create", create),
    within={"projects": PROJECTS, "files": FILES, "tasks": TASKS},
    belongs=link_condition,
)
