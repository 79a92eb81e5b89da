"""A listing: nothing is asked until it is awaited (first page) or iterated (every object, once)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Hashable
from contextlib import aclosing
from typing import Final, Generic, TypeVar

from attrs import define, evolve, field, frozen

from coredata_async.paging import RecentKeys, collect

T = TypeVar("T")

REMEMBERED: Final = 100_000
"""How many ids back a repeated object is recognised."""
PATIENCE: Final = 2
"""How many pages in a row may bring nothing new before that is taken for the end."""


@frozen
class Page(Generic[T]):
    """One answer of a listing."""

    items: tuple[T, ...]
    total: int | None
    """How many objects the service says match; `None` if it does not say."""
    offset: int
    """Where the page was asked to begin."""


Fetch = Callable[[int, int | None], Awaitable[Page[T]]]
"""Gets the page that begins at an offset, with so many objects at most."""


class Listing(Generic[T]):
    """The objects that match, fetched as they are wanted.

    `await listing` gives the first `Page`; `async for` gives every object once. Paging goes by what was
    received and drops repeats, for it is not documented whether offsets count from 0 or from 1, how long a
    page may be, or whether `total` always comes. There is no documented order either: what others add or
    remove meanwhile may be missed.

    Memory: one page, and the ids seen. Repeat-safe: each iteration starts again.

    Args:
        fetch: Gets a page.
        key: The id of an object.
        offset: Where to begin.
        page_size: How many objects to ask for at once.
        whole: Whether one answer holds everything, without a way to ask for a part.
    """

    def __init__(
        self,
        fetch: Fetch[T],
        *,
        key: Callable[[T], Hashable],
        offset: int = 0,
        page_size: int | None = None,
        whole: bool = False,
    ) -> None:
        self._fetch = fetch
        self._key = key
        self._offset = offset
        self._page_size = page_size
        self._whole = whole

    def __await__(self) -> Generator[object, None, Page[T]]:
        return self._fetch(self._offset, self._page_size).__await__()

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Give page after page, without what came before."""
        walk = Walk(self._key, self._page_size)
        offset: int | None = self._offset
        while offset is not None:
            fresh, offset = walk.take(await self._fetch(offset, self._page_size))
            if fresh.items:
                yield fresh
            if self._whole:
                return

    async def collect(self, *, limit: int | None = None) -> list[T]:
        """All objects in a list, or the first `limit` of them."""
        return await collect(self.__aiter__(), limit)

    async def first(self) -> T | None:
        """The first object, or `None`: one exchange that asks for one object."""
        page = await self._fetch(self._offset, 1)
        return page.items[0] if page.items else None

    async def count(self) -> int | None:
        """Return how many objects the service says match: one exchange. `None` if it does not say."""
        return (await self._fetch(self._offset, 1)).total


@define
class Walk(Generic[T]):
    """Where a listing goes next, decided from what came."""

    _key: Callable[[T], Hashable]
    _page_size: int | None = None
    _begun: int | None = field(default=None, init=False)
    _found: int = field(default=0, init=False)
    _seen: RecentKeys = field(factory=lambda: RecentKeys(REMEMBERED), init=False)
    _patience: int = field(default=PATIENCE, init=False)

    def take(self, page: Page[T]) -> tuple[Page[T], int | None]:
        """The page without repeated objects, and the offset of the next one, or `None` at the end."""
        if self._begun is None:
            self._begun = page.offset
        fresh = tuple(item for item in page.items if self._seen.is_new(self._key(item)))
        self._found += len(fresh)
        self._patience = PATIENCE if fresh else self._patience - 1
        following = None if self._is_last(page) else page.offset + len(page.items)
        return evolve(page, items=fresh), following

    def _is_last(self, page: Page[T]) -> bool:
        if not page.items or not self._patience:
            return True
        if page.total is None or (self._begun or 0) + self._found < page.total:
            # A short page is no proof: the server may have a limit of its own. Nor is an offset beyond the
            # total, where one object came twice because offsets count from 1.
            return False
        # A full page at what is said to be the end: ask again, rather than lose any.
        return self._page_size is None or len(page.items) < self._page_size
