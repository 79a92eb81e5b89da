"""Where a document lies, in words: its `path` (facts 4.1)."""

from coredata_async.sandbox.document import Document
from coredata_async.sandbox.state import State


def path_of(state: State, document: Document) -> str:
    """Return the titles from the domain down to a document, slash-joined and not escaped.

    `/domain/spaces/<SpaceFolder>/<Space>/Projects/<Project>/<identifier>/<filename>`
    """
    chain = [document, *state.ancestors(document)]
    return "/domain/spaces/Spaces" + "".join(_step(one) for one in reversed(chain))


def _step(document: Document) -> str:
    if document.kind == "Project":
        return f"/Projects/{document.title}"
    if document.kind == "File":
        return f"/{document.fields['filename']}"
    return f"/{document.title}"
