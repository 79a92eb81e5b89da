"""Verbs of every resource, written once: `list`, `get`, `create`, `update`, `delete`.

Each function creates one verb for one row. Its keywords are those of the row's filter, new or edit class,
both for type checkers (`ParamSpec`) and for `help()` (`__signature__`).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Concatenate, Final, ParamSpec, TypeVar

from coredata_async.call import perform
from coredata_async.fields import build, with_signature
from coredata_async.ids import Id
from coredata_async.listing import Listing, list_resource
from coredata_async.message import Send
from coredata_async.wire import calls
from coredata_async.wire.resource import AppendableKind, EditableKind, Evidence, Nested, Paging, Resource

T = TypeVar("T")
V = TypeVar("V")
P = ParamSpec("P")
W = ParamSpec("W")
N = ParamSpec("N")
E = ParamSpec("E")
Verb = TypeVar("Verb", bound=Callable[..., object])
_PAGES: Final = "Sends one request per page, when the page is read; safe to repeat. Memory: one page."


def lister(send: Send, kind: Resource[T, W]) -> Callable[W, Listing[T]]:
    """Create `list(**filters)`."""

    def list(*args: W.args, **kwargs: W.kwargs) -> Listing[T]:  # noqa: A001  # the service's own verb
        return list_resource(send, kind, build(f"{kind.name}.list", kind.where, *args, **kwargs))

    summary = f"List the matching objects; await or iterate the result, see `Listing`.\n\n{_PAGES}"
    return _with_evidence(list, kind.where, summary, kind.proof("list"))


def sublister(
    send: Send, nested: Nested[T, W], where: Callable[P, Paging]
) -> Callable[Concatenate[Id, P], Listing[T]]:
    """Create the listing of one collection inside an object of another, as `/projects/<id>/files/`."""

    def inside(id: Id, /, *args: P.args, **kwargs: P.kwargs) -> Listing[T]:  # noqa: A002
        wanted = build(nested.kind.name, where, *args, **kwargs)
        return list_resource(send, nested.kind, wanted, path=nested.path(id))

    inside.__name__ = nested.kind.name
    summary = f"List the {nested.kind.name} of one object, without filters. See `Listing`.\n\n{_PAGES}"
    return _with_evidence(inside, where, summary, nested.proof, leading=("id",))


def getter(send: Send, kind: Resource[T, W]) -> Callable[[Id], Awaitable[T]]:
    """Create `get(id)`."""

    async def get(id: Id) -> T:  # noqa: A002  # the service's own name
        """Read one object. Sends one request; safe to repeat.

        Raises:
            NotFoundError: If no object has this id, or it is hidden from this user.
        """
        return await perform(send, calls.get(kind, id))

    get.__doc__ = f"{inspect.getdoc(get)}\n\n{_see(kind.proof('get'))}"
    return get


def creator(send: Send, kind: AppendableKind[T, W, N]) -> Callable[N, Awaitable[str]]:
    """Create `create(**fields)`."""

    async def create(*args: N.args, **kwargs: N.kwargs) -> str:
        new = build(f"{kind.name}.create", kind.new, *args, **kwargs)
        return await perform(send, calls.create(kind.path, new))

    return _with_evidence(
        create,
        kind.new,
        "Create one object and return its id. Sends one request.\n\n"
        "It is repeated only if it provably was not carried out. Otherwise `OutcomeUnknownError` is raised:\n"
        "the object may exist, and the caller must check before creating it again.",
        kind.proof("create"),
    )


def updater(send: Send, kind: EditableKind[T, W, N, E]) -> Callable[Concatenate[Id, E], Awaitable[None]]:
    """Create `update(id, **changes)`."""

    async def put(id: Id, edit: object) -> None:  # noqa: A002
        await perform(send, calls.update(kind.path, id, edit))

    summary = (
        "Change one object: only given fields are sent. `None` clears a field (inferred, not documented).\n"
        "Sends one request; safe to repeat."
    )
    return make_updater(f"{kind.name}.update", kind.edit, put, summary, kind.proof("update"))


def make_updater(
    call: str, edit: Callable[E, V], put: Callable[[Id, V], Awaitable[None]], summary: str, proof: Evidence
) -> Callable[Concatenate[Id, E], Awaitable[None]]:
    """Create `update(id, **changes)` from an edit class and a function that sends an edit."""

    async def update(id: Id, /, *args: E.args, **kwargs: E.kwargs) -> None:  # noqa: A002
        await put(id, build(call, edit, *args, **kwargs))

    return _with_evidence(update, edit, summary, proof, leading=("id",))


def deleter(send: Send, kind: Resource[T, W]) -> Callable[[Id], Awaitable[None]]:
    """Create `delete(id)`."""

    async def delete(id: Id) -> None:  # noqa: A002
        """Delete one object.

        Sends one request; safe to repeat. It is not documented whether it can be restored.

        Raises:
            NotFoundError: If no object has this id.
        """
        await perform(send, calls.delete(kind.path, id))

    delete.__doc__ = f"{inspect.getdoc(delete)}\n\n{_see(kind.proof('delete'))}"
    return delete


def _with_evidence(
    verb: Verb, keywords: Callable[..., object], summary: str, proof: Evidence, leading: tuple[str, ...] = ()
) -> Verb:
    """Give a verb the signature and the docstring of the class whose keywords it takes, and its source."""
    documented = with_signature(verb, keywords, summary, leading=leading)
    documented.__doc__ = f"{documented.__doc__}\n\n{_see(proof)}"
    return documented


def _see(proof: Evidence) -> str:
    """Return the source of a verb and, if it is not on the vendor's pages, the certainty."""
    doubt = {"documented": "", "named": " (only named there)", "legacy": " (seen in old clients only)"}
    return f"See: {proof.source}{doubt[proof.evidence]}"
