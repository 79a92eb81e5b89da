"""Verbs that the services of all kinds of objects have in common."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, cast

import attrs

from coredata_async.errors import ConfigurationError
from coredata_async.fivepm.calls import Objects
from coredata_async.fivepm.listing import Listing, Page
from coredata_async.fivepm.perform import perform
from coredata_async.fivepm.request_style import RequestStyle
from coredata_async.ids import Id
from coredata_async.message import Send
from coredata_async.unset import Unset

T = TypeVar("T")


class Part(Protocol):
    """The requested part of a list."""

    @property
    def page_size(self) -> int | None:
        """Objects per page; `None` leaves it to the server."""
        ...

    @property
    def offset(self) -> int:
        """Offset of the first object."""
        ...


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

    def _list_pages(self, where: object, part: Part, **options: bool | Unset) -> Listing[T]:
        async def fetch(offset: int, count: int | None) -> Page[T]:
            call = self._calls.list(self._form, where, offset=offset, count=count, **options)
            found = await perform(self._send, call)
            return Page(tuple(found.items), found.total, offset)

        return Listing(fetch, key=attrgetter("id"), offset=part.offset, page_size=part.page_size)


F = TypeVar("F")


def in_range(least: int) -> Any:
    """Return an attrs validator: the value must be `None` or at least this number."""

    def check(_: object, attribute: attrs.Attribute[Any], value: int | None) -> None:
        if value is not None and value < least:
            raise ConfigurationError(f"{attribute.name} must be {least} or more, not {value}")

    return check


def filters_only(wanted: object, kind: type[F]) -> F:
    """Return the filters alone, as the class that has a table of the service's names."""
    attributes = attrs.fields(cast("Any", kind))
    return kind(**{attribute.name: getattr(wanted, attribute.name) for attribute in attributes})
