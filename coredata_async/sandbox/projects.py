"""Projects, as their page describes them, and their Tasks.

Only reading is documented for Tasks. Their creation has the path and body that a client of 2014 used, and the
fields of a Project; changing and deleting a Task works as for Projects.

Source: https://docs.wise.is/cored/projects and https://docs.wise.is/cored/tasks
"""

from collections.abc import Iterable, Mapping

import attrs
from attrs import frozen

from coredata_async.sandbox import listing
from coredata_async.sandbox.answer import Answer, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.collection import DocumentCollection, project_around, space_around
from coredata_async.sandbox.document import Document, stamp
from coredata_async.sandbox.fields import (
    Rule,
    SubmittedFields,
    accept,
    check_contacts,
    day,
    mapping,
    reference,
    text,
    texts,
    word_of,
)
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.folders import FOLDERS
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State

_WORK_RULES: Mapping[str, Rule] = {
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


@frozen
class _Fields:
    """Fields of the requests that create and change one kind."""

    rules: Mapping[str, Rule]
    mandatory: frozenset[str]

    async def read(self, call: Call, *, partial: bool = False) -> SubmittedFields:
        """Return the fields of a request, checked; of a partial one, only those that it has."""
        submitted = accept(await call.json(), self.rules)
        submitted.require(*sorted(self.mandatory & submitted.values.keys() if partial else self.mandatory))
        await call.commit()
        return submitted


_TASK = _Fields(
    {**_WORK_RULES, "status": word_of("task_status"), "project": text}, frozenset(("project", "title"))
)
_PROJECT = _Fields(
    {
        **_WORK_RULES,
        "status": word_of("project_status"),
        "space": text,
        "fileplan": text,
        "sub_project_of": texts,  # accepted and never shown
        "template": reference,
    },
    frozenset(("space", "title")),
)


def _change_work_item(
    state: State,
    before: Document,
    submitted: SubmittedFields,
    *,
    parent: str | None,
    more: Iterable[str] = (),
) -> Document:
    """Return the changed document, or refuse; `more` are the plain fields of its kind."""
    people = {name: _people(state, name, submitted.texts(name)) for name in _PEOPLE if name in submitted}
    contacts = submitted.texts("contacts", before.contacts)
    if "contacts" in submitted:
        check_contacts(state, contacts)
    return attrs.evolve(
        before,
        parent=parent,
        title=submitted.text("title", before.title),
        dynatype=before.dynatype or before.kind,
        description=submitted.text("description", before.description),
        tags=submitted.texts("tags", before.tags),
        aspects=submitted.mapping("aspects", before.aspects),
        contacts=contacts,
        fields={**submitted.merge(before.fields, *_PLAIN, *more), **people},
    )


def _people(state: State, name: str, usernames: Iterable[str]) -> list[dict[str, object]]:
    """Return the objects that are shown for usernames."""
    found: list[dict[str, object]] = []
    for username in usernames:
        if username not in state.users:
            raise refuse(f"{name}: user {username!r} does not exist.")
        found.append(state.users[username].embed())
    return found


def _work_fields(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that Projects and Tasks have, in addition to those of every document."""
    return {
        "associated_contacts_id": list(document.contacts),
        "associated_users": [],
        "connected_users": [state.author.username],
        "contacts": list(document.contacts),
        "due_date": None,
        "responsible_users": [],
        "space": space_around(state, document),
    }


async def create_task(service: Service, call: Call) -> Answer:
    """Create a Task in a Project: 201 and `Location`, no body."""
    submitted = await _TASK.read(call)
    draft = service.state.draft("Task", "", None)
    task = service.state.add(_change_task(service.state, draft, submitted))
    return empty(201, {"Location": f"/api/v2/tasks/{task.id}/"})


async def update_task(service: Service, call: Call) -> Answer:
    """Change only the given fields; lists are replaced whole, another `project` moves the Task."""
    submitted = await _TASK.read(call, partial=True)
    before = TASKS.find(service.state, call.ids[0])
    service.state.change(_change_task(service.state, before, submitted))
    return empty(204)


def _change_task(state: State, before: Document, submitted: SubmittedFields) -> Document:
    parent = _project(state, submitted.text("project")) if "project" in submitted else before.parent
    return _change_work_item(state, before, submitted, parent=parent)


def _project(state: State, identifier: str) -> str:
    project = state.documents.get(identifier)
    if project is None or project.kind != "Project":
        raise refuse(f"project: Project {identifier!r} does not exist.")
    return project.id


def task_fields(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Task has; it has neither a number nor a fileplan."""
    return {
        **_work_fields(state, document),
        "project": project_around(state, document),
        "status": "task_status:In_progress:",
        "status_message": None,
        **document.fields,
    }


TASKS = DocumentCollection(
    plural="tasks",
    kind="Task",
    own=task_fields,
    known=frozenset((*listing.TITLE_FILTERS, *listing.DATE_FILTERS, "associated_contacts_id")),
    create=Route("POST", "/api/v2/tasks/", "tasks.create", create_task),
    update=update_task,
    removable=True,
)


async def create_project(service: Service, call: Call) -> Answer:
    """Create a Project, with its Workspace, in a Space: 201 and `Location`, no body."""
    submitted = await _PROJECT.read(call)
    draft = _change_project(service.state, service.state.draft("Project", "", None), submitted)
    project = _add_numbered(service.state, draft)
    return empty(201, {"Location": f"/api/v2/projects/{project.id}/"})


def create_first_project(state: State, *, title: str, space: str, dynatype: str = "Project") -> Document:
    """Create a Project without a request, such as the initial one of a sandbox."""
    draft = attrs.evolve(state.draft("Project", "", None), dynatype=dynatype)
    return _add_numbered(
        state, _change_project(state, draft, SubmittedFields({"title": title, "space": space}))
    )


def _add_numbered(state: State, draft: Document) -> Document:
    """Add a Project under its number, with the Workspace for its children."""
    number = state.next_identifier(stamp(draft.created)[:4])
    project = state.add(attrs.evolve(draft, fields={**draft.fields, "identifier": number}))
    state.add(state.draft("Workspace", number, project.id))
    return project


async def update_project(service: Service, call: Call) -> Answer:
    """Change only the given fields; lists are replaced whole, without a lock."""
    submitted = await _PROJECT.read(call, partial=True)
    before = PROJECTS.find(service.state, call.ids[0])
    service.state.change(_change_project(service.state, before, submitted))
    return empty(204)


def _change_project(state: State, before: Document, submitted: SubmittedFields) -> Document:
    parent = _space(state, submitted.text("space")) if "space" in submitted else before.parent
    for programme in submitted.texts("sub_project_of"):
        _check_programme(state, programme)
    return _change_work_item(state, before, submitted, parent=parent, more=("fileplan", "template"))


def _check_programme(state: State, identifier: str) -> None:
    """Refuse an id other than that of a Project with the dynatype Programme."""
    project = state.documents.get(identifier)
    if project is None or (project.kind, project.dynatype) != ("Project", "Programme"):
        raise refuse(f"sub_project_of: Programme {identifier!r} does not exist.")


def _space(state: State, identifier: str) -> str:
    space = state.documents.get(identifier)
    if space is None or space.kind != "Space":
        raise refuse(f"space: Space {identifier!r} does not exist.")
    return space.id


def project_fields(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Project has."""
    return {
        **_work_fields(state, document),
        "fileplan": "",
        "fileplan_title": "",
        "status": "project_status:In_progress:",
        "status_message": "",
        **document.fields,
    }


PROJECTS = DocumentCollection(
    plural="projects",
    kind="Project",
    own=project_fields,
    known=frozenset((*listing.TITLE_FILTERS, *listing.DATE_FILTERS, "associated_contacts_id")),
    create=Route("POST", "/api/v2/projects/", "projects.create", create_project),
    update=update_project,
    removable=True,
    within={"files": FILES, "tasks": TASKS, "folders": FOLDERS},
)
