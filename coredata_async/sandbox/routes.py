"""All routes of the sandbox, as one table: a new resource is one more name in `NOUNS`."""

from coredata_async.sandbox import blobs, content, control, documents, object_store, users
from coredata_async.sandbox.bucket import ROOT
from coredata_async.sandbox.collection import DocumentCollection
from coredata_async.sandbox.comments import COMMENTS
from coredata_async.sandbox.contacts import CONTACTS
from coredata_async.sandbox.documents import DOCUMENTS
from coredata_async.sandbox.dynatypes import DYNATYPES
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.fivepm import control as fivepm_control
from coredata_async.sandbox.fivepm import methods
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.folders import FOLDERS
from coredata_async.sandbox.projects import PROJECTS
from coredata_async.sandbox.route import Route, Router, router
from coredata_async.sandbox.simple_collection import SimpleCollection
from coredata_async.sandbox.spaces import SPACES
from coredata_async.sandbox.tasks import TASKS
from coredata_async.sandbox.users import USERS
from coredata_async.sandbox.value_lists import VALUE_LISTS

NOUNS: tuple[DocumentCollection | SimpleCollection, ...] = (
    *(FILES, PROJECTS, SPACES, FOLDERS, TASKS, CONTACTS),
    *(USERS, COMMENTS, VALUE_LISTS, DYNATYPES, DOCUMENTS),
)

_STORAGE = (
    Route("PUT", f"{ROOT}/{{}}", "storage.put", object_store.put, auth="none"),
    Route("GET", f"{ROOT}/{{}}", "storage.get", object_store.get, auth="none"),
    Route("HEAD", f"{ROOT}/{{}}", "storage.get", object_store.get, auth="none"),
)


def routes(fivepm: Account) -> Router:
    """Return the table: the storage first, because it gets most requests, and the second service last."""
    nouns = [route for noun in NOUNS for route in noun.routes()]
    return router(
        (
            *(*_STORAGE, *blobs.ROUTES, *nouns, *documents.ROUTES),
            *(*users.ROUTES, *content.ROUTES, *control.ROUTES),
            *(*methods.routes(fivepm), *fivepm_control.routes(fivepm)),
        )
    )
