"""Any document by its id, regardless of its kind: seen in 2014 only (facts 2.11)."""

from collections.abc import Mapping, Sequence
from itertools import chain

from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, empty
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.contacts import CONTACTS
from coredata_async.sandbox.document import Document
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.folders import FOLDERS
from coredata_async.sandbox.projects import PROJECTS
from coredata_async.sandbox.route import Route
from coredata_async.sandbox.service import Service
from coredata_async.sandbox.simple_collection import SimpleCollection
from coredata_async.sandbox.spaces import SPACES
from coredata_async.sandbox.state import State
from coredata_async.sandbox.tasks import TASKS

_PATH = "/api/v2/docs/"
_NOUNS = {noun.kind: noun for noun in (SPACES, PROJECTS, FOLDERS, FILES, TASKS, CONTACTS)}
_SHOWN_BY = {**_NOUNS, "Workspace": FOLDERS, "Filespace": FOLDERS}
"""Also the kinds without a collection of their own: all types derive from Document (facts 4.1)."""


def entries(state: State) -> Sequence[Mapping[str, object]]:
    """Return all documents of the kinds with a collection of their own."""
    return [_render(state, one) for one in chain.from_iterable(state.of(kind) for kind in _NOUNS)]


def entry(state: State, identifier: str) -> Mapping[str, object] | None:
    """Return one document."""
    document = state.documents.get(identifier)
    return None if document is None or document.kind not in _SHOWN_BY else _render(state, document)


async def delete(service: Service, call: Call) -> Answer:
    """Delete a document with its content: 204."""
    await call.commit()
    document = service.state.documents.get(call.ids[0])
    if document is None or document.kind not in _NOUNS:
        raise Refused(NOT_FOUND)
    service.state.remove(document)
    return empty(204)


def _render(state: State, document: Document) -> Mapping[str, object]:
    return {**_SHOWN_BY[document.kind].render(state, document), "resource_uri": f"{_PATH}{document.id}/"}


ROUTES = (Route("DELETE", f"{_PATH}{{}}/", "documents.delete", delete),)
DOCUMENTS = SimpleCollection(name="documents", path=_PATH, one=f"{_PATH}{{}}/", entries=entries, entry=entry)
