"""Calls that all services have in common: add, update, remove, get, list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from coredata_async.call import Call
from coredata_async.fivepm.codec import shape
from coredata_async.fivepm.codec.tree import Tree
from coredata_async.fivepm.method import Method, Route
from coredata_async.fivepm.replies import absent, ask, removal_refused
from coredata_async.fivepm.request_style import RequestStyle, key
from coredata_async.ids import Id

T = TypeVar("T")

NOTHING: Final[Mapping[str, object]] = {}


def add(form: RequestStyle, method: Method, model: type[T], new: object) -> Call[T]:
    """Create an object, and return it as it is in the response."""
    return call_for_object(form, method, model, {str(method.key): form.encode(new)})


def update(form: RequestStyle, method: Method, model: type[T], id: Id, edit: object) -> Call[T]:  # noqa: A002
    """Change an object: send its id with the changes, and return the object in the response."""
    return call_for_object(form, method, model, changes(form, method, id, edit))


def changes(form: RequestStyle, method: Method, id: Id, edit: object) -> Mapping[str, object]:  # noqa: A002
    """Return the arguments of a change."""
    return {str(method.key): {**form.encode(edit), "id": key(id)}}


def remove(form: RequestStyle, method: Method, id: Id, *, route: Route | None = None) -> Call[None]:  # noqa: A002
    """Remove an object; the response is yes or no."""
    return call_for_flag(form, method, {"id": key(id)}, route=route)


def get(form: RequestStyle, method: Method, model: type[T], id: Id) -> Call[T]:  # noqa: A002
    """Read one object by its id."""
    return call_for_object(form, method, model, {"id": key(id)})


def call_for_object(
    form: RequestStyle, method: Method, model: type[T], params: Mapping[str, object]
) -> Call[T]:
    """Call a method that must return an object; `NotFoundError` if a reading method returns none."""
    request = form.request(method, params)

    def read(tree: Tree) -> T:
        found = shape.one(tree, model)
        if found is not None:
            return found
        if method.writes:
            raise ValueError(f"the response contains no {model.__name__}")
        raise absent(request, model.__name__)

    return ask(request, read)


def listing(
    form: RequestStyle, method: Method, model: type[T], params: Mapping[str, object]
) -> Call[shape.Items[T]]:
    """Call a method that returns several objects, or none."""
    return ask(form.request(method, params), lambda tree: shape.many(tree, model))


def call_for_flag(
    form: RequestStyle, method: Method, params: Mapping[str, object], *, route: Route | None = None
) -> Call[None]:
    """Call a method that returns yes or no: no is an error, and so is a response that is neither."""
    request = form.request(method, params, route=route)

    def read(tree: Tree) -> None:
        said = shape.flag(tree)
        if said is None:
            raise ValueError("the response is neither yes nor no")
        if not said:
            raise removal_refused(request)

    return ask(request, read)
