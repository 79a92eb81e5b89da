"""Location of a document: its `path` as text, and its Project and Space (facts 4.1)."""

from coredata_async.sandbox.document import Document
from coredata_async.sandbox.state import State

_SPACES = "/domain/spaces/Spaces"
"""The only SpaceFolder."""


def path_of(state: State, document: Document) -> str:
    """Return the titles from the domain down to a document, slash-joined and not escaped.

    `/domain/spaces/<SpaceFolder>/<Space>/Projects/<Project>/<identifier>/<filename>`. A system document
    (`/domain/trash`) has a `path` of its own, and the paths of its descendants begin with that.
    """
    fixed = document.fields.get("path")
    if fixed is not None:
        return str(fixed)
    above = _SPACES if document.parent is None else path_of(state, state.documents[document.parent])
    return above + _step(document)


def _step(document: Document) -> str:
    match document.kind:
        case "Project":
            return f"/Projects/{document.title}"
        case "Task":
            return f"/tasks/{document.title}"
        case "File":
            return f"/{document.fields['filename']}"
        case _:
            return f"/{document.title}"


def project_around(state: State, document: Document) -> dict[str, object]:
    """Return the Project around a document, in the form embedded in it; empty if there is none."""
    project = state.enclosing(document, "Project")
    if project is None:
        return {}
    return {"id": project.id, "identifier": project.fields["identifier"], "title": project.title}


def space_around(state: State, document: Document) -> dict[str, object]:
    """Return the Space around a document, in the form embedded in it; empty if there is none."""
    space = state.enclosing(document, "Space")
    return {"id": space.id, "title": space.title} if space else {}
