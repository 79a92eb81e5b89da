"""Initial documents: the ContactFolder, the trash, a template's folder (facts 2.6, 4.1)."""

from collections.abc import Mapping

import attrs

from coredata_async.sandbox.state import State


def create_system_documents(state: State) -> None:
    """Create the system's own documents, which have no author."""
    domain = state.ids.new()
    no_author: Mapping[str, object] = {"created_by": None, "modified_by": None, "parent": domain}
    contacts = {"path": "/domain/spaces/system/global/Contacts"}
    trash = {**no_author, "path": "/domain/trash", "version": None}
    # The title is a placeholder that a template fills in: a path is for people, never to be parsed.
    template = {**no_author, "path": "/domain/settings/templates/Project/{{title}}"}
    for kind, title, fields in (
        ("ContactFolder", "Contacts", contacts),
        ("Folder", "trash", trash),
        ("Folder", "{{title}}", template),
    ):
        state.add(attrs.evolve(state.draft(kind, title, None), fields=fields))
