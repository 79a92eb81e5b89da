"""Projects: everything the page `projects` describes (facts 2.1)."""

from collections.abc import Iterable, Mapping

import attrs

from coredata_async.sandbox import filters
from coredata_async.sandbox.answer import Answer, empty, refused
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.fields import Said, accepted, day, mapping, text, texts
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.ids import stamp
from coredata_async.sandbox.noun import Noun
from coredata_async.sandbox.paths import path_of
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service
from coredata_async.sandbox.state import State

# `sub_project_of` and `template` are taken and never shown (facts 4.2).
_RULES = {
    "space": text,
    "title": text,
    "aspects": mapping,
    "associated_users": texts,
    "contacts": texts,
    "description": text,
    "due_date": day,
    "fileplan": text,
    "responsible_users": texts,
    "status": text,
    "status_message": text,
    "sub_project_of": texts,
    "tags": texts,
    "template": text,
}
_PEOPLE = ("associated_users", "responsible_users")
_OWN = ("due_date", "fileplan", "status", "status_message")


async def create(service: Service, call: Call) -> Answer:
    """Create a Project, with its Workspace, in a Space: 201 and `Location`, no body."""
    said = accepted(await call.json(), _RULES)
    said.required("space", "title")
    await call.commit()
    draft = _changed(service.state, service.state.draft("Project", "", None), said)
    project = _numbered(service.state, draft)
    return empty(201, {"Location": f"/api/v2/projects/{project.id}/"})


def established(state: State, *, title: str, space: str) -> Document:
    """Create a Project without a request: the one a sandbox has from the start."""
    draft = _changed(state, state.draft("Project", "", None), Said({"title": title, "space": space}))
    return _numbered(state, draft)


def _numbered(state: State, draft: Document) -> Document:
    """Add a Project under its number, with the Workspace its children lie in."""
    number = state.next_identifier(stamp(draft.created)[:4])
    project = state.add(attrs.evolve(draft, fields={**draft.fields, "identifier": number}))
    state.add(state.draft("Workspace", number, project.id))
    return project


async def update(service: Service, call: Call) -> Answer:
    """Change what is said and nothing else; lists are replaced whole, without a lock (facts 2.1)."""
    said = accepted(await call.json(), _RULES)
    said.required(*({"space", "title"} & said.values.keys()))
    await call.commit()
    before = PROJECTS.find(service.state, call.ids[0])
    service.state.change(_changed(service.state, before, said))
    return empty(204)


def _changed(state: State, before: Document, said: Said) -> Document:
    """Return the document as the request wants it, or refuse."""
    fields = {name: said.values[name] for name in _OWN if name in said}
    people = {name: _people(state, name, said.texts(name)) for name in _PEOPLE if name in said}
    return attrs.evolve(
        before,
        parent=_space(state, said.text("space")) if "space" in said else before.parent,
        title=said.text("title", before.title),
        dynatype="Project",
        description=said.text("description", before.description),
        tags=said.texts("tags", before.tags),
        aspects=said.mapping("aspects", before.aspects),
        contacts=said.texts("contacts", before.contacts),
        fields={**before.fields, **fields, **people},
    )


def _space(state: State, identifier: str) -> str:
    space = state.documents.get(identifier)
    if space is None or space.kind != "Space":
        raise refused(f"space: there is no Space {identifier!r}.")
    return space.id


def _people(state: State, name: str, usernames: Iterable[str]) -> list[dict[str, object]]:
    """Turn usernames into the objects that are shown (facts 6, trap 8)."""
    found: list[dict[str, object]] = []
    for username in usernames:
        if username not in state.users:
            raise refused(f"{name}: there is no user {username!r}.")
        found.append(state.users[username].embedded())
    return found


def own(state: State, document: Document) -> Mapping[str, object]:
    """Return what only a Project shows."""
    space = state.enclosing(document, "Space")
    return {
        "associated_contacts_id": list(document.contacts),
        "associated_users": [],
        "connected_users": [state.author.username],
        "contacts": list(document.contacts),
        "due_date": None,
        "fileplan": "",
        "fileplan_title": "",
        "responsible_users": [],
        "space": {"id": space.id, "title": space.title} if space else {},
        "status": "project_status:In_progress:",
        "status_message": "",
        **document.fields,
    }


PROJECTS = Noun(
    plural="projects",
    kind="Project",
    own=own,
    place=path_of,
    known=frozenset((*filters.TITLE, *filters.DATES, "associated_contacts_id")),
    create=Route("POST", "/api/v2/projects/", "projects.create", create),
    update=update,
    removable=True,
    within={"files": FILES},
)
