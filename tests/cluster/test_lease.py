"""Leases on a real nats-server: one owner at a time, whatever is lost."""

import asyncio

import pytest
from attrs import evolve

from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import ClusterError, LeaseLostError
from coredata_async.cluster.lease import TableLease, run_under
from coredata_async.cluster.take import Busy, Closed, LeaseTaker
from coredata_async.fence import NO_FENCE, read_clock

pytestmark = pytest.mark.servers
LENGTH = 1.0


def taker(owner: str) -> LeaseTaker:
    return LeaseTaker(owner=owner, length=LENGTH)


@pytest.fixture
async def table(cluster):
    return await cluster.table("cd-test")


class LossyTable:
    """A table whose writes are carried out, while their answers are lost."""

    def __init__(self, table) -> None:
        self.table, self.lost = table, 0

    async def get(self, key):
        return await self.table.get(key)

    async def update(self, key, fields, revision):
        done = await self.table.update(key, fields, revision)
        return await self._lose(done)

    async def put(self, key, fields, revision):
        done = await self.table.put(key, fields, revision)
        return await self._lose(done)

    async def _lose(self, done):
        if self.lost:
            self.lost -= 1
            raise ClusterError("no answer")
        return done


async def test_a_free_entry_is_taken_once(table) -> None:
    async def contend(owner: str) -> object:
        lease = await taker(owner).take(table, "a")
        if isinstance(lease, TableLease):  # others watch it meanwhile
            await run_under(lease, lambda: asyncio.sleep(1.5 * LENGTH), NO_FENCE)
        return lease

    results = await asyncio.gather(*(contend(f"w{number}") for number in range(8)))

    [lease] = [each for each in results if isinstance(each, TableLease)]
    assert (lease.epoch, lease.sent_until, lease.previous) == (1, None, None)
    assert sum(isinstance(each, Busy) for each in results) == 7
    assert lease.is_valid(LENGTH / 2)


async def test_an_owner_that_renews_is_never_replaced(table) -> None:
    lease = await taker("first").take(table, "a")

    async def be_watched() -> object:
        return await taker("second").take(table, "a")

    assert await run_under(lease, be_watched, NO_FENCE) == Busy("first")


async def test_a_silent_owner_is_replaced_after_a_whole_lease_and_can_write_no_more(table) -> None:
    first = await taker("first").take(table, "a")
    began = read_clock()

    second = await taker("second").take(table, "a")

    assert read_clock() - began >= LENGTH
    assert read_clock() > first.until
    assert not first.is_valid(0)
    assert isinstance(second, TableLease)
    assert (second.epoch, second.previous) == (2, "first")
    assert second.sent_until is not None
    with pytest.raises(LeaseLostError, match="second"):
        await first.renew()


async def test_the_longest_lease_of_both_is_waited_for(table) -> None:
    await LeaseTaker(owner="first", length=2.0).take(table, "a")
    began = read_clock()

    await taker("second").take(table, "a")

    assert read_clock() - began >= 2.0


async def test_a_released_lease_is_taken_at_once_with_the_next_epoch(table) -> None:
    first = await taker("first").take(table, "a", fields={"n": 1})
    first.fields["n"] = 2
    await first.release()
    began = read_clock()

    second = await taker("second").take(table, "a")

    assert read_clock() - began < LENGTH / 2
    assert isinstance(second, TableLease)
    assert (second.epoch, second.sent_until, second.fields) == (2, None, {"n": 2})
    with pytest.raises(LeaseLostError):
        await first.renew()


async def test_closed_work_is_not_taken(table) -> None:
    await table.create("a", {"state": "done"})

    assert await taker("w").take(table, "a", closed=lambda row: True) == Closed({"state": "done"})


async def test_a_renewal_whose_answer_is_lost_is_read_back(table) -> None:
    lossy = LossyTable(table)
    lease = await taker("w").take(lossy, "a")
    lossy.lost = 1
    with pytest.raises(ClusterError):
        await lease.renew()
    until = lease.until

    await lease.renew()  # conflicts with its own earlier renewal

    assert lease.until > until
    await lease.renew()


async def test_a_claim_whose_answer_is_lost_is_read_back(table) -> None:
    lossy = LossyTable(table)
    lossy.lost = 1

    lease = await taker("w").take(lossy, "a")

    assert isinstance(lease, TableLease)
    await lease.renew()


async def test_a_claim_that_the_server_does_not_confirm_says_why(table) -> None:
    class Full(LossyTable):
        async def put(self, key, fields, revision):
            raise ClusterError("no answer")

    assert await taker("w").take(Full(table), "a") == Busy("another owner", "no answer")


async def test_a_record_that_the_server_has_lost_counts_as_stolen(table) -> None:
    began = read_clock()

    lease = await taker("w").take(table, "a", suspect=3)

    assert read_clock() - began >= LENGTH
    assert isinstance(lease, TableLease)
    assert lease.epoch == 4
    assert lease.sent_until is not None


async def test_work_ends_before_its_lease_when_the_server_is_gone(server, table) -> None:
    lease = await LeaseTaker(owner="w", length=2.0).take(table, "a")
    ended = 0.0

    async def work() -> None:
        nonlocal ended
        server.kill()
        try:
            await asyncio.sleep(30)
        finally:
            ended = read_clock()

    with pytest.raises(LeaseLostError):
        await run_under(lease, work, NO_FENCE)

    assert lease.until - 1.0 < ended < lease.until
    assert not lease.is_valid(0)


async def test_a_lease_outlives_a_killed_server(server, table) -> None:
    lease = await LeaseTaker(owner="w", length=6.0).take(table, "a")

    async def work() -> None:
        await asyncio.to_thread(server.restart, 0.5)
        await asyncio.sleep(6.5)

    await run_under(lease, work, NO_FENCE)

    assert lease.epoch == 1
    assert lease.is_valid(0)


class SlowTable:
    """A table whose writes take a while."""

    def __init__(self, table, seconds: float) -> None:
        self.table, self.seconds = table, seconds

    async def get(self, key):
        return await self.table.get(key)

    async def put(self, key, fields, revision):
        return await self.table.put(key, fields, revision)

    async def update(self, key, fields, revision):
        await asyncio.sleep(self.seconds)
        return await self.table.update(key, fields, revision)


async def test_a_renewal_that_waits_while_the_lease_is_given_up_is_not_a_loss(table) -> None:
    lease = await taker("w").take(SlowTable(table, LENGTH / 4), "a")

    async def work() -> str:
        await asyncio.sleep(0.9 * LENGTH / 4)  # the renewal comes during the release
        await lease.release()
        await asyncio.sleep(LENGTH / 4)
        return "done"

    assert await run_under(lease, work, NO_FENCE) == "done"
    assert not lease.is_valid(0)


async def test_an_error_of_the_work_is_raised_as_it_is(table) -> None:
    lease = await taker("w").take(table, "a")

    async def fail() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await run_under(lease, fail, NO_FENCE)


async def test_a_server_without_a_token_refuses(server) -> None:
    with pytest.raises(ClusterError, match="needs a token"):
        await Cluster.open(evolve(server.address, token=None))
