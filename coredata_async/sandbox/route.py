"""Routing of a method and a path to an operation, and the responses to unknown ones."""

import re
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import unquote

from attrs import define, field, frozen

from coredata_async.sandbox.answer import NOT_FOUND, Answer, Refused, empty
from coredata_async.sandbox.auth import Scheme
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.service import Handler


@frozen
class Route:
    """One row of the table of operations."""

    method: str
    path: str
    """Path in which each `{}` stands for one segment."""
    operation: str
    handler: Handler
    auth: Scheme = "v2"
    classify: Callable[[Call], Awaitable[str]] | None = None
    """Names the operation if method and path do not determine it, from the form without its content."""
    others: tuple[str, ...] = ()
    """Further operations that `classify` may name."""


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
            # Tastypie checks the method before the credentials (facts 5, inferred).
            raise Refused(empty(405, {"Allow": ", ".join(methods)}))
        return methods[method], ids

    def _match(self, path: str) -> tuple[dict[str, Route], tuple[str, ...]] | None:
        for pattern, methods in self._rows:
            if match := pattern.fullmatch(path):
                return methods, tuple(unquote(one) for one in match.groups())
        return None

    def _unknown(self, path: str, query: str) -> Answer:
        """Return 301 if only the final slash is missing, as Django does, for any method (facts 1.2)."""
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
