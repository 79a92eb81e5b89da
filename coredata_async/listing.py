"""A listing: nothing is asked until it is awaited (first page) or iterated (every object, once)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Hashable
from contextlib import aclosing
from operator import attrgetter
from typing import Final, Generic, ParamSpec, TypeVar

from attrs import define, evolve, field

from coredata_async.call import perform
from coredata_async.message import Send
from coredata_async.paging import Seen, collected
from coredata_async.wire.calls import Page, list_page
from coredata_async.wire.kind import Kind, Window
from coredata_async.wire.lookups import query

T = TypeVar("T")
W = ParamSpec("W")

REMEMBERED: Final = 10_000
"""How many keys back a repeated object is recognised: flat memory, and far more than pages drift."""
PATIENCE: Final = 20
"""How often in a row places are read again without finding anything new, before the totals are doubted."""


class Listing(Generic[T]):
    """The objects of a collection that match, fetched as they are wanted.

    `await listing` gives the first `Page`; `async for` gives every object once, in the server's order.
    Paging goes by what was received, not by the server's `next`, which is sometimes wrong; objects that
    come twice because others were added or deleted meanwhile are dropped, and after a deletion the
    places before it are read again, so that nothing is skipped. It is the total that tells of a deletion:
    one that an insertion makes up for between the same two answers goes unnoticed.

    Memory: one page, or `prefetch + 1` of them. Repeat-safe: each iteration starts anew.
    """

    def __init__(
        self,
        fetch: Callable[[int, int | None], Awaitable[Page[T]]],
        *,
        key: Callable[[T], Hashable],
        offset: int = 0,
        page_size: int | None = None,
    ) -> None:
        self._fetch = fetch
        self._key = key
        self._offset = offset
        self._page_size = page_size

    def __await__(self) -> Generator[object, None, Page[T]]:
        return self._fetch(self._offset, self._page_size).__await__()

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def pages(self, *, prefetch: int = 0) -> AsyncGenerator[Page[T], None]:
        """Give page after page.

        Args:
            prefetch: How many further pages to ask for while one is being worked on. With 20 ms per
                answer, 8 make a listing about six times as fast.
        """
        walk = Walk(self._key, start=self._offset)
        ahead: dict[int, asyncio.Task[Page[T]]] = {}
        offset: int | None = self._offset
        try:
            while offset is not None:
                task = ahead.pop(offset, None)
                page = await (task if task else self._fetch(offset, self._page_size))
                fresh, offset = walk.take(page)
                await self._look_ahead(ahead, offset, page, prefetch)
                yield fresh
        finally:
            await _cancelled(ahead)

    async def collect(self, *, limit: int | None = None) -> list[T]:
        """All objects in a list, or the first `limit` of them."""
        return await collected(self.__aiter__(), limit)

    async def first(self) -> T | None:
        """The first object, or `None`: one exchange that asks for one object."""
        page = await self._fetch(self._offset, 1)
        return page.items[0] if page.items else None

    async def count(self) -> int:
        """How many objects the server says match, whatever the offset: one exchange."""
        return (await self._fetch(self._offset, 1)).total

    async def _look_ahead(
        self, ahead: dict[int, asyncio.Task[Page[T]]], offset: int | None, page: Page[T], prefetch: int
    ) -> None:
        step = max(1, page.limit)
        wanted = range(offset, min(offset + prefetch * step, page.total), step) if offset is not None else ()
        stale = {at: task for at, task in ahead.items() if at not in wanted}
        for at in stale:
            del ahead[at]
        await _cancelled(stale)
        for at in wanted:
            if at not in ahead:
                # Not a TaskGroup: that must not be open across a yield (PEP 789). `pages` ends them itself.
                ahead[at] = asyncio.ensure_future(self._fetch(at, self._page_size))


def listed(send: Send, kind: Kind[T, W], where: Window, *, path: str | None = None) -> Listing[T]:
    """The listing of a collection, or of the one at `path`.

    Raises:
        ConfigurationError: A filter cannot be written; told here, not when the first page is wanted.
    """
    query(where)

    async def fetch(offset: int, limit: int | None) -> Page[T]:
        page = list_page(path or kind.path, kind.model, where, limit=limit, offset=offset)
        return await perform(send, page)

    return Listing(fetch, key=attrgetter(kind.key), offset=where.offset, page_size=where.page_size)


async def _cancelled(tasks: dict[int, asyncio.Task[Page[T]]]) -> None:
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@define
class Walk(Generic[T]):
    """Where a listing goes next, decided from what came."""

    _key: Callable[[T], Hashable]
    start: int = 0
    _seen: Seen = field(factory=lambda: Seen(REMEMBERED), init=False)
    _total: int | None = field(default=None, init=False)
    _patience: int = field(default=PATIENCE, init=False)

    def take(self, page: Page[T]) -> tuple[Page[T], int | None]:
        """The page without repeated objects, and the offset of the next one, or `None` at the end."""
        fresh = tuple(item for item in page.items if self._seen.is_new(self._key(item)))
        if fresh:
            self._patience = PATIENCE
        return evolve(page, items=fresh), self._following(page, progress=bool(fresh))

    def _following(self, page: Page[T], *, progress: bool) -> int | None:
        deleted = max(0, self._total - page.total) if self._total is not None else 0
        self._total = page.total
        if deleted and self._patience:
            # What followed the deleted ones has moved up, perhaps past the place we have reached. A server
            # whose totals contradict each other finds our patience, and our memory of keys, limited.
            self._patience -= 1
            return max(self.start, page.offset - min(deleted, REMEMBERED // 2))
        reached = page.offset + len(page.items)
        if not page.items:
            return None
        if reached < page.total:
            return reached
        # A full page at what is said to be the end, with a `next`: ask once more, rather than lose any.
        return reached if progress and page.has_next and len(page.items) >= page.limit else None
