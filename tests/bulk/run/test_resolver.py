"""Resolver: no worker waits for it, and few files are held in memory."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from attrs import evolve

from coredata_async.bulk.journal.claims import Work
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.options import FileAttributes
from coredata_async.bulk.run import resolver as resolve
from coredata_async.bulk.run.resolver import Resolver
from coredata_async.bulk.states import State
from coredata_async.resources.files import File
from coredata_async.storage.paths import Fingerprint
from coredata_async.transfer.comparison import UndecidableError

SINCE = datetime(2026, 1, 2, 12, tzinfo=UTC)
ITEM = Item(
    1,
    1,
    b"/a.txt",
    "a.txt",
    Fingerprint(3, 1, 1, 1),
    State.UNKNOWN,
    blob="b",
    md5="0" * 32,
    since=SINCE,
    unconfirmed=1,
)


class Run:
    """Run in which no File is ever found."""

    def __init__(self, *, taken: bool = False) -> None:
        settler = SimpleNamespace(find=self.find)
        self.engine = SimpleNamespace(uploader=SimpleNamespace(driver=SimpleNamespace(settler=settler)))
        self.remote = SimpleNamespace(
            parent="p", is_project=lambda _: False, direct_children=self.own, comparable=lambda name: name
        )
        self.journal = SimpleNamespace(read=self.read)
        self.attributes = FileAttributes()
        self.looking = 0
        self.taken = taken

    async def find(self, *_: object) -> None:
        self.looking += 1
        await asyncio.Event().wait()

    async def own(self, files: list[File], _: str) -> list[File]:
        return files

    async def read(self, _: object) -> bool:
        return self.taken


def returns_at_once(coroutine) -> bool:
    """Return whether a coroutine returns without waiting."""
    try:
        coroutine.send(None)
    except StopIteration:
        return True
    return False


async def test_a_worker_that_hands_over_a_file_never_waits(monkeypatch) -> None:
    monkeypatch.setattr(resolve, "WAITING", 10)
    run = Run()

    async with asyncio.TaskGroup() as group:
        resolver = Resolver(run, group)
        for number in range(500):
            assert returns_at_once(resolver.take(Work(evolve(ITEM, id=number), "folder"), 0.0))
        await asyncio.sleep(0)
        assert resolver.waiting == 500
        assert run.looking == len(resolver.tasks) == 10
        for task in resolver.tasks:
            task.cancel()


@pytest.mark.parametrize(
    ("change", "taken", "ours"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"filename": "b.txt"}, False, False),
        ({"digest": "1" * 32}, False, False),
        ({"size": 4}, False, False),
        ({"created": SINCE - timedelta(seconds=4)}, False, True),
        ({"created": SINCE - timedelta(minutes=10)}, False, None),  # clocks may differ
        ({"created": SINCE - timedelta(minutes=10)}, True, False),
        ({"created": SINCE - timedelta(days=3)}, False, False),
        ({"created": None}, False, None),
        ({"digest": None}, False, None),
        ({"filename": ""}, False, None),
        ({"parent": ""}, False, None),
        ({"parent": "", "digest": "1" * 32}, False, False),
    ],
)
async def test_a_file_without_a_blob_name_is_identified_by_other_facts(change, taken, ours) -> None:
    like = File(id="f", filename="a.txt", parent="folder", size=3, digest="0" * 32, created=SINCE)
    file = evolve(like, **change)

    async with asyncio.TaskGroup() as group:
        judging = Resolver(Run(taken=taken), group)._is_ours(Work(ITEM, "folder"), file)
        if ours is None:
            with pytest.raises(UndecidableError) as caught:
                await judging
            assert caught.value.candidates == ("f",)
        else:
            assert await judging is ours
