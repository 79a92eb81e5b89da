"""Common fields of Projects and Tasks: people, contacts, a status, a due date (facts 4.2)."""

from collections.abc import Iterable, Mapping

import attrs

from coredata_async.sandbox.answer import refuse
from coredata_async.sandbox.collection import space_around
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.fields import Rule, SubmittedFields, day, mapping, text, texts
from coredata_async.sandbox.state import State

RULES: Mapping[str, Rule] = {
    "title": text,
    "aspects": mapping,
    "associated_users": texts,
    "contacts": texts,
    "description": text,
    "due_date": day,
    "responsible_users": texts,
    "status_message": text,
    "tags": texts,
}
_PEOPLE = ("associated_users", "responsible_users")
_PLAIN = ("due_date", "status", "status_message")


def change(
    state: State, before: Document, said: SubmittedFields, *, parent: str | None, more: Iterable[str] = ()
) -> Document:
    """Return the changed document, or refuse; `more` are the plain fields of its kind."""
    people = {name: _people(state, name, said.texts(name)) for name in _PEOPLE if name in said}
    contacts = said.texts("contacts", before.contacts)
    if "contacts" in said:
        check_contacts(state, contacts)
    return attrs.evolve(
        before,
        parent=parent,
        title=said.text("title", before.title),
        dynatype=before.dynatype or before.kind,
        description=said.text("description", before.description),
        tags=said.texts("tags", before.tags),
        aspects=said.mapping("aspects", before.aspects),
        contacts=contacts,
        fields={**said.merge(before.fields, *_PLAIN, *more), **people},
    )


def _people(state: State, name: str, usernames: Iterable[str]) -> list[dict[str, object]]:
    """Return the objects that are shown for usernames (facts 6, trap 8)."""
    found: list[dict[str, object]] = []
    for username in usernames:
        if username not in state.users:
            raise refuse(f"{name}: user {username!r} does not exist.")
        found.append(state.users[username].embed())
    return found


def check_contacts(state: State, contacts: Iterable[str]) -> None:
    """Refuse ids that no Contact has."""
    for contact in contacts:
        if contact not in state.documents or state.documents[contact].kind != "Contact":
            raise refuse(f"contacts: Contact {contact!r} does not exist.")


def own(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that both have beyond those of every document."""
    return {
        "associated_contacts_id": list(document.contacts),
        "associated_users": [],
        "connected_users": [state.author.username],
        "contacts": list(document.contacts),
        "due_date": None,
        "responsible_users": [],
        "space": space_around(state, document),
    }
