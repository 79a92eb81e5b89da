"""Completeness of listings: they never end silently with fewer objects than the server has."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Literal

import pytest
from attrs import define, evolve, field
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.errors import UnexpectedResponseError
from coredata_async.listing import Listing
from coredata_async.walk import BARREN, PageCursor
from coredata_async.wire.calls import Page


@define
class Server:
    """A server that cuts pages first and hides rows afterwards."""

    rows: list[int]
    hidden: frozenset[int] = frozenset()
    cap: int = 1000
    """The largest page."""
    states_cap: bool = True
    """The limit in its responses is the real one, not the requested one."""
    next: Literal["true", "always", "never"] = "true"
    stated: Callable[[int], int] = lambda total: total
    before: Callable[["Server"], None] = lambda _: None
    requests: int = 0
    offsets: list[int] = field(factory=list)

    async def __call__(self, offset: int, limit: int | None) -> Page[int]:
        self.requests += 1
        self.offsets.append(offset)
        self.before(self)
        await asyncio.sleep(0)
        return self.page(offset, limit or 20)

    def page(self, offset: int, limit: int) -> Page[int]:
        size = min(limit, self.cap)
        items = tuple(row for row in self.rows[offset : offset + size] if row not in self.hidden)
        more = {"true": offset + size < len(self.rows), "always": True, "never": False}[self.next]
        return Page(items, self.stated(len(self.rows)), offset, size if self.states_cap else limit, more)

    @property
    def visible(self) -> set[int]:
        return set(self.rows) - self.hidden


class IgnoresOffset(Server):
    def page(self, offset: int, limit: int) -> Page[int]:
        return evolve(super().page(0, limit), offset=offset)


class ClampsOffset(Server):
    def page(self, offset: int, limit: int) -> Page[int]:
        return evolve(super().page(min(offset, 4), limit), offset=offset)


class Shuffles(Server):
    def page(self, offset: int, limit: int) -> Page[int]:
        random.Random(offset).shuffle(self.rows)
        return super().page(offset, limit)


class EndsEarly(Server):
    """Returns no rows after the fourth, as a search index with a result window."""

    def page(self, offset: int, limit: int) -> Page[int]:
        size = max(0, min(limit, 4 - offset))
        return Page(tuple(self.rows[offset : offset + size]), len(self.rows), offset, limit, has_next=False)


def listing(server: Server, page_size: int = 3, offset: int = 0) -> Listing[int]:
    return Listing(server, key=lambda number: number, page_size=page_size, offset=offset, path="/files/")


async def prove(server: Server, page_size: int = 3, prefetch: int = 0) -> tuple[list[int], str | None]:
    """Return everything that a listing shows, and the remaining doubt."""
    wanted = listing(server, page_size)
    walk = wanted.walk()
    found = [item async for page in wanted.pages(prefetch=prefetch, walk=walk) for item in page.items]
    return found, walk.incomplete_reason


async def test_rows_hidden_in_the_middle_do_not_end_a_listing(caplog) -> None:
    server = Server(list(range(250)), frozenset(range(100, 200)))

    with caplog.at_level(logging.WARNING):
        found = await listing(server, 100).collect()

    assert found == [*range(100), *range(200, 250)]
    assert server.offsets == [0, 100, 200]
    assert "100 of the 250 objects" in caplog.text


async def test_rows_hidden_here_and_there_cost_few_requests() -> None:
    server = Server(list(range(10_000)), frozenset(n for n in range(10_000) if n % 50))

    assert await listing(server, 100).collect() == list(range(0, 10_000, 50))
    assert server.requests < 120


async def test_a_listing_of_hidden_rows_only_is_empty() -> None:
    server = Server(list(range(1000)), frozenset(range(1000)))

    assert await listing(server, 100).collect() == []
    assert server.requests == 10


async def test_a_smaller_limit_than_stated_skips_nothing() -> None:
    server = Server(list(range(20)), cap=3, states_cap=False)

    assert await listing(server, 10).collect() == list(range(20))


@pytest.mark.parametrize("kind", [IgnoresOffset, ClampsOffset, Shuffles, EndsEarly])
@pytest.mark.parametrize("prefetch", [0, 3])
async def test_a_server_that_does_not_page_is_an_error_and_no_proof(kind, prefetch) -> None:
    with pytest.raises(UnexpectedResponseError, match="incomplete"):
        async for _ in listing(kind(list(range(20))), 4).pages(prefetch=prefetch):
            pass
    with pytest.raises(UnexpectedResponseError):
        await prove(kind(list(range(20))), 4, prefetch)


async def test_a_server_that_ignores_offset_and_gives_short_pages_is_an_error() -> None:
    class Odd(IgnoresOffset):
        def page(self, offset: int, limit: int) -> Page[int]:
            return Page((0, 1), 10, offset, 100, has_next=False)

    with pytest.raises(UnexpectedResponseError, match="ignore `offset`"):
        await listing(Odd([]), 100).collect()


async def test_a_total_far_beyond_the_last_row_ends_with_an_error() -> None:
    server = Server([1, 2, 3], stated=lambda _: 10**12, next="always")

    with pytest.raises(UnexpectedResponseError, match="no new objects"):
        await listing(server).collect()
    assert server.requests <= BARREN + 3


async def test_a_total_of_zero_does_not_end_a_listing_of_full_pages() -> None:
    server = Server([1, 2, 3, 4, 5], stated=lambda _: 0, next="never")

    assert await listing(server).collect() == [1, 2, 3, 4, 5]


async def test_the_error_names_the_path_and_the_numbers() -> None:
    with pytest.raises(UnexpectedResponseError, match=r"GET /files/: .* it ended after 4 of 20 objects"):
        await listing(EndsEarly(list(range(20)))).collect()


@settings(deadline=None)
@given(
    count=st.integers(0, 60),
    hide=st.lists(st.integers(0, 59)),
    page_size=st.integers(1, 9),
    cap=st.integers(1, 9),
    prefetch=st.integers(0, 3),
)
async def test_every_visible_object_is_yielded_once(count, hide, page_size, cap, prefetch) -> None:
    server = Server(list(range(count)), frozenset(hide) & set(range(count)), cap)

    found = [
        item async for page in listing(server, page_size).pages(prefetch=prefetch) for item in page.items
    ]

    assert sorted(found) == sorted(server.visible)


@settings(deadline=None)
@given(
    count=st.integers(0, 40),
    hide=st.lists(st.integers(0, 39)),
    page_size=st.integers(1, 7),
    cap=st.integers(1, 7),
    states_cap=st.booleans(),
    next_=st.sampled_from(["true", "always", "never"]),
    more=st.integers(-5, 5),
    kind=st.sampled_from([Server, IgnoresOffset, ClampsOffset, EndsEarly, Shuffles]),
)
async def test_whatever_the_server_says_a_listing_is_proof_only_if_it_shows_everything(  # noqa: PLR0917
    count, hide, page_size, cap, states_cap, next_, more, kind
) -> None:
    hidden = frozenset(hide) & set(range(count))
    server = kind(
        list(range(count)), hidden, cap, states_cap, next_, lambda total: max(0, total + more) if total else 0
    )

    try:
        found, doubt = await prove(server, page_size)
    except UnexpectedResponseError:
        return

    assert len(found) == len(set(found))
    # A total that is too low cannot be noticed if nothing else contradicts it.
    if doubt is None and (more == 0 or (next_ == "true" and not hidden and kind in {Server, EndsEarly})):
        assert set(found) == set(range(count))


@settings(deadline=None)
@given(
    count=st.integers(0, 40),
    page_size=st.integers(2, 7),
    prefetch=st.integers(0, 3),
    changes=st.lists(st.lists(st.tuples(st.booleans(), st.integers(0, 99)), max_size=4), max_size=30),
)
async def test_no_change_during_a_complete_listing_hides_an_object(
    count, page_size, prefetch, changes
) -> None:
    """Insertions and deletions anywhere, also those that cancel out in the total."""
    gone: set[int] = set()
    coming = iter(changes)
    fresh = iter(range(1000, 2000))

    def change(server: Server) -> None:
        for insert, place in next(coming, []):
            if insert:
                server.rows.insert(place % (len(server.rows) + 1), next(fresh))
            elif server.rows:
                gone.add(server.rows.pop(place % len(server.rows)))

    server = Server(list(range(count)), before=change)

    try:
        found, doubt = await prove(server, page_size, prefetch)
    except UnexpectedResponseError:
        return

    assert len(found) == len(set(found))
    if doubt is None:
        assert set(range(count)) - gone <= set(found)


@settings(deadline=None)
@given(
    count=st.integers(0, 60), page_size=st.integers(2, 9), cap=st.integers(2, 9), prefetch=st.integers(0, 3)
)
async def test_the_listing_of_an_honest_server_is_complete(count, page_size, cap, prefetch) -> None:
    found, doubt = await prove(Server(list(range(count)), cap=cap), page_size, prefetch)

    assert (found, doubt) == (list(range(count)), None)


async def test_files_that_are_added_at_the_end_leave_a_listing_complete() -> None:
    def grow(server: Server) -> None:
        if server.requests < 5:
            server.rows.append(100 + server.requests)

    found, doubt = await prove(Server(list(range(10)), before=grow), 4)

    assert (len(found), doubt) == (14, None)


async def test_a_deletion_that_an_insertion_makes_up_for_skips_nothing_where_pages_overlap() -> None:
    def swap(server: Server) -> None:
        if server.requests == 2:
            server.rows.remove(0)
            server.rows.append(99)

    found, doubt = await prove(Server(list(range(10)), before=swap), 4)

    assert set(found) == {*range(10), 99}
    assert doubt == "it shows 11 objects, but the server counts 10"


def test_a_walk_that_was_not_ended_proves_nothing() -> None:
    walk = PageCursor[int](lambda number: number)
    walk.take(Page((1, 2), total=4, offset=0, limit=2, has_next=True))

    assert walk.incomplete_reason == "it was not read to its end"


@pytest.mark.parametrize(
    ("server", "doubt"),
    [
        (Server(list(range(9)), frozenset({4})), "it shows 8 of 9 objects"),
        (Server(list(range(9)), frozenset({8})), "it shows 8 of 9 objects"),
        (Server(list(range(9)), stated=lambda _: 8), "it shows 9 objects, but the server counts 8"),
        (Server([1, 2], stated=lambda _: 0), "it shows 2 objects, but the server counts 0"),
    ],
)
async def test_a_doubt_says_what_is_missing(server: Server, doubt: str) -> None:
    assert (await prove(server, 4))[1] == doubt
