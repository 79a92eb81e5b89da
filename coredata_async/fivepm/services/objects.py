"""Verbs that the services of all kinds of objects have in common, with the keywords of their classes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from operator import attrgetter
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import attrs
from attrs import field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.fields import build, with_signature
from coredata_async.fivepm.calls import Objects
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.replies import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.ids import Id
from coredata_async.message import Send
from coredata_async.unset import UNSET, Unset

T = TypeVar("T")
V = TypeVar("V")
P = ParamSpec("P")


def in_range(least: int) -> Any:
    """Return an attrs validator: the value must be `None` or at least this number."""

    def check(_: object, attribute: attrs.Attribute[Any], value: int | None) -> None:
        if value is not None and value < least:
            raise ConfigurationError(f"{attribute.name} must be {least} or more, not {value}")

    return check


@frozen(kw_only=True, slots=False)  # to be combined with the filters, another base class
class ListPart:
    """The requested part of a list."""

    page_size: int | None = field(default=100, validator=in_range(1))
    """Objects per page; `None` leaves it to the server. The server may return fewer, or more."""
    offset: int = field(default=0, validator=in_range(0))
    """Offset of the first object. Whether the first one is 0 or 1 is not documented."""


@frozen(kw_only=True, slots=False)
class TeamListPart(ListPart):
    """The requested part of a list of objects with a team."""

    load_team: bool | Unset = UNSET
    """True to include the team of each."""


class ObjectService(Generic[T]):
    """Service for one kind of object."""

    def __init__(self, send: Send, form: RequestStyle, calls: Objects[T]) -> None:
        self._send = send
        self._form = form
        self._calls = calls

    async def get(self, id: Id) -> T:  # noqa: A002  # the service's own name
        """Read one object: one request, retry-safe.

        Raises:
            NotFoundError: If it does not exist, or is hidden from this user.
        """
        return await perform(self._send, self._calls.get(self._form, id))

    async def remove(self, id: Id) -> None:  # noqa: A002
        """Remove an object: one request.

        It is not documented whether it can be restored, and what is removed with it.

        Raises:
            NotFoundError: If it does not exist.
        """
        await perform(self._send, self._calls.remove(self._form, id))

    async def _add(self, new: object) -> T:
        return await perform(self._send, self._calls.add(self._form, new))

    async def _update(self, id: Id, edit: object) -> T:  # noqa: A002
        return await perform(self._send, self._calls.update(self._form, id, edit))

    def _list_all(self) -> Listing[T]:
        async def fetch(offset: int, _: int | None) -> Page[T]:
            found = await perform(self._send, self._calls.all(self._form))
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), whole=True)

    def _list_pages(self, where: object, part: ListPart, **options: bool | Unset) -> Listing[T]:
        async def fetch(offset: int, count: int | None) -> Page[T]:
            call = self._calls.list(self._form, where, offset=offset, count=count, **options)
            found = await perform(self._send, call)
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), offset=part.offset, page_size=part.page_size)


def filters_only(wanted: object, kind: type[T]) -> T:
    """Return the filters alone, as the class that has a table of the service's names."""
    attributes = attrs.fields(cast("Any", kind))
    return kind(**{attribute.name: getattr(wanted, attribute.name) for attribute in attributes})


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
