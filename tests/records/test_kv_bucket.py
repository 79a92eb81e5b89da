"""Listings of a KV bucket, with a watcher that answers as nats-py does."""

from contextlib import aclosing

from attrs import define, field, frozen

from coredata_async.records.kv_bucket import read_entries


@frozen
class Entry:
    key: str
    delta: int
    operation: str | None = None
    value: bytes = b""
    revision: int = 1


@frozen
class Status:
    values: int


@define
class Bucket:
    """A bucket and its only watcher."""

    answers: list[Entry | None]
    values: int = 3
    stopped: bool = field(default=False, init=False)

    async def watchall(self, *, inactive_threshold: float):
        return self

    async def status(self) -> Status:
        return Status(self.values)

    async def updates(self, timeout: float) -> Entry | None:  # noqa: ASYNC109  # as in nats-py
        return self.answers.pop(0)

    async def stop(self) -> None:
        self.stopped = True


async def keys(bucket: Bucket) -> list[str]:
    return [entry.key async for entry in read_entries(bucket)]


async def test_the_entry_that_none_follows_is_the_last_one() -> None:
    bucket = Bucket([Entry("a", 1), Entry("b", 0), None])

    assert await keys(bucket) == ["a", "b"]
    assert bucket.stopped


async def test_an_empty_bucket_has_no_entries() -> None:
    bucket = Bucket([None], values=0)

    assert await keys(bucket) == []
    assert bucket.stopped


async def test_a_bucket_with_entries_is_read_although_the_watcher_says_first_that_there_are_none() -> None:
    assert await keys(Bucket([None, Entry("a", 1), Entry("b", 0)])) == ["a", "b"]


async def test_deleted_keys_are_left_out_and_may_be_the_last_ones() -> None:
    bucket = Bucket([Entry("a", 2), Entry("b", 1, "DEL"), Entry("c", 0, "PURGE")])

    assert await keys(bucket) == ["a"]


async def test_a_bucket_with_deleted_keys_only_has_no_entries() -> None:
    assert await keys(Bucket([None, Entry("a", 0, "DEL")], values=1)) == []


async def test_a_listing_that_is_abandoned_stops_its_watcher() -> None:
    bucket = Bucket([Entry("a", 1), Entry("b", 0)])

    async with aclosing(read_entries(bucket)) as entries:
        await anext(entries)

    assert bucket.stopped


async def test_a_listing_ends_although_entries_that_were_replaced_are_still_counted_and_updates_follow() -> (
    None
):
    updates = [Entry("b", 1) for _ in range(5)]

    assert await keys(Bucket([Entry("a", 3), Entry("b", 2), Entry("c", 1), *updates])) == ["a", "b", "c"]


async def test_a_key_that_was_added_during_the_listing_is_waited_for() -> None:
    class Growing(Bucket):
        async def status(self) -> Status:
            self.values = min(self.values + 1, 3)
            return Status(self.values)

    assert await keys(Growing([Entry("a", 9), Entry("b", 9), Entry("c", 9)], values=1)) == ["a", "b", "c"]
