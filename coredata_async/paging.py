"""Common parts of the listings of both services: lazy requests, and a memory of recent keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Hashable, Iterable
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class PageOf(Protocol[T_co]):
    """One response of a listing."""

    @property
    def items(self) -> tuple[T_co, ...]:
        """The objects of the page."""
        ...


P = TypeVar("P", bound=PageOf[Any])


class LazyListing(ABC, Generic[T, P]):
    """Objects of type `T` that are fetched as pages of type `P` when they are needed.

    Args:
        fetch: Sends the request for a page, by its offset and its maximum number of objects.
        key: Returns the id of an object.
        offset: Offset of the first object.
        page_size: Maximum number of objects per request; None leaves it to the server.
    """

    def __init__(
        self,
        fetch: Callable[[int, int | None], Awaitable[P]],
        *,
        key: Callable[[T], Hashable],
        offset: int = 0,
        page_size: int | None = None,
    ) -> None:
        self._fetch = fetch
        self._key = key
        self._offset = offset
        self._page_size = page_size

    def __await__(self) -> Generator[object, None, P]:
        return self._fetch(self._offset, self._page_size).__await__()

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    @abstractmethod
    def pages(self) -> AsyncGenerator[P, None]:
        """Yield page after page."""

    async def collect(self, *, limit: int | None = None) -> list[T]:
        """Return all objects in a list, or the first `limit` of them without waiting for more."""
        collected: list[T] = []
        if limit is not None and limit <= 0:
            return collected
        async with aclosing(self.__aiter__()) as items:
            async for item in items:
                collected.append(item)
                if limit is not None and len(collected) >= limit:
                    break
        return collected

    async def first(self) -> T | None:
        """Return the first object, or None. Sends one request for one object."""
        page = await self._fetch(self._offset, 1)
        return page.items[0] if page.items else None


@define
class RecentKeys:
    """The most recent keys, up to a maximum number."""

    remembered: int
    _keys: OrderedDict[Hashable, None] = field(factory=OrderedDict[Hashable, None], init=False)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._keys

    def add(self, keys: Iterable[Hashable]) -> list[bool]:
        """Remember keys, and return for each of them whether it is new."""
        new: list[bool] = []
        for key in keys:
            new.append(key not in self._keys)
            if new[-1]:
                self._keys[key] = None
                if len(self._keys) > self.remembered:
                    self._keys.popitem(last=False)
        return new
