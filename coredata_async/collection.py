"""What every noun can do, written once: `list`, `get`, `create`, `update`, `delete`.

Each function makes one such verb for one row. Its keywords are those of the row's filter, new or
edit class, for the type checker (`ParamSpec`) and for `help()` (`__signature__`) alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from coredata_async.call import perform
from coredata_async.listing import Listing, listed
from coredata_async.message import Send
from coredata_async.wire import calls
from coredata_async.wire.kind import AppendableKind, EditableKind, Kind, Window
from coredata_async.wire.lookups import segment

T = TypeVar("T")
V = TypeVar("V")
P = ParamSpec("P")
W = ParamSpec("W")
N = ParamSpec("N")
E = ParamSpec("E")
Verb = TypeVar("Verb", bound=Callable[..., object])


def lister(send: Send, kind: Kind[T, W], *, path: str | None = None) -> Callable[W, Listing[T]]:
    """Make `list(**filters)`, of the whole collection or of the one at `path`."""

    def list(*args: W.args, **kwargs: W.kwargs) -> Listing[T]:  # noqa: A001  # the service's own verb
        return listed(send, kind, kind.where(*args, **kwargs), path=path)

    return _spelled(list, kind.where, "List the objects that match; awaited or iterated, see `Listing`.")


def sublister(
    send: Send, kind: Kind[T, W], owners: str, where: Callable[P, Window]
) -> Callable[Concatenate[str, P], Listing[T]]:
    """Make the listing of one collection inside an object of another, as `/projects/<id>/files/`."""
    noun = kind.path.rstrip("/").rpartition("/")[2]

    def inside(id: str, /, *args: P.args, **kwargs: P.kwargs) -> Listing[T]:  # noqa: A002
        return listed(send, kind, where(*args, **kwargs), path=f"{owners}{segment(id)}/{noun}/")

    inside.__name__ = noun
    return _spelled(inside, where, f"List the {noun} of one object, without filters.", leading=("id",))


def getter(send: Send, kind: Kind[T, W]) -> Callable[[str], Awaitable[T]]:
    """Make `get(id)`."""

    async def get(id: str) -> T:  # noqa: A002  # the service's own name
        """Read one object: one exchange, repeat-safe.

        Raises:
            NotFoundError: There is none with this id, or it is hidden from this user.
        """
        return await perform(send, calls.get(kind, id))

    return get


def creator(send: Send, kind: AppendableKind[T, W, N]) -> Callable[N, Awaitable[str]]:
    """Make `create(**fields)`."""

    async def create(*args: N.args, **kwargs: N.kwargs) -> str:
        return await perform(send, calls.create(kind.path, kind.new(*args, **kwargs)))

    return _spelled(
        create,
        kind.new,
        "Create one object and return its id: one exchange.\n\n"
        "It is repeated only when it provably was not carried out; otherwise `OutcomeUnknownError` says\n"
        "that the object may exist, and it is for the caller to look.",
    )


def updater(send: Send, kind: EditableKind[T, W, N, E]) -> Callable[Concatenate[str, E], Awaitable[None]]:
    """Make `update(id, **changes)`."""

    async def put(id: str, edit: object) -> None:  # noqa: A002
        await perform(send, calls.update(kind.path, id, edit))

    summary = "Change one object: only what is given is sent, and `None` clears a field. Repeat-safe."
    return updating(kind.edit, put, summary)


def updating(
    edit: Callable[E, V], put: Callable[[str, V], Awaitable[None]], summary: str
) -> Callable[Concatenate[str, E], Awaitable[None]]:
    """Make `update(id, **changes)` of an edit class and of what puts an edit."""

    async def update(id: str, /, *args: E.args, **kwargs: E.kwargs) -> None:  # noqa: A002
        await put(id, edit(*args, **kwargs))

    return _spelled(update, edit, summary, leading=("id",))


def deleter(send: Send, kind: EditableKind[T, W, N, E]) -> Callable[[str], Awaitable[None]]:
    """Make `delete(id)`."""
    return delete_at(send, kind.path)


def delete_at(send: Send, path: str) -> Callable[[str], Awaitable[None]]:
    """Make `delete(id)` for the collection at a path."""

    async def delete(id: str) -> None:  # noqa: A002
        """Delete one object: one exchange, repeat-safe. Whether it can be had back is not documented.

        Raises:
            NotFoundError: There is none with this id.
        """
        await perform(send, calls.delete(path, id))

    return delete


def _spelled(
    verb: Verb, keywords: Callable[..., object], summary: str, leading: tuple[str, ...] = ()
) -> Verb:
    """Give a verb the signature and the words of the class whose keywords it takes."""
    own = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY, annotation=str) for name in leading]
    taken = list(inspect.signature(keywords).parameters.values())
    paging = [each for each in taken if each.name in {"page_size", "offset"}]
    rest = [each for each in taken if each not in paging]
    verb.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
        [*own, *rest, *paging], return_annotation=verb.__annotations__["return"]
    )
    verb.__doc__ = f"{summary}\n\n{inspect.getdoc(keywords)}"
    return verb
