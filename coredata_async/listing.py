"""Listings: requests are sent when a listing is awaited (first page) or iterated (every object, once)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from operator import attrgetter
from typing import ParamSpec, TypeVar

from attrs import evolve

from coredata_async.call import perform
from coredata_async.errors import UnexpectedResponseError
from coredata_async.message import Reply, Request, Send
from coredata_async.paging import LazyListing
from coredata_async.walk import PageCursor
from coredata_async.wire.calls import Page, list_page
from coredata_async.wire.resource import Paging, Resource, query

T = TypeVar("T")
W = ParamSpec("W")

log = logging.getLogger("coredata_async.listing")


class Listing(LazyListing[T, Page[T]]):
    """The matching objects of a collection, fetched as they are needed.

    `await listing` returns the first `Page`; `async for` yields every object once, in the server's order.

    Paging continues while the offset is below the server's total, or while full pages have a `next`. Short
    and empty pages do not end it, because a server may hide rows after it has cut the page. Objects that are
    repeated because others were added or deleted are dropped, and after a deletion the rows before it are
    read again, so that nothing is skipped. Deletions are detected by the total: a deletion and an insertion
    between the same two responses cancel out and are not detected.

    A listing never ends silently with fewer objects than the total. If the pages themselves explain the
    difference (rows hidden by permissions), it is logged; otherwise an error is raised.

    Memory: one page, or `prefetch + 1` pages. Retry safety: reads only; each iteration starts again.

    Raises:
        UnexpectedResponseError: If the listing is incomplete: the server ignores `offset`, repeats pages, or
            stops before its total. The objects yielded before are correct.
    """

    def __init__(
        self,
        fetch: Callable[[int, int | None], Awaitable[Page[T]]],
        *,
        key: Callable[[T], Hashable],
        offset: int = 0,
        page_size: int | None = None,
        path: str = "",
    ) -> None:
        super().__init__(fetch, key=key, offset=offset, page_size=page_size)
        self._path = path

    def __repr__(self) -> str:
        size = "" if self._page_size is None else f", page_size={self._page_size}"
        where = f"{self._path or 'objects'} from offset {self._offset}{size}"
        return f"<Listing of {where}; nothing is requested yet>"

    def walk(self) -> PageCursor[T]:
        """Return a `PageCursor` for a listing that must be provably complete: see `pages`."""
        return PageCursor(self._key, start=self._offset, overlap=True)

    async def pages(
        self, *, prefetch: int = 0, walk: PageCursor[T] | None = None
    ) -> AsyncGenerator[Page[T], None]:
        """Yield page after page.

        Args:
            prefetch: Number of further pages to request while the caller processes one. With 20 ms per
                response, 8 make a listing about six times as fast.
            walk: From `walk()`, to check afterwards if the listing was complete
                (`PageCursor.incomplete_reason`). It detects every skipped object: each page is requested with
                the last row of the previous page.
        """
        walk = walk or PageCursor(self._key, start=self._offset)
        ahead: dict[int, asyncio.Task[Page[T]]] = {}
        offset: int | None = self._offset
        try:
            while offset is not None:
                task = ahead.pop(offset, None)
                page = await (task if task else self._fetch(offset, self._page_size))
                # Paging uses the requested offset, because a server that ignores it may return another one.
                fresh, following = walk.take(page if page.offset == offset else evolve(page, offset=offset))
                offset = following
                await self._prefetch(ahead, offset, walk, prefetch)
                yield fresh if fresh.offset == page.offset else evolve(fresh, offset=page.offset)
            self._conclude(walk)
        finally:
            await _cancel(ahead)

    async def count(self) -> int:
        """Return the server's number of matching objects, regardless of the offset. Sends one request."""
        return (await self._fetch(self._offset, 1)).total

    async def _prefetch(
        self, ahead: dict[int, asyncio.Task[Page[T]]], offset: int | None, walk: PageCursor[T], prefetch: int
    ) -> None:
        step = walk.step
        wanted = range(offset, min(offset + prefetch * step, walk.total), step) if offset is not None else ()
        stale = {at: task for at, task in ahead.items() if at not in wanted}
        for at in stale:
            del ahead[at]
        await _cancel(stale)
        for at in wanted:
            if at not in ahead:
                # Not a TaskGroup: that must not be open across a yield (PEP 789). `pages` ends them itself.
                ahead[at] = asyncio.ensure_future(self._fetch(at, self._page_size))

    def _conclude(self, walk: PageCursor[T]) -> None:
        """Report a difference between the objects shown and the server's total."""
        if walk.failure:
            raise UnexpectedResponseError(
                f"GET {self._path}: the listing is incomplete: {walk.failure}; do not conclude from it that "
                "something does not exist",
                Request("GET", self._path),
                Reply(200),
            )
        if walk.hidden:
            log.warning(
                "GET %s: %d of the %d objects that the server counts were not shown, probably because of "
                "permissions",
                self._path,
                walk.hidden,
                walk.total,
            )


def list_resource(send: Send, kind: Resource[T, W], where: Paging, *, path: str | None = None) -> Listing[T]:
    """Return the listing of a collection, or of the one at `path`.

    Raises:
        ConfigurationError: If a filter is invalid. Raised here, and not when the first page is requested.
    """
    query(where)

    async def fetch(offset: int, limit: int | None) -> Page[T]:
        page = list_page(path or kind.path, kind.model, where, limit=limit, offset=offset)
        return await perform(send, page)

    return Listing(
        fetch,
        key=attrgetter(kind.key),
        offset=where.offset,
        page_size=where.page_size,
        path=path or kind.path,
    )


async def _cancel(tasks: dict[int, asyncio.Task[Page[T]]]) -> None:
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
