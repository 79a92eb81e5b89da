"""Tasks: units of work in a Project (facts 2.4).

Reading is documented. Creating is no longer documented: body and path are those of the client of 2014, the
fields those of a Project; changing and deleting work as for Projects.
"""

from collections.abc import Mapping

from coredata_async.sandbox import filters, workitem
from coredata_async.sandbox.answer import Answer, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.collection import DocumentCollection, project_around
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.fields import SubmittedFields, accept, text, word_of
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State

_RULES = {**workitem.RULES, "status": word_of("task_status"), "project": text}
_MANDATORY = {"project", "title"}


async def create(service: Service, call: Call) -> Answer:
    """Create a Task in a Project: 201 and `Location`, no body."""
    said = accept(await call.json(), _RULES)
    said.require(*sorted(_MANDATORY))
    await call.commit()
    draft = service.state.draft("Task", "", None)
    task = service.state.add(_change(service.state, draft, said))
    return empty(201, {"Location": f"/api/v2/tasks/{task.id}/"})


async def update(service: Service, call: Call) -> Answer:
    """Change only the given fields; lists are replaced whole, another `project` moves the Task."""
    said = accept(await call.json(), _RULES)
    said.require(*sorted(_MANDATORY & said.values.keys()))
    await call.commit()
    before = TASKS.find(service.state, call.ids[0])
    service.state.change(_change(service.state, before, said))
    return empty(204)


def _change(state: State, before: Document, said: SubmittedFields) -> Document:
    parent = _project(state, said.text("project")) if "project" in said else before.parent
    return workitem.change(state, before, said, parent=parent)


def _project(state: State, identifier: str) -> str:
    project = state.documents.get(identifier)
    if project is None or project.kind != "Project":
        raise refuse(f"project: Project {identifier!r} does not exist.")
    return project.id


def own(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Task has; it has neither a number nor a fileplan."""
    return {
        **workitem.own(state, document),
        "project": project_around(state, document),
        "status": "task_status:In_progress:",
        "status_message": None,
        **document.fields,
    }


TASKS = DocumentCollection(
    plural="tasks",
    kind="Task",
    own=own,
    known=frozenset((*filters.TITLE, *filters.DATES, "associated_contacts_id")),
    create=Route("POST", "/api/v2/tasks/", "tasks.create", create),
    update=update,
    removable=True,
)
