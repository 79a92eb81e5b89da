"""Verbs that take the keywords of a class: for the type checker, for `help()`, and for the command line."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from coredata_async.fivepm.listing import Listing
from coredata_async.ids import Id
from coredata_async.keywords import build

T = TypeVar("T")
V = TypeVar("V")
P = ParamSpec("P")
Verb = TypeVar("Verb", bound=Callable[..., object])


def adding(new: Callable[P, V], post: Callable[[V], Awaitable[T]], summary: str) -> Callable[P, Awaitable[T]]:
    """Build `add(**fields)` from the class of a new object, and from the function that posts one."""

    async def add(*args: P.args, **kwargs: P.kwargs) -> T:
        return await post(build(f"{_noun(post)}.add", new, *args, **kwargs))

    return with_signature(add, new, summary)


def updating(
    edit: Callable[P, V], post: Callable[[Id, V], Awaitable[T]], summary: str
) -> Callable[Concatenate[Id, P], Awaitable[T]]:
    """Build `update(id, **changes)` from the class of a change, and from the function that posts one."""

    async def update(id: Id, /, *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: A002  # the service's name
        return await post(id, build(f"{_noun(post)}.update", edit, *args, **kwargs))

    return with_signature(update, edit, summary, leading=("id",))


def listing(where: Callable[P, V], fetch: Callable[[V], Listing[T]], summary: str) -> Callable[P, Listing[T]]:
    """Build `list(**filters)` from the class of the filters, and from the function that lists."""

    def list(*args: P.args, **kwargs: P.kwargs) -> Listing[T]:  # noqa: A001  # the service's own verb
        return fetch(build(f"{_noun(fetch)}.list", where, *args, **kwargs))

    return with_signature(list, where, summary)


def fetching_all(
    where: Callable[P, V], fetch: Callable[[V], Awaitable[T]], summary: str
) -> Callable[P, Awaitable[T]]:
    """Build `files(**filters)` from the class of the filters, and from the function that gets all objects."""

    async def files(*args: P.args, **kwargs: P.kwargs) -> T:
        return await fetch(build(f"{_noun(fetch)}.files", where, *args, **kwargs))

    return with_signature(files, where, summary)


def _noun(method: Callable[..., object]) -> str:
    """Return the service of a bound method as the client names it: `tasks` for `Tasks._add`."""
    return type(getattr(method, "__self__", None)).__name__.lower()


def with_signature(
    verb: Verb, keywords: Callable[..., object], summary: str, leading: tuple[str, ...] = ()
) -> Verb:
    """Give a verb the signature and the docstrings of the class whose keywords it takes."""
    own = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY, annotation=Id) for name in leading]
    taken = sorted(
        inspect.signature(keywords).parameters.values(), key=lambda each: each.default is not each.empty
    )
    verb.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
        [*own, *taken], return_annotation=verb.__annotations__["return"]
    )
    verb.__doc__ = f"{summary}\n\n{inspect.getdoc(keywords)}"
    return verb
