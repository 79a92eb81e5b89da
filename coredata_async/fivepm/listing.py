"""Lazy listing: it sends requests when it is awaited (first page) or iterated (every object, once)."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from itertools import compress
from typing import Final, Generic, TypeVar

from attrs import define, evolve, field, frozen

from coredata_async.paging import LazyListing, RecentKeys

T = TypeVar("T")

log = logging.getLogger("coredata_async.listing")

REMEMBERED: Final = 100_000
"""Number of ids remembered to recognise a repeated object."""
PATIENCE: Final = 2
"""Number of consecutive pages without new objects that count as the end."""


@frozen
class Page(Generic[T]):
    """One response of a listing."""

    items: tuple[T, ...]
    total: int | None
    """Number of matching objects; `None` if the service does not report it."""
    offset: int
    """Requested offset of the page."""


Fetch = Callable[[int, int | None], Awaitable[Page[T]]]
"""Function that gets the page at an offset, with a maximum number of objects."""


class Listing(LazyListing[T, Page[T]]):
    """Matching objects, fetched when they are needed.

    `await listing` returns the first `Page`; `async for` yields every object once. Paging counts received
    objects and drops repeats, because it is not documented whether offsets count from 0 or from 1, how long a
    page may be, or whether `total` is always sent. The order is not documented either: objects that others
    add or remove meanwhile may be missed.

    Memory: one page, and the seen ids. Retry-safe: each iteration starts again.

    Args:
        fetch: Function that gets a page.
        key: Function that returns the id of an object.
        offset: Offset of the first object.
        page_size: Number of objects per request.
        whole: True if one response contains everything, and a part cannot be requested.
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
        super().__init__(fetch, key=key, offset=offset, page_size=page_size)
        self._whole = whole

    def walk(self) -> Walk[T]:
        """Return a cursor for `pages`, which shows afterwards if objects are missing."""
        return Walk(self._key, self._page_size)

    async def pages(self, *, walk: Walk[T] | None = None) -> AsyncGenerator[Page[T], None]:
        """Yield page after page, without objects that came before.

        Args:
            walk: From `walk()`, to check afterwards how many objects are missing (`Walk.missing`).
        """
        walk = walk or self.walk()
        offset: int | None = self._offset
        while offset is not None:
            fresh, offset = walk.take(await self._fetch(offset, self._page_size))
            if fresh.items:
                yield fresh
            if self._whole:
                return
        if walk.missing:
            log.warning("5pm counts %d more objects than it has listed", walk.missing)

    async def count(self) -> int | None:
        """Return the number of matching objects: one request. `None` if the service does not report it."""
        return (await self._fetch(self._offset, 1)).total


@define
class Walk(Generic[T]):
    """Cursor of a listing, which decides the next offset from the received pages."""

    _key: Callable[[T], Hashable]
    _page_size: int | None = None
    total: int | None = field(default=None, init=False)
    """Latest number of matching objects, if the service reports it."""
    _begun: int | None = field(default=None, init=False)
    _found: int = field(default=0, init=False)
    _seen: RecentKeys = field(factory=lambda: RecentKeys(REMEMBERED), init=False)
    _patience: int = field(default=PATIENCE, init=False)
    _longest: int = field(default=0, init=False)
    """Number of objects of the longest page."""

    @property
    def missing(self) -> int:
        """Number of objects that the service counts, but did not show."""
        return 0 if self.total is None else max(0, self.total - (self._begun or 0) - self._found)

    def take(self, page: Page[T]) -> tuple[Page[T], int | None]:
        """Return the page without repeated objects, and the offset of the next one, or `None` at the end."""
        if self._begun is None:
            self._begun = page.offset
        self.total = page.total
        self._longest = max(self._longest, len(page.items))
        fresh = tuple(compress(page.items, self._seen.add(map(self._key, page.items))))
        self._found += len(fresh)
        self._patience = PATIENCE if fresh else self._patience - 1
        # An empty page may be one whose objects are all hidden from this user.
        step = len(page.items) or self._longest or self._page_size or 0
        following = None if self._is_last(page, step) else page.offset + step
        return evolve(page, items=fresh), following

    def _is_last(self, page: Page[T], step: int) -> bool:
        if not self._patience:
            return True
        if not page.items:
            return not step or page.total is None or page.offset + step >= page.total
        if page.total is None or (self._begun or 0) + self._found < page.total:
            # A short page proves nothing, because the server may have a limit of its own. An offset beyond
            # the total proves nothing either, if one object came twice because offsets count from 1.
            return False
        # A full page at the supposed end: ask again, so that no object is lost.
        return self._page_size is None or len(page.items) < self._page_size
