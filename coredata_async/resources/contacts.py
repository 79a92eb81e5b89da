"""Contacts: model, filters, fields for creation, and endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from coredata_async.ids import HasId
from coredata_async.resources.document import DatedWhere, Document, Part
from coredata_async.resources.values import ListValue
from coredata_async.wire.resource import AppendableKind, Evidence


@frozen(kw_only=True)
class Email(Part):
    """An e-mail address of a contact."""

    email: str = ""
    label: ListValue = field(default=ListValue(""))
    """`email_label:Work:`."""


@frozen(kw_only=True)
class Phone(Part):
    """A telephone number of a contact."""

    number: str = ""
    label: ListValue = field(default=ListValue(""))
    """`phone_label:Mobile:`."""


@frozen(kw_only=True)
class Link(Part):
    """A web address of a contact; some have no scheme."""

    url: str = ""
    label: ListValue = field(default=ListValue(""))
    """`url_label:Website:`."""


@frozen(kw_only=True)
class Address(Part):
    """A postal address of a contact."""

    street: str = ""
    city: str = ""
    code: str = ""
    state: str = ""
    country: ListValue = field(default=ListValue(""))
    """`country:Iceland:europe`."""
    label: ListValue = field(default=ListValue(""))
    """`address_label:Work:`."""


@frozen(kw_only=True)
class OrganizationRef(Part):
    """The organization a person belongs to."""

    id: str = ""
    title: str = ""


@frozen(kw_only=True)
class Contact(Document):
    """A person or an organization."""

    identifier: str = ""
    """Social security number (kennitala): digits in a string, because they may begin with 0."""
    status: ListValue = field(default=ListValue(""))
    """`contact_status:Active:`."""
    role: ListValue = field(default=ListValue(""))
    """`contact_role:customer:`."""
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    urls: tuple[Link, ...] = ()
    contact_addresses: tuple[Address, ...] = ()
    contact_groups: tuple[Any, ...] = ()
    organization: OrganizationRef | None = None


@frozen(kw_only=True)
class ContactWhere(DatedWhere):
    """Filters for listing contacts.

    Source: https://docs.wise.is/cored/api-v2, "Filtering".
    """

    identifier: str | None = None
    """Exactly this social security number (kennitala)."""
    identifier__startswith: str | None = None


@frozen(kw_only=True)
class NewContact:
    """Fields for creating a contact.

    All names but `title` are inferred from responses, because the page's table lost its cells.

    Source: https://docs.wise.is/cored/contacts, "Create Contact".
    """

    title: str
    """The name of the person or organization."""
    identifier: str | None = None
    """Social security number (kennitala)."""
    status: str | None = None
    """A value list string: `contact_status:Active:`."""
    description: str | None = None
    emails: Sequence[Mapping[str, str]] | None = None
    """E-mail address: `{"email": "...", "label": "email_label:Work:"}`."""
    phones: Sequence[Mapping[str, str]] | None = None
    """Telephone number: `{"number": "...", "label": "phone_label:Mobile:"}`."""
    contact_addresses: Sequence[Mapping[str, str]] | None = None
    urls: Sequence[Mapping[str, str]] | None = None
    """Web address: `{"url": "...", "label": "url_label:Website:"}`."""
    parent: str | HasId | None = None
    """Id of a contact folder, or of the organization that the person belongs to."""
    organization: str | HasId | None = None
    """Id of an organization."""
    role: str | None = None
    """A value list string: `contact_role:customer:`."""
    template: str | HasId | None = None
    """Id of a contact template."""


CONTACTS = AppendableKind(
    path="/api/v2/contacts/",
    model=Contact,
    where=ContactWhere,
    new=NewContact,
    source="https://docs.wise.is/cored/contacts",
    proofs={"create": Evidence("named", 'https://docs.wise.is/cored/contacts, "Create Contact"; by analogy')},
)
