"""Names in folders that several sources share: each is given to one source."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.cluster.messages import may_share_folders, parse_sources
from coredata_async.cluster.names import TableNames
from coredata_async.errors import ConfigurationError, CoreDataError
from tests.cluster.memory import MemoryTable

SOURCES = parse_sources(["fs01:/", "fs02:/", "fs03:/docs"])
CLAIMS = st.lists(st.tuples(st.integers(0, 2), st.lists(st.sampled_from("abcdef"), unique=True)), max_size=12)


def names(table, number: int, **options) -> TableNames:
    return TableNames(table, SOURCES, number, **options)


@given(CLAIMS, st.integers(1, 8))
def test_no_name_is_given_to_two_sources(claims, max_names: int) -> None:
    async def claim_all() -> dict[int, set[str]]:
        table, given = MemoryTable(), {0: set(), 1: set(), 2: set()}
        for number, wanted in claims:
            refused = await names(table, number, max_names=max_names).claim("folder", wanted)
            got = set(wanted) - refused.keys()
            assert given[number] & set(wanted) <= got  # what a source has, it keeps
            given[number] |= got
        return given

    given = asyncio.run(claim_all())

    assert not given[0] & given[1]
    assert not given[0] & given[2]
    assert not given[1] & given[2]


async def test_a_refusal_names_the_source_that_has_the_name() -> None:
    table = MemoryTable()
    assert not await names(table, 0).claim("folder", ["x.pdf", "y.pdf"])

    refused = await names(table, 1).claim("folder", ["x.pdf", "z.pdf"])

    assert list(refused) == ["x.pdf"]
    assert refused["x.pdf"].startswith("fs01:/ has a file of this name")
    assert not await names(table, 1).claim("another folder", ["x.pdf"])


async def test_claims_at_the_same_time_do_not_overlap() -> None:
    table = MemoryTable()
    get = table.get

    async def get_slowly(key):
        row = await get(key)
        await asyncio.sleep(0)
        return row

    table.get = get_slowly
    wanted = [f"{number}.pdf" for number in range(50)]
    refused = await asyncio.gather(*(names(table, number).claim("folder", wanted) for number in range(3)))

    assert sorted(map(len, refused)) == [0, 50, 50]


async def test_a_folder_with_too_many_files_belongs_to_one_source() -> None:
    table = MemoryTable()
    many = [f"{number}.pdf" for number in range(11)]
    assert not await names(table, 0, max_names=10).claim("folder", many)

    refused = await names(table, 1, max_names=10).claim("folder", ["other.pdf"])

    assert "too many to compare" in refused["other.pdf"]
    assert not await names(table, 0, max_names=10).claim("folder", ["more.pdf"])
    [(entry, _)] = table.entries.values()
    assert entry == {"names": {}, "whole": 0}


async def test_a_source_without_room_for_its_names_gets_none_of_the_new_ones() -> None:
    table = MemoryTable()
    await names(table, 0, max_names=3).claim("folder", ["a", "b"])

    refused = await names(table, 1, max_names=3).claim("folder", ["c", "d"])

    assert refused.keys() == {"c", "d"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fs01:/docs", "fs02:/docs"),
        ("fs01:/a/docs", "fs01:/b/docs"),
        ("fs01:/a/docs", "fs02:/docs/"),
        ("fs01:/caf\u00e9", "fs02:/cafe\u0301"),
    ],
)
def test_two_sources_that_become_one_folder_are_refused(one: str, other: str) -> None:
    with pytest.raises(ConfigurationError, match="use two jobs with two parents"):
        parse_sources([one, other])


@pytest.mark.parametrize(
    ("sources", "shared"),
    [
        (["fs01:/"], False),
        (["fs01:/", "fs02:/"], True),
        (["fs01:/a/.", "fs01:/b/."], True),
        (["fs01:/", "fs02:/reports"], True),
        (["fs01:/docs", "fs02:/reports"], False),
        (["fs01:/docs/.", "fs02:/docs"], True),
    ],
)
def test_only_the_content_of_a_source_may_meet_that_of_another_one(sources, shared: bool) -> None:
    assert may_share_folders(parse_sources(sources)) is shared


@pytest.mark.parametrize("entry", [7, {"x": ""}, {"0": 7}, {"0": "a"}, {"9" * 5000: ""}])
async def test_a_damaged_entry_is_an_error_that_names_it(entry: object) -> None:
    table = MemoryTable()
    await names(table, 0).claim("folder", ["x.pdf"])
    (key,) = table.entries
    table.entries[key] = ({"names": entry}, table.entries[key][1])

    with pytest.raises(CoreDataError, match=key):
        await names(table, 1).claim("folder", ["x.pdf"])
