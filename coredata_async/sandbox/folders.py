"""Folders: listed, read, and created in a way chosen by this project.

Only `GET /api/v2/folders/` is documented. "Create a Folder in a Project" is a headline whose page is
lost, so `POST /api/v2/folders/` with `title` and `parent` is **this project's choice**, by analogy with
Files and Projects, and so are the details and `projects/{id}/folders/`. Check them against the service.

Source: https://docs.wise.is/cored/folders
"""

from collections.abc import Mapping

import attrs

from coredata_async.sandbox.answer import Answer, empty, refuse
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.collection import DocumentCollection, project_around, space_around
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.fields import accept, text
from coredata_async.sandbox.service import Route, Service
from coredata_async.sandbox.state import State

_RULES = {"title": text, "parent": text, "description": text}
_PARENTS = frozenset(("Project", "Workspace", "Folder", "Filespace", "Space"))


async def create(service: Service, call: Call) -> Answer:
    """Create a Folder: 201 and `Location`. Path and body are chosen by analogy, not documented."""
    submitted = accept(await call.json(), _RULES)
    submitted.require("title", "parent")
    await call.commit()
    state = service.state
    parent = state.documents.get(submitted.text("parent"))
    if parent is None or parent.kind not in _PARENTS:
        raise refuse(
            f"parent: Project, Folder, Filespace or Space {submitted.text('parent')!r} does not exist."
        )
    draft = state.draft("Folder", submitted.text("title"), state.container(parent).id)
    folder = state.add(attrs.evolve(draft, description=submitted.text("description")))
    return empty(201, {"Location": f"/api/v2/folders/{folder.id}/"})


def own(state: State, document: Document) -> Mapping[str, object]:
    """Return the fields that only a Folder has; one of the system's own has more fields (`version` null)."""
    return {
        "parent": document.parent,
        "project": project_around(state, document),
        "space": space_around(state, document),
        **document.fields,
    }


FOLDERS = DocumentCollection(
    plural="folders",
    kind="Folder",
    own=own,
    create=Route("POST", "/api/v2/folders/", "folders.create", create),
)
