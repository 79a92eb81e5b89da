"""Tests of paging by the number of received objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.fivepm import Listing, Page


def listing_of(total, *, cap=100, base=0, says=True, page_size=None, asked=None):
    """Return a listing of a server with so many objects; with `base` None the server ignores offsets."""

    async def fetch(offset, count):
        if asked is not None:
            asked.append((offset, count))
        start = 0 if base is None else max(0, offset - base)
        size = min(cap, count or cap)
        return Page(tuple(range(start, min(total, start + size))), total if says else None, offset)

    return Listing(fetch, key=lambda item: item, page_size=page_size)


@given(
    total=st.integers(0, 40),
    cap=st.integers(2, 12),
    base=st.sampled_from([0, 1]),
    says=st.booleans(),
    page_size=st.none() | st.integers(2, 12),
)
async def test_every_object_comes_once_whatever_the_server_counts_from(total, cap, base, says, page_size):
    listing = listing_of(total, cap=cap, base=base, says=says, page_size=page_size)

    assert await listing.collect() == list(range(total))


@given(total=st.integers(0, 30), cap=st.integers(1, 12), says=st.booleans())
async def test_a_server_that_ignores_offsets_gives_its_first_page_once(total, cap, says):
    asked = []

    assert await listing_of(total, cap=cap, base=None, says=says, asked=asked).collect() == list(
        range(min(total, cap))
    )
    assert len(asked) <= 3


async def test_awaiting_gives_the_first_page_and_asks_once():
    asked = []

    page = await listing_of(7, page_size=3, asked=asked)

    assert page == Page((0, 1, 2), 7, 0)
    assert asked == [(0, 3)]


async def test_a_total_reached_is_the_end():
    asked = []

    await listing_of(5, page_size=4, asked=asked).collect()

    assert asked == [(0, 4), (4, 4)]


@pytest.mark.parametrize("empty", [(2,), (0,), (2, 6)])
async def test_an_empty_page_before_the_total_is_not_the_end(empty, caplog):
    async def fetch(offset, count):
        return Page(() if offset in empty else (offset, offset + 1)[: 8 - offset], 8, offset)

    listing = Listing(fetch, key=lambda item: item, page_size=2)
    walk = listing.walk()
    found = [item async for page in listing.pages(walk=walk) for item in page.items]

    assert found == [item for item in range(8) if item // 2 * 2 not in empty]
    assert walk.missing == 2 * len(empty)
    assert f"5pm counts {walk.missing} more objects than it has listed" in caplog.text


async def test_a_full_page_at_the_total_is_doubted():
    pages = {0: Page((1, 2), 2, 0), 2: Page((3,), 3, 2)}

    async def fetch(offset, count):
        return pages.get(offset, Page((), 3, offset))

    assert await Listing(fetch, key=lambda item: item, page_size=2).collect() == [1, 2, 3]


async def test_a_whole_listing_asks_once_even_without_a_total():
    asked = []

    async def fetch(offset, count):
        asked.append(offset)
        return Page((1, 2), None, offset)

    assert await Listing(fetch, key=lambda item: item, whole=True).collect() == [1, 2]
    assert asked == [0]


@pytest.mark.parametrize(("limit", "found"), [(0, []), (2, [0, 1]), (None, [0, 1, 2, 3, 4])])
async def test_collect_stops_at_its_limit(limit, found):
    assert await listing_of(5, cap=2).collect(limit=limit) == found


async def test_first_and_count_ask_for_one():
    asked = []
    listing = listing_of(5, asked=asked)

    assert (await listing.first(), await listing.count()) == (0, 5)
    assert await listing_of(0).first() is None
    assert asked == [(0, 1), (0, 1)]


async def test_pages_come_without_what_was_seen():
    pages = [page.items async for page in listing_of(4, cap=2, base=1).pages()]

    assert [item for page in pages for item in page] == [0, 1, 2, 3]
    assert () not in pages
