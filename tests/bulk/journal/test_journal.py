import asyncio
import itertools
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.schema import TABLES
from tests.bulk.journals import BINDING, finding, findings, opened

FOLDER = "INSERT INTO folder (id, path, title) VALUES (1, x'2f64617461', 'data')"
ITEM = (
    "INSERT INTO item (folder, name, filename, size, mtime, ctime, inode, state, seen) "
    "VALUES (1, ?, 'a', 1, 1, 1, 1, 0, 1)"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job.sqlite"


async def test_what_was_noted_and_written_is_there_in_the_next_run(path):
    async with opened(path) as journal:
        journal.note(finding("noted"))
        await journal.write(finding("written"))
        journal.note(finding("noted last"))

    async with opened(path) as journal:
        assert await findings(journal) == ["noted", "written", "noted last"]


async def test_the_runs_are_counted_and_only_items_make_a_resumed_one(path):
    async with opened(path) as first:
        assert (first.run, first.resumed, first.set_aside) == (1, False, None)
    async with opened(path) as second:
        assert (second.run, second.resumed) == (2, False)
        await second.write((FOLDER, ()), (ITEM, (b"a",)))
    async with opened(path) as third:
        assert (third.run, third.resumed) == (3, True)


async def test_a_note_is_on_disk_soon_without_another_call(path):
    committed = threading.Event()
    async with opened(path) as journal:
        await journal.read(
            lambda db: db.set_trace_callback(lambda sql: committed.set() if sql == "COMMIT" else None)
        )
        committed.clear()

        journal.note(finding("noted"))

        assert await asyncio.to_thread(committed.wait, 10)


async def test_statements_of_one_call_are_together_and_in_order(path):
    async with opened(path) as journal:
        await journal.write(*(finding(str(n)) for n in range(3000)))

        assert await findings(journal) == [str(n) for n in range(3000)]


async def test_a_question_sees_all_that_came_before_and_may_change_rows(path):
    async with opened(path) as journal:
        journal.note(finding("noted"))
        changed = await journal.read(lambda db: db.execute("UPDATE finding SET message = 'changed'").rowcount)

    async with opened(path) as journal:
        assert changed == 1
        assert await findings(journal) == ["changed"]


async def test_a_question_that_raises_affects_only_its_caller(path):
    def bad(db: sqlite3.Connection) -> None:
        db.execute(*finding("taken back"))
        raise KeyError("mine")

    async with opened(path) as journal:
        journal.note(finding("before"))
        with pytest.raises(KeyError, match="mine"):
            await journal.read(bad)
        await journal.write(finding("after"))

        assert await findings(journal) == ["before", "after"]


@pytest.mark.parametrize("exc", [StopIteration, SystemExit, GeneratorExit])
async def test_a_question_may_raise_anything(path, exc):
    def bad(db: sqlite3.Connection) -> None:
        raise exc

    async with opened(path) as journal:
        with pytest.raises((RuntimeError, SystemExit, GeneratorExit)):
            await journal.read(bad)

        assert await findings(journal) == []


async def test_a_cancelled_write_is_written_and_affects_no_other(path):
    gate = threading.Event()
    async with opened(path) as journal, asyncio.TaskGroup() as group:
        group.create_task(journal.read(lambda db: gate.wait(10)))
        gone = group.create_task(journal.write(finding("gone")))
        kept = group.create_task(journal.write(finding("kept")))
        asked = group.create_task(journal.read(lambda db: 1))
        await asyncio.sleep(0)
        gone.cancel()
        asked.cancel()
        await asyncio.sleep(0)
        gate.set()
        await kept

        assert gone.cancelled()
        assert await findings(journal) == ["gone", "kept"]


async def test_closing_waits_for_writes_in_flight_even_if_it_is_cancelled(path):
    gate = threading.Event()
    journal = await Journal.open(path, BINDING)
    async with asyncio.TaskGroup() as group:
        group.create_task(journal.read(lambda db: gate.wait(10)))
        await asyncio.sleep(0)
        journal.note(finding("noted"))
        closing = group.create_task(journal.aclose())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.sleep(0)
        gate.set()
        await journal.aclose()

    async with opened(path) as journal:
        assert await findings(journal) == ["noted"]


async def test_an_opening_that_is_cancelled_leaves_nothing_open(path):
    opening = asyncio.ensure_future(Journal.open(path, BINDING))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for thread in threading.enumerate():
        if thread.name == "coredata-journal":
            thread.join(10)

    async with opened(path) as journal:
        assert journal.run in (1, 2)


async def test_a_commit_is_on_disk_and_the_lock_is_kept(path):
    async with opened(path) as journal:
        settings = await journal.read(
            lambda db: [
                db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("synchronous", "journal_mode", "locking_mode")
            ]
        )

    assert settings == [2, "wal", "exclusive"]


def test_the_schema_has_no_column_for_a_url_or_a_key():
    with sqlite3.connect(":memory:") as db:
        db.executescript(TABLES)
        columns = {
            name.lower()
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for _, name, *_ in db.execute(f"PRAGMA table_info({table})")
        }
    db.close()

    assert columns
    assert not [
        name
        for name in columns
        for word in ("url", "uri", "key", "sign", "secret", "token", "password", "header", "query")
        if word in name
    ]


STEPS = ("note", "write", "cancelled write", "read", "bad read", "pause", "writes")


async def take(journal: Journal, step: str, text: str) -> list[str]:
    """Take a step, and return the entries that the journal must contain for it."""

    def bad(db: sqlite3.Connection) -> None:
        db.execute(*finding("bad"))
        raise LookupError

    match step:
        case "note":
            journal.note(finding(text))
        case "write":
            await journal.write(finding(text))
        case "cancelled write":
            task = asyncio.ensure_future(journal.write(finding(text)))
            await asyncio.sleep(0)
            task.cancel()
        case "read":
            await journal.read(lambda db: db.execute(*finding(text)).rowcount)
        case "bad read":
            with pytest.raises(LookupError):
                await journal.read(bad)
            return []
        case "writes":
            several = [f"{text}.{n}" for n in range(5)]
            async with asyncio.TaskGroup() as group:
                for each in several:
                    group.create_task(journal.write(finding(each)))
            return several
        case _:
            await asyncio.sleep(0)
            return []
    return [text]


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=30))
def test_after_any_steps_every_accepted_statement_is_there_once_and_in_order(steps):
    async def run(path: Path) -> None:
        async with opened(path) as journal:
            expected = [await take(journal, step, str(number)) for number, step in enumerate(steps)]
        async with opened(path) as journal:
            assert await findings(journal) == list(itertools.chain.from_iterable(expected))

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "job.sqlite"))
