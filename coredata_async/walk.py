"""Progress of a listing: the next offset, and a check for completeness. Pure decisions, no I/O.

`offset` and `limit` count rows before the server hides rows that the caller may not see. A short page
therefore has two possible reasons: the server uses a smaller limit than it states, or it hid rows. The walk
assumes the first, which costs requests but skips nothing, until a page proves the second.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import compress
from typing import Final, Generic, TypeVar

from attrs import define, evolve, field

from coredata_async.paging import RecentKeys
from coredata_async.wire.calls import Page

T = TypeVar("T")

REMEMBERED: Final = 10_000
"""Number of most recent keys among which a repeated object is recognised. This bounds the memory."""
PATIENCE: Final = 20
"""Maximum number of consecutive times, without a new object, that rows are read again because totals shrink,
or that less than a page is skipped because a page was empty.
"""
BARREN: Final = 10_000
"""Maximum number of consecutive pages without a new object before a listing fails: a million hidden rows."""


@define
class PageCursor(Generic[T]):
    """The state of one iteration over a listing.

    Args:
        key: Returns the key of an object.
        start: The offset at which the listing begins.
        overlap: Request each page with the last row of the previous page. If its first object was not shown
            before, objects moved between pages, and the walk returns to rows that it knows.
    """

    _key: Callable[[T], Hashable]
    start: int = 0
    overlap: bool = False
    found: int = field(default=0, init=False)
    """Number of different objects so far."""
    total: int = field(default=0, init=False)
    """The server's latest total."""
    step: int = field(default=1, init=False)
    """Number of rows from the latest page to the next one."""
    failure: str = field(default="", init=False)
    """The reason why the listing is certainly incomplete; empty if it is not."""
    _seen: RecentKeys = field(factory=lambda: RecentKeys(REMEMBERED), init=False)
    _previous: Page[Hashable] | None = field(default=None, init=False)
    """The latest page, with keys instead of objects."""
    _ended: bool = field(default=False, init=False)
    _patience: int = field(default=PATIENCE, init=False)
    _barren: int = field(default=0, init=False)
    _peak: int = field(default=0, init=False)
    """The largest total so far."""
    _inserted: int = field(default=0, init=False)
    """Number of objects by which the total grew."""
    _deleted: int = field(default=0, init=False)
    _gaps: int = field(default=0, init=False)
    """Number of rows that pages covered but did not show."""
    _longest: int = field(default=0, init=False)
    """Number of objects in the longest page."""
    _full: bool = field(default=False, init=False)
    """True if a page had as many objects as its limit, so the stated limit is the real one."""
    _short: bool = field(default=False, init=False)
    """True if a page before the last row had fewer objects than its limit."""
    _hides: bool = field(default=False, init=False)
    """True if two short pages overlapped, so the server hides rows."""
    _returns: int = field(default=PATIENCE, init=False)
    """Number of times that the walk may still return because objects moved."""
    _overlaps: bool = field(default=False, init=False)
    """True if the next page was requested with the last row of the latest one."""
    _moved: bool = field(default=False, init=False)
    _beyond: bool = field(default=False, init=False)
    """True if a page after the last row was requested."""

    def take(self, page: Page[T]) -> tuple[Page[T], int | None]:
        """Return the page without repeated objects, and the offset of the next page, or None at the end."""
        back = self._back(page)
        if self._is_torn(page):
            back = max(self.start, page.offset - max(1, page.limit)) if back is None else back
            page = evolve(page, items=())
        keys = tuple([self._key(item) for item in page.items])
        fresh = tuple(compress(page.items, self._seen.add(keys)))
        self.found += len(fresh)
        self._patience, self._barren = (PATIENCE, 0) if fresh else (self._patience, self._barren + 1)
        before = self._previous
        self._previous = Page(keys, page.total, page.offset, page.limit, page.has_next)
        if before is not None:
            self._compare(before, self._previous)
        following = self._forth(page) if back is None else back
        if self._barren > BARREN:
            self.failure = f"{BARREN} pages in a row, up to offset {page.offset}, contained no new objects"
        if following is None or self.failure:
            self._conclude()
            following = None
        return evolve(page, items=fresh), following

    @property
    def hidden(self) -> int:
        """Number of objects that the server counts but did not show."""
        return max(0, self.total - self.start - self.found - self._inserted)

    @property
    def changed(self) -> bool:
        """True if the collection changed during the walk, so that another walk may be conclusive."""
        return self._moved or self._inserted > 0 or self._deleted > 0

    @property
    def incomplete_reason(self) -> str | None:
        """The reason why an object may exist that was not shown, or None if the listing was complete.

        It is complete if each page was full and began with an object that was shown before, and if the number
        of objects equals that of the server.
        """
        counted = self.total - self.start
        if self.failure or not self._ended:
            return self.failure or "it was not read to its end"
        if self._moved:
            return "objects moved while it was read"
        if self.found < counted:
            return f"it shows {self.found} of {counted} objects"
        if self.found > self._peak - self.start:
            return f"it shows {self.found} objects, but the server counts {counted}"
        if self._hides or (self._short and self.changed):
            return "some of its pages were shorter than expected"
        return None

    def _back(self, page: Page[T]) -> int | None:
        """Compare the total with the previous one; return the offset to read again after a deletion."""
        before = self.total if self._previous is not None else page.total
        self.total = page.total
        self._peak = max(self._peak, page.total)
        self._inserted += max(0, page.total - before)
        deleted = max(0, before - page.total)
        self._deleted += deleted
        if not deleted or not self._patience:
            return None
        # The rows after the deleted objects moved up, perhaps past the row that was reached. Patience and
        # memory are limited, because a server's totals may contradict each other.
        self._patience -= 1
        return max(self.start, page.offset - min(deleted, REMEMBERED // 2))

    def _is_torn(self, page: Page[T]) -> bool:
        """Return whether a page does not continue the previous one, so that earlier rows must be read again.

        Its objects are dropped, because later pages would seem to continue them.
        """
        if not self.overlap or page.offset <= self.start or not page.items:
            return False
        if self._key(page.items[0]) in self._seen:
            return False
        self._returns -= 1
        if not self._overlaps or self._returns < 0:
            self._moved = True  # it is unknown whether objects are missing between the two pages
        return self._overlaps and self._returns >= 0

    def _compare(self, before: Page[Hashable], page: Page[Hashable]) -> None:
        """Compare a page with the previous one: no row is in both, except for those that overlap."""
        keys, shift = page.items, page.offset - before.offset
        if not keys or shift <= 0 or page.total != before.total:
            return
        full = len(before.items) >= before.limit
        if keys == before.items and (full or shift >= before.limit):
            self.failure = (
                f"offsets {before.offset} and {page.offset} returned the same {len(keys)} objects, while it "
                f"counts {page.total}: the server, or a proxy before it, seems to ignore `offset`"
            )
        elif not full and not set(before.items[:shift]).isdisjoint(keys):
            self._hides = True
            self._gaps += self._unseen(before)

    def _forth(self, page: Page[T]) -> int | None:
        size = len(page.items)
        step = self._count_covered(page)
        reached = page.offset + step
        if size < page.limit and page.offset + size < page.total:
            self._short = True
        if step > size and (self._hides or page.has_next or page.offset + page.limit >= page.total):
            self._gaps += self._unseen(page)
        self._overlaps = self.overlap and size > 0 and step > 1
        self.step = step - self._overlaps
        if reached < page.total:
            return page.offset + self.step
        if self._hides and not self._beyond and self.hidden:
            self._beyond = True  # a server that ignores `offset` also returns objects there
            return reached
        # At the stated end, ask again if `next` or the count contradicts the total. Short pages with a
        # `next`, which are common, matter only for a proof.
        contradicted = page.has_next or self.found > self._peak - self.start
        asks = self.overlap or size >= page.limit
        return page.offset + self.step if size and contradicted and asks and not self._barren else None

    def _count_covered(self, page: Page[T]) -> int:
        """Return the number of rows that a page covered."""
        size = len(page.items)
        self._longest = max(self._longest, size)
        if size >= page.limit:
            self._full = self._full or size > 0
            return max(1, size)
        if size and not self._hides:
            return size
        trusted = self._hides or self._full or not self._longest or self._barren > PATIENCE
        return page.limit if trusted else self._longest

    def _unseen(self, page: Page[T] | Page[Hashable]) -> int:
        return max(0, min(page.limit, page.total - page.offset) - len(page.items))

    def _conclude(self) -> None:
        self._ended = True
        last = self._previous
        if self._beyond and self._barren and last is not None and last.items and not self.failure:
            self.failure = (
                f"offset {last.offset}, after the last of {self.total} objects, returned them again: "
                "the server, or a proxy before it, seems to ignore `offset`"
            )
        if not self.failure and self.hidden > self._gaps:
            self.failure = f"it ended after {self.found} of {self.total - self.start} objects"
