"""Everything the sandbox serves, as one table: a new noun is one more name in `NOUNS`."""

from coredata_async.sandbox import blobs, content, control, storage
from coredata_async.sandbox.bucket import ROOT
from coredata_async.sandbox.files import FILES
from coredata_async.sandbox.projects import PROJECTS
from coredata_async.sandbox.route import Route, Router, router
from coredata_async.sandbox.spaces import SPACES

NOUNS = (FILES, PROJECTS, SPACES)

_STORAGE = (
    Route("PUT", f"{ROOT}/{{}}", "storage.put", storage.put, auth="none"),
    Route("GET", f"{ROOT}/{{}}", "storage.get", storage.get, auth="none"),
    Route("HEAD", f"{ROOT}/{{}}", "storage.get", storage.get, auth="none"),
)


def table() -> Router:
    """Return the table; the storage comes first, for it is asked most."""
    nouns = [route for noun in NOUNS for route in noun.routes()]
    return router((*_STORAGE, *blobs.ROUTES, *nouns, *content.ROUTES, *control.ROUTES))
