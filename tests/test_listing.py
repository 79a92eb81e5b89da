"""Paging: every object once, for any totals and flags of the server, and nothing left running."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from math import inf
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.errors import NotFoundError, UnexpectedResponseError
from coredata_async.listing import Listing
from coredata_async.message import Reply, Request
from coredata_async.walk import PATIENCE, PageCursor
from coredata_async.wire.calls import Page


@define
class Server:
    """Objects, and the pages of them that were requested."""

    objects: list[int]
    cap: int = 1000
    """The largest page it returns, regardless of the request."""
    stated: Callable[[int], int] = lambda total: total
    """The total that it states."""
    has_next: bool | None = None
    """Its statement about further pages; `None` is the truth."""
    broken_at: int | None = None
    silent_from: float = inf
    """First offset that it never answers."""
    before: Callable[["Server"], None] = lambda _: None
    """Called before each response."""
    asked: list[tuple[int, int | None]] = field(factory=list)
    never: asyncio.Event = field(factory=asyncio.Event)

    async def __call__(self, offset: int, limit: int | None) -> Page[int]:
        self.asked.append((offset, limit))
        await asyncio.sleep(0)
        if offset >= self.silent_from:
            await self.never.wait()
        if offset == self.broken_at:
            raise NotFoundError("gone", Request("GET", "/"), Reply(404))
        self.before(self)
        size = min(limit or 20, self.cap)
        items = tuple(self.objects[offset : offset + size])
        more = offset + size < len(self.objects) if self.has_next is None else self.has_next
        return Page(items, self.stated(len(self.objects)), offset, size, more)

    @property
    def offsets(self) -> list[int]:
        return [offset for offset, _ in self.asked]


def listing(server: Server, *, page_size: int | None = 3, offset: int = 0) -> Listing[int]:
    return Listing(server, key=lambda number: number, page_size=page_size, offset=offset)


async def read_ahead(server: Server, prefetch: int, *, page_size: int = 3) -> list[int]:
    return [
        number
        async for page in listing(server, page_size=page_size).pages(prefetch=prefetch)
        for number in page.items
    ]


async def nothing_running() -> bool:
    for _ in range(10):
        await asyncio.sleep(0)
    return asyncio.all_tasks() == {asyncio.current_task()}


async def test_nothing_is_asked_until_it_is_wanted() -> None:
    server = Server([1])

    listing(server).pages()

    assert server.asked == []


async def test_awaiting_gives_the_first_page() -> None:
    assert await listing(Server([1, 2, 3, 4])) == Page((1, 2, 3), total=4, offset=0, limit=3, has_next=True)


async def test_iterating_goes_on_by_what_was_received() -> None:
    server = Server([1, 2, 3, 4, 5, 6, 7])

    assert [number async for number in listing(server)] == [1, 2, 3, 4, 5, 6, 7]
    assert server.asked == [(0, 3), (3, 3), (6, 3)]


async def test_each_iteration_starts_from_the_beginning() -> None:
    numbers = listing(Server([1, 2, 3, 4]))

    assert await numbers.collect() == await numbers.collect() == [1, 2, 3, 4]


async def test_pages_hold_what_iterating_gives() -> None:
    pages = [page async for page in listing(Server([1, 2, 3, 4])).pages()]

    assert [(page.items, page.offset) for page in pages] == [((1, 2, 3), 0), ((4,), 3)]


async def test_an_empty_collection_is_one_exchange() -> None:
    server = Server([])

    assert await listing(server).collect() == []
    assert server.offsets == [0]


async def test_a_missing_next_does_not_end_a_listing_that_has_more() -> None:
    assert await listing(Server([1, 2, 3, 4, 5], has_next=False)).collect() == [1, 2, 3, 4, 5]


async def test_a_false_next_does_not_prolong_a_listing_that_is_done() -> None:
    server = Server([1, 2, 3, 4], has_next=True)

    assert await listing(server).collect() == [1, 2, 3, 4]
    assert server.offsets == [0, 3]


async def test_a_full_last_page_with_a_next_asks_again() -> None:
    server = Server([1, 2, 3], has_next=True)

    assert await listing(server).collect() == [1, 2, 3]
    assert server.offsets == [0, 3]


async def test_a_total_that_is_too_small_loses_nothing_while_there_is_a_next() -> None:
    assert await listing(Server([1, 2, 3, 4, 5], stated=lambda _: 3)).collect() == [1, 2, 3, 4, 5]


async def test_a_clamped_page_size_is_respected() -> None:
    server = Server([1, 2, 3, 4, 5], cap=2)

    assert await listing(server, page_size=100).collect() == [1, 2, 3, 4, 5]
    assert server.offsets == [0, 2, 4]


async def test_the_server_may_choose_the_page_size() -> None:
    server = Server(list(range(45)))

    assert await listing(server, page_size=None).collect() == list(range(45))
    assert server.asked == [(0, None), (20, None), (40, None)]


async def test_an_empty_page_before_the_total_does_not_end_the_listing() -> None:
    server = Server([1, 2, 3], stated=lambda _: 9, has_next=True)

    assert await listing(server).collect() == [1, 2, 3]
    assert server.offsets == [0, 3, 6]


@pytest.mark.parametrize("prefetch", [0, 2])
async def test_the_same_page_over_and_over_is_an_error(prefetch: int) -> None:
    class Stuck(Server):
        async def __call__(self, offset: int, limit: int | None) -> Page[int]:
            self.asked.append((offset, limit))
            return Page((1, 2, 3), total=9, offset=offset, limit=3, has_next=True)

    server = Stuck([])

    with pytest.raises(UnexpectedResponseError, match="ignore `offset`"):
        await read_ahead(server, prefetch)
    assert len(server.asked) <= 4


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("totals", [[9, 3], [9, 0], [3, 9], [9, 8, 7, 6]])
async def test_totals_that_contradict_each_other_end(totals: list[int], prefetch: int) -> None:
    server = Server([])
    server.objects = list(range(9))
    server.stated = lambda _: totals[len(server.asked) % len(totals)]

    found = await read_ahead(server, prefetch)

    assert len(found) == len(set(found))
    assert len(server.asked) < 10 * PATIENCE


async def test_an_object_that_comes_twice_is_given_once() -> None:
    def insert_in_front(server: Server) -> None:
        server.objects.insert(0, -len(server.asked))

    found = await listing(Server([1, 2, 3, 4, 5], before=insert_in_front)).collect(limit=7)

    assert len(found) == len(set(found))
    assert {1, 2, 3, 4, 5} <= set(found)


async def test_after_a_deletion_nothing_is_skipped() -> None:
    def delete_once(server: Server) -> None:
        if server.offsets == [0, 3]:
            server.objects.remove(2)

    server = Server([1, 2, 3, 4, 5, 6, 7], before=delete_once)

    assert sorted(await listing(server).collect()) == [1, 2, 3, 4, 5, 6, 7]
    assert server.offsets == [0, 3, 2, 5]


async def test_a_deletion_after_an_insertion_is_noticed_too() -> None:
    def change(server: Server) -> None:
        match server.offsets:
            case [0, 3]:
                server.objects += [8, 9, 10]
            case [0, 3, 6]:
                del server.objects[:2]
            case _:
                pass

    found = await listing(Server([1, 2, 3, 4, 5, 6, 7], before=change)).collect()

    assert sorted(found) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


CHANGES = st.lists(
    # An insertion and a deletion between the same two responses leave the total unchanged: see `Listing`.
    st.one_of(
        st.tuples(st.just("insert"), st.integers(1, 5)),
        st.tuples(st.just("delete"), st.lists(st.integers(0, 999), min_size=1, max_size=6)),
        st.none(),
    ),
    max_size=30,
)


def changing(changes: list[Any], gone: set[int], fresh: list[int]) -> Callable[[Server], None]:
    coming = iter(changes)

    def change(server: Server) -> None:
        match next(coming, None):
            case ("insert", int(count)):
                new = [1000 + len(fresh) + n for n in range(count)]
                fresh.extend(new)
                server.objects.extend(new)
            case ("delete", [*places]):
                for place in places:
                    if server.objects:
                        gone.add(server.objects.pop(place % len(server.objects)))
            case _:
                pass

    return change


@given(count=st.integers(0, 40), page_size=st.integers(1, 7), cap=st.integers(1, 9), changes=CHANGES)
async def test_what_was_there_throughout_is_given_exactly_once(
    count: int, page_size: int, cap: int, changes: list[Any]
) -> None:
    gone: set[int] = set()
    server = Server(list(range(count)), cap=cap, before=changing(changes, gone, []))

    found = await listing(server, page_size=page_size).collect()

    assert len(found) == len(set(found))
    assert set(range(count)) - gone <= set(found)


@given(
    count=st.integers(0, 40),
    page_size=st.integers(1, 7),
    prefetch=st.integers(1, 4),
    changes=st.lists(
        st.tuples(st.just("delete"), st.lists(st.integers(0, 999), min_size=1, max_size=3)) | st.none(),
        max_size=9,
    ),
)
async def test_reading_ahead_of_deletions_skips_nothing(
    count: int, page_size: int, prefetch: int, changes: list[Any]
) -> None:
    gone: set[int] = set()
    server = Server(list(range(count)), before=changing(changes, gone, []))

    found = await read_ahead(server, prefetch, page_size=page_size)

    assert len(found) == len(set(found))
    assert set(range(count)) - gone <= set(found)
    assert await nothing_running()


@given(
    pages=st.lists(
        st.tuples(
            st.lists(st.integers(0, 5), max_size=4), st.integers(-3, 12), st.integers(-1, 4), st.booleans()
        ),
        min_size=1,
    ),
    prefetch=st.integers(0, 3),
)
async def test_no_nonsense_keeps_a_listing_going_forever(pages: list[Any], prefetch: int) -> None:
    answers = 0

    async def fetch(offset: int, _: int | None) -> Page[int]:
        nonlocal answers
        items, total, limit, more = pages[answers % len(pages)]
        answers += 1
        return Page(tuple(items), total, offset, limit, more)

    found: list[int] = []
    with suppress(UnexpectedResponseError):
        found = await read_ahead(fetch, prefetch)  # type: ignore[arg-type]

    assert len(found) == len(set(found))
    assert answers < 5000


async def test_a_listing_resumes_at_its_offset() -> None:
    server = Server([1, 2, 3, 4, 5, 6])

    assert await listing(server, offset=4).collect() == [5, 6]
    assert server.offsets == [4]


def test_a_deletion_does_not_reach_behind_the_offset() -> None:
    walk = PageCursor[int](lambda number: number, start=4)
    walk.take(Page((5, 6), total=9, offset=4, limit=2, has_next=True))

    assert walk.take(Page((7,), total=2, offset=6, limit=2, has_next=True))[1] == 4


@pytest.mark.parametrize(
    ("limit", "found"), [(None, [1, 2, 3, 4]), (0, []), (-1, []), (2, [1, 2]), (9, [1, 2, 3, 4])]
)
async def test_collecting_stops_at_its_limit(limit: int | None, found: list[int]) -> None:
    assert await listing(Server([1, 2, 3, 4])).collect(limit=limit) == found


async def test_collecting_asks_for_no_page_beyond_its_limit() -> None:
    server = Server([1, 2, 3, 4])

    await listing(server).collect(limit=3)

    assert server.offsets == [0]


async def test_the_first_object_is_one_small_exchange() -> None:
    server = Server([1, 2, 3])

    assert await listing(server, offset=1).first() == 2
    assert server.asked == [(1, 1)]
    assert await listing(Server([])).first() is None


async def test_the_count_is_the_servers_total() -> None:
    server = Server([1, 2, 3])

    assert await listing(server).count() == 3
    assert server.asked == [(0, 1)]


@pytest.mark.parametrize("prefetch", [1, 2, 8, 100])
@pytest.mark.parametrize("cap", [2, 1000])
async def test_reading_ahead_gives_the_same_in_the_same_order(prefetch: int, cap: int) -> None:
    server = Server(list(range(20)), cap=cap)

    assert await read_ahead(server, prefetch) == list(range(20))


@pytest.mark.parametrize("prefetch", [1, 2, 8])
async def test_reading_ahead_asks_for_every_page_once_and_none_beyond_the_total(prefetch: int) -> None:
    server = Server(list(range(20)))

    await read_ahead(server, prefetch)

    assert sorted(server.offsets) == [0, 3, 6, 9, 12, 15, 18]


async def test_reading_ahead_asks_for_as_many_pages_as_requested() -> None:
    server = Server(list(range(99)))
    pages = listing(server).pages(prefetch=2)

    await anext(pages)
    await asyncio.sleep(0)

    assert server.offsets == [0, 3, 6]
    await pages.aclose()


async def test_breaking_out_leaves_nothing_running() -> None:
    async for _ in listing(Server(list(range(99)), silent_from=6)).pages(prefetch=3):
        break

    assert await nothing_running()


async def test_breaking_out_of_objects_leaves_nothing_running() -> None:
    async for _ in listing(Server(list(range(99)), silent_from=3)):
        break

    assert await nothing_running()


@pytest.mark.parametrize("turns", range(6))
async def test_cancelling_leaves_nothing_running(turns: int) -> None:
    task = asyncio.create_task(read_ahead(Server(list(range(999)), silent_from=9), 3))
    for _ in range(turns):
        await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await nothing_running()


async def test_a_page_that_fails_ahead_raises_at_its_place() -> None:
    server = Server(list(range(20)), broken_at=6, silent_from=9)
    seen: list[int] = []

    async def read() -> None:
        async for page in listing(server).pages(prefetch=4):
            seen.extend(page.items)

    with pytest.raises(NotFoundError):
        await read()

    assert seen == [0, 1, 2, 3, 4, 5]
    assert await nothing_running()


async def test_pages_that_a_deletion_made_useless_are_let_go() -> None:
    def delete_once(server: Server) -> None:
        if len(server.objects) == 99 and len(server.asked) > 1:
            del server.objects[0]

    server = Server(list(range(99)), before=delete_once, silent_from=6)
    pages = listing(server).pages(prefetch=3)

    assert [(await anext(pages)).items for _ in range(2)] == [(0, 1, 2), (4, 5, 6)]
    await pages.aclose()
    assert await nothing_running()


async def test_a_page_that_fails_ahead_and_is_never_wanted_does_no_harm() -> None:
    async def first_page(pages: AsyncIterator[Page[int]]) -> tuple[int, ...]:
        async for page in pages:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return page.items
        return ()

    server = Server(list(range(20)), broken_at=3)

    assert await first_page(listing(server).pages(prefetch=4)) == (0, 1, 2)
    assert await nothing_running()


async def test_a_failure_of_the_first_page_is_raised() -> None:
    with pytest.raises(NotFoundError):
        await listing(Server([1], broken_at=0)).collect()


async def test_the_offset_of_a_page_is_what_the_server_sent_and_paging_goes_by_what_was_requested():
    requested = []

    async def fetch(offset, limit):
        requested.append(offset)
        items = tuple(range(offset, min(offset + 2, 4)))
        return Page(
            items, total=4, offset=offset + 1000, limit=2, has_next=False
        )  # a service that counts differently

    pages = [page async for page in Listing(fetch, key=lambda item: item).pages()]

    assert requested == [0, 2]
    assert [(page.offset, page.items) for page in pages] == [(1000, (0, 1)), (1002, (2, 3))]


def test_a_listing_shows_its_path_and_that_nothing_was_requested():
    async def fetch(offset, limit):
        raise AssertionError

    listing = Listing(fetch, key=lambda item: item, page_size=50, path="/api/v2/files/")

    assert repr(listing) == (
        "<Listing of /api/v2/files/ from offset 0, page_size=50; nothing is requested yet>"
    )
