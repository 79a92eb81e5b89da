"""Entries of processes that have died: they say how, and do not stay forever."""

import asyncio

import pytest

from coredata_async.cluster import presence
from coredata_async.cluster.connection import WORKERS
from coredata_async.cluster.metrics import ProcessMetrics
from coredata_async.cluster.presence import Presence

pytestmark = pytest.mark.servers


async def test_the_entry_of_a_dead_process_says_how_it_ended_and_old_ones_are_removed(
    cluster, monkeypatch
) -> None:
    monkeypatch.setattr(presence, "KEPT", 0.4)
    table = await cluster.table(WORKERS)
    await table.create("old", {"ended": -9})
    await table.create("lost", {"pid": 3})
    await asyncio.sleep(0.5)
    await table.create("new", {"ended": -9})
    await table.create("lives", {"pid": 1})
    await table.create("dies", {"pid": 2})

    await Presence.note_end(table, "dies", -11)
    await Presence.note_end(table, "unknown", 1)

    rows = await table.rows()
    assert sorted(rows) == ["dies", "lives", "new"]
    assert (rows["dies"].fields["ended"], rows["dies"].fields["pid"]) == (-11, 2)


async def test_a_process_whose_entry_was_removed_writes_it_again(cluster) -> None:
    present = await Presence.open(cluster, ["fs01"], ProcessMetrics())
    await present._write()
    row = await present.table.get(cluster.member)
    await present.table.delete(row.key, row.revision)

    await present._write()

    assert (await present.table.get(cluster.member)).fields["shares"] == ["fs01"]


async def test_listings_leave_no_consumers_behind_that_would_reach_the_limit_of_the_server(cluster) -> None:
    table = await cluster.table(WORKERS)
    await table.create("a", {})
    for _ in range(20):
        await table.rows()

    async with asyncio.timeout(20):
        while await cluster._stream.consumers_info(f"KV_{WORKERS}"):  # noqa: ASYNC110  # of the server
            await asyncio.sleep(0.5)
