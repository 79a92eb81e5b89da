"""Projects: everything that the page `projects` describes (facts 2.1)."""

from collections.abc import Mapping

import attrs

from coredata_async.sandbox import filters, workitem
from coredata_async.sandbox.answer import Answer, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.collection import DocumentCollection
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.fields import SubmittedFields, accept, reference, text, texts, word_of
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.folders import FOLDERS
from coredata_async.sandbox.ids import stamp
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State
from coredata_async.sandbox.tasks import TASKS

# `sub_project_of` is accepted and never shown (facts 4.2).
_RULES = {
    **workitem.RULES,
    "status": word_of("project_status"),
    "space": text,
    "fileplan": text,
    "sub_project_of": texts,
    "template": reference,
}
_MANDATORY = {"space", "title"}


async def create(service: Service, call: Call) -> Answer:
    """Create a Project, with its Workspace, in a Space: 201 and `Location`, no body."""
    said = accept(await call.json(), _RULES)
    said.require(*sorted(_MANDATORY))
    await call.commit()
    draft = _change(service.state, service.state.draft("Project", "", None), said)
    project = _add_numbered(service.state, draft)
    return empty(201, {"Location": f"/api/v2/projects/{project.id}/"})


def create_first_project(state: State, *, title: str, space: str, dynatype: str = "Project") -> Document:
    """Create a Project without a request, such as the initial one of a sandbox."""
    draft = attrs.evolve(state.draft("Project", "", None), dynatype=dynatype)
    return _add_numbered(state, _change(state, draft, SubmittedFields({"title": title, "space": space})))


def _add_numbered(state: State, draft: Document) -> Document:
    """Add a Project under its number, with the Workspace for its children."""
    number = state.next_identifier(stamp(draft.created)[:4])
    project = state.add(attrs.evolve(draft, fields={**draft.fields, "identifier": number}))
    state.add(state.draft("Workspace", number, project.id))
    return project


async def update(service: Service, call: Call) -> Answer:
    """Change only the given fields; lists are replaced whole, without a lock (facts 2.1)."""
    said = accept(await call.json(), _RULES)
    said.require(*sorted(_MANDATORY & said.values.keys()))
    await call.commit()
    before = PROJECTS.find(service.state, call.ids[0])
    service.state.change(_change(service.state, before, said))
    return empty(204)


def _change(state: State, before: Document, said: SubmittedFields) -> Document:
    parent = _space(state, said.text("space")) if "space" in said else before.parent
    for programme in said.texts("sub_project_of"):
        _check_programme(state, programme)
    return workitem.change(state, before, said, parent=parent, more=("fileplan", "template"))


def _check_programme(state: State, identifier: str) -> None:
    """Refuse an id other than that of a Project with the dynatype Programme (facts 2.1)."""
    project = state.documents.get(identifier)
    if project is None or (project.kind, project.dynatype) != ("Project", "Programme"):
        raise refuse(f"sub_project_of: Programme {identifier!r} does not exist.")


def _space(state: State, identifier: str) -> str:
    space = state.documents.get(identifier)
    if space is None or space.kind != "Space":
        raise refuse(f"space: Space {identifier!r} does not exist.")
    return space.id


def own(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Project has."""
    return {
        **workitem.own(state, document),
        "fileplan": "",
        "fileplan_title": "",
        "status": "project_status:In_progress:",
        "status_message": "",
        **document.fields,
    }


PROJECTS = DocumentCollection(
    plural="projects",
    kind="Project",
    own=own,
    known=frozenset((*filters.TITLE, *filters.DATES, "associated_contacts_id")),
    create=Route("POST", "/api/v2/projects/", "projects.create", create),
    update=update,
    removable=True,
    within={"files": FILES, "tasks": TASKS, "folders": FOLDERS},
)
