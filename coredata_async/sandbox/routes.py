"""Routing: the table of all operations, and the responses to unknown paths and methods.

A new resource is one more name in `NOUNS`.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from attrs import define, field

from coredata_async.sandbox import control, object_store, small_collections
from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, empty
from coredata_async.sandbox.collection import DocumentCollection, SimpleCollection
from coredata_async.sandbox.contacts import CONTACTS
from coredata_async.sandbox.files import CONTENT_ROUTES, FILES
from coredata_async.sandbox.fivepm import control as fivepm_control
from coredata_async.sandbox.fivepm import methods as fivepm_methods
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.folders import FOLDERS
from coredata_async.sandbox.projects import PROJECTS, TASKS
from coredata_async.sandbox.service import Route
from coredata_async.sandbox.small_collections import (
    COMMENTS,
    DOCUMENTS,
    DYNATYPES,
    SPACES,
    USERS,
    VALUE_LISTS,
)

NOUNS: tuple[DocumentCollection | SimpleCollection, ...] = (
    *(FILES, PROJECTS, SPACES, FOLDERS, TASKS, CONTACTS),
    *(USERS, COMMENTS, VALUE_LISTS, DYNATYPES, DOCUMENTS),
)


@define(eq=False)
class Router:
    """Table of operations, by path."""

    _rows: list[tuple[re.Pattern[str], dict[str, Route]]] = field(
        factory=list[tuple[re.Pattern[str], dict[str, Route]]]
    )

    def operations(self) -> frozenset[str]:
        """Return the names of all operations that faults can apply to: not those of the sandbox itself."""
        routes = [route for _, methods in self._rows for route in methods.values()]
        names = {name for route in routes for name in (route.operation, *route.others)}
        return frozenset(name for name in names if not name.startswith("sandbox."))

    def find(self, method: str, path: str, query: str) -> tuple[Route, tuple[str, ...]]:
        """Return the route and the ids in the path, or refuse with 301, 404 or 405."""
        found = self._match(path)
        if found is None:
            raise Refused(self._unknown(path, query))
        methods, ids = found
        if method not in methods:
            # Tastypie checks the method before the credentials (inferred).
            raise Refused(empty(405, {"Allow": ", ".join(methods)}))
        return methods[method], ids

    def _match(self, path: str) -> tuple[dict[str, Route], tuple[str, ...]] | None:
        for pattern, methods in self._rows:
            if match := pattern.fullmatch(path):
                return methods, tuple(unquote(one) for one in match.groups())
        return None

    def _unknown(self, path: str, query: str) -> Answer:
        """Return 301 if only the final slash is missing, as Django does, for any method."""
        if path.endswith("/") or self._match(f"{path}/") is None:
            return NOT_FOUND
        return empty(301, {"Location": f"{path}/?{query}" if query else f"{path}/"})


def router(routes: Iterable[Route]) -> Router:
    """Build a table from routes."""
    paths: dict[str, dict[str, Route]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method] = route
    return Router(
        [(re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), found) for path, found in paths.items()]
    )


def routes(fivepm: Account) -> Router:
    """Return the table: the storage first, because it gets most requests, and the second service last."""
    nouns = [route for noun in NOUNS for route in noun.routes()]
    return router(
        (
            *(*object_store.ROUTES, *nouns, *small_collections.ROUTES),
            *(*CONTENT_ROUTES, *control.ROUTES),
            *(*fivepm_methods.routes(fivepm), *fivepm_control.routes(fivepm)),
        )
    )
