"""Check of a job's parent before the scan. An id is refused only on evidence."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from coredata_async.bulk.states import JobInputError
from coredata_async.call import perform
from coredata_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    UnexpectedResponseError,
    UnprocessableEntityError,
)
from coredata_async.message import Send
from coredata_async.resources.contacts import CONTACTS
from coredata_async.resources.containers import FOLDERS, SPACES
from coredata_async.resources.document import DOCUMENTS, DocumentWhere
from coredata_async.resources.files import FILES
from coredata_async.resources.projects import PROJECTS, TASKS
from coredata_async.wire import calls
from coredata_async.wire.resource import Resource

_OTHERS: Final[tuple[Resource[Any, ...], ...]] = (SPACES, FILES, TASKS, CONTACTS)
"""Collections whose objects cannot hold Files."""
_UNFIT: Final = frozenset(
    {
        *("AspectInfo", "Comment", "Contact", "ContactFolder", "Domain", "Dynatype", "DynatypeFolder"),
        *("File", "Settings", "Space", "SpaceFolder", "Task"),
    }
)
"""Types of documents that cannot hold Files."""
_ABSENT: Final = (NotFoundError, PermissionDeniedError, BadRequestError, UnprocessableEntityError)
"""Responses to the id of something else: a server may refuse an id that does not have the usual form."""


async def check_parent(api: Send, parent: str) -> bool:
    """Return whether the parent is a Project; refuse an id of an object that cannot hold Files.

    Sends the first request of a job, so a bad key and an unreachable server are reported here. Sends one
    request for a Project, two for a Folder, and at most eight for another id. The service documents no way
    to read a Filespace. So an unknown id is accepted, unless the list of all documents exists and its detail
    page reports that the document does not exist.

    Raises:
        APIError: If the service cannot be reached, or refuses the key.
        JobInputError: If the id does not exist, or belongs to an object that cannot hold Files.
    """
    try:
        await perform(api, calls.get(PROJECTS, parent))
    except _ABSENT:
        pass
    else:
        return True
    if await _find(api, FOLDERS, parent) is None:
        await _refuse_unfit(api, parent)
    return False


async def _refuse_unfit(api: Send, parent: str) -> None:
    document = await _find(api, DOCUMENTS, parent)
    if document is not None:
        if document.type in _UNFIT:
            _refuse(parent, document.type)
        return
    for kind in _OTHERS:
        if await _find(api, kind, parent) is not None:
            _refuse(parent, kind.model.__name__)
    if await _lists_documents(api):
        raise JobInputError(
            f"parent: no Project, Folder or Filespace has the id {parent!r}, or this user may not see it; "
            "check the id"
        )


def _refuse(parent: str, kind: str) -> NoReturn:
    article = "an" if kind[0] in "AEIOU" else "a"
    advice = "create a project in it, and use its id" if kind == "Space" else "use the id of one of these"
    raise JobInputError(
        f"parent: {parent} is {article} {kind}, but files go into a Project, Folder or Filespace; {advice}"
    )


async def _find(api: Send, kind: Resource[Any, ...], key: str) -> Any:
    """Return the object, or `None` if the response does not prove that it exists."""
    try:
        return await perform(api, calls.get(kind, key))
    except AuthenticationError:
        raise
    except (APIStatusError, UnexpectedResponseError):  # not every service has all of these paths
        return None


async def _lists_documents(api: Send) -> bool:
    """Return whether the service has the collection of all documents, which is known from 2014 only."""
    page = calls.list_page(DOCUMENTS.path, DOCUMENTS.model, DocumentWhere(), limit=1, offset=0)
    try:
        await perform(api, page)
    except AuthenticationError:
        raise
    except (APIStatusError, UnexpectedResponseError):
        return False
    return True
