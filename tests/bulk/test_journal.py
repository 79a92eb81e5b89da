import asyncio
import itertools
import json
import os
import pickle
import sqlite3
import stat
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.journal import Journal, JournalError
from coredata_async.bulk.schema import TABLES
from coredata_async.errors import ConfigurationError, CoreDataError
from tests.bulk.journals import BINDING, another_process, finding, findings, opened

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
        await second.write((ITEM, (b"a",)))
    async with opened(path) as third:
        assert (third.run, third.resumed) == (3, True)


async def test_a_note_is_on_disk_soon_without_anybody_asking(path):
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
        changed = await journal.read(lambda db: db.execute("UPDATE finding SET words = 'changed'").rowcount)

    async with opened(path) as journal:
        assert changed == 1
        assert await findings(journal) == ["changed"]


async def test_a_question_that_raises_harms_only_who_asked_it(path):
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


async def test_a_wrong_question_is_no_failure_of_the_journal(path):
    async with opened(path) as journal:
        with pytest.raises(sqlite3.OperationalError):
            await journal.read(lambda db: db.execute("SELECT * FROM nowhere"))
        with pytest.raises(sqlite3.IntegrityError):
            await journal.read(lambda db: db.executemany(*[finding("x")[0], [("x",), ("x",)]]))

        assert await findings(journal) == []


async def test_a_cancelled_write_is_written_and_disturbs_nobody(path):
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


@pytest.mark.parametrize(
    "wrong",
    [
        ("INSERT INTO finding (kind) VALUES (?)", ("no words",)),
        ("INSERT INTO nowhere VALUES (1)", ()),
        ("not SQL", ()),
        ("INSERT INTO finding VALUES ('t', ?)", ()),
        ("INSERT INTO finding VALUES ('t', ?)", (1 << 80,)),
        ("INSERT INTO finding VALUES ('t', ?)", ("\udcff",)),
        ("INSERT INTO finding VALUES ('t', ?)", (object(),)),
    ],
)
async def test_a_wrong_statement_fails_all_of_its_group_and_all_that_comes_after(path, wrong):
    journal = await Journal.open(path, BINDING)
    await journal.write(finding("earlier"))
    gate = threading.Event()
    tasks = [
        asyncio.ensure_future(each)
        for each in (
            journal.read(lambda db: gate.wait(10)),
            journal.write(finding("same group")),
            journal.write(finding("half"), wrong),
        )
    ]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.wait(tasks)

    assert JournalError is type(tasks[1].exception()) is type(tasks[2].exception())
    with pytest.raises(JournalError):
        await journal.write(finding("later"))
    with pytest.raises(JournalError):
        await journal.read(lambda db: None)
    with pytest.raises(JournalError):
        journal.note(finding("later"))
    await journal.aclose()  # whoever wrote was told
    async with opened(path) as journal:
        assert await findings(journal) == ["earlier"]


async def test_notes_that_could_not_be_written_are_told_of_when_it_is_closed(path):
    journal = await Journal.open(path, BINDING)
    journal.note(finding("lost"))
    journal.note(("not SQL", ()))

    with pytest.raises(JournalError, match="syntax error"):
        await journal.aclose()
    with pytest.raises(JournalError):
        await journal.aclose()
    async with opened(path) as journal:
        assert await findings(journal) == []


async def test_a_full_disk_is_named_and_what_was_there_stays(path):
    journal = await Journal.open(path, BINDING)
    await journal.write(finding("there"))
    await journal.read(lambda db: db.execute("PRAGMA max_page_count = 1").fetchall())

    with pytest.raises(JournalError, match=r"job\.sqlite: the disk is full; make room, then run") as full:
        await journal.write(*(finding(f"{n}" * 1000) for n in range(100)))

    assert isinstance(full.value, CoreDataError)
    assert pickle.loads(pickle.dumps(full.value)).path == path
    await journal.aclose()
    async with opened(path) as journal:
        assert await findings(journal) == ["there"]


async def test_a_full_disk_met_by_a_question_fails_the_journal_too(path):
    def fill(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA max_page_count = 1")
        for n in range(100):
            db.execute(*finding(f"{n}" * 1000))

    journal = await Journal.open(path, BINDING)
    with pytest.raises(JournalError, match="disk is full"):
        await journal.read(fill)
    with pytest.raises(JournalError, match="disk is full"):
        await journal.write(finding("later"))
    await journal.aclose()


@pytest.mark.parametrize("raises", [False, True])
async def test_a_question_that_commits_is_not_let_through(path, raises):
    def commit(db: sqlite3.Connection) -> None:
        db.execute("COMMIT")
        if raises:
            raise LookupError("after it")

    journal = await Journal.open(path, BINDING)
    with pytest.raises(JournalError, match="after it" if raises else "no such savepoint"):
        await journal.read(commit)
    await journal.aclose()


async def test_each_failure_is_an_exception_of_its_own(path):
    journal = await Journal.open(path, BINDING)
    errors = []
    for _ in range(2):
        with pytest.raises(JournalError) as failed:
            await journal.write(("not SQL", ()))
        errors.append(failed.value)
    await journal.aclose()

    assert errors[0] is not errors[1]
    assert isinstance(errors[1].__cause__, sqlite3.OperationalError)


async def test_a_closed_journal_says_so(path):
    journal = await Journal.open(path, BINDING)
    await journal.aclose()
    await journal.aclose()

    with pytest.raises(JournalError, match="it is closed"):
        journal.note(finding("x"))
    with pytest.raises(JournalError, match="it is closed"):
        await journal.write(finding("x"))


async def test_closing_waits_for_what_is_under_way_even_if_it_is_cancelled(path):
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


async def test_nobody_else_in_this_process_can_open_it(path):
    async with opened(path) as journal:
        with pytest.raises(ConfigurationError, match=r"in use by this process, since 2.*--job"):
            await Journal.open(path, BINDING)

        await journal.write(finding("still fine"))
    async with opened(path):
        pass


async def test_no_other_process_can_open_it_until_it_is_killed(path):
    async with another_process(path) as process:
        await process.stdout.readline()
        with pytest.raises(ConfigurationError, match=rf"in use by process {process.pid} on "):
            await Journal.open(path, BINDING)
        process.kill()
        await process.wait()

        async with opened(path) as journal:
            assert journal.run == 2


async def test_what_a_write_returned_for_survives_sigkill_at_any_moment(path):
    said = -1
    for _ in range(4):
        async with another_process(path, said + 1) as process:
            said = int(await process.stdout.readline())
            process.kill()
            rest, _ = await process.communicate()
            lines = rest.decode("ascii").splitlines()
            said = max([said, *(int(line) for line in lines[:-1])])

        async with opened(path) as journal:
            words = set(await findings(journal))
            assert {f"noted {n}" for n in range(said + 1)} <= words
            assert {f"written {n}" for n in range(said + 1)} <= words
            said = max(int(each.split()[1]) for each in words)


async def test_a_leftover_of_who_held_it_does_no_harm(path):
    path.with_name("job.sqlite.owner").write_text('{"host": 7}', "utf-8")

    async with opened(path):
        told = json.loads(path.with_name("job.sqlite.owner").read_text("utf-8"))
        assert told["pid"] == os.getpid()
        path.with_name("job.sqlite.owner").write_text("no JSON", "utf-8")
        with pytest.raises(ConfigurationError, match="in use by another program"):
            await Journal.open(path, BINDING)

    assert sorted(each.name for each in path.parent.iterdir()) == ["job.sqlite"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of Unix")
async def test_only_its_user_can_read_any_of_its_files(path):
    async with opened(path) as journal:
        await journal.write(finding("x"))

        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}

    assert modes == dict.fromkeys(("job.sqlite", "job.sqlite-wal", "job.sqlite.owner"), 0o600)


async def test_a_commit_is_on_disk_and_the_lock_is_kept(path):
    async with opened(path) as journal:
        settings = await journal.read(
            lambda db: [
                db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("synchronous", "journal_mode", "locking_mode")
            ]
        )

    assert settings == [2, "wal", "exclusive"]


def test_no_column_is_for_a_url_or_a_key():
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


async def take(journal: Journal, step: str, words: str) -> list[str]:
    """Take a step, and say what must be in the journal for it."""

    def bad(db: sqlite3.Connection) -> None:
        db.execute(*finding("bad"))
        raise LookupError

    match step:
        case "note":
            journal.note(finding(words))
        case "write":
            await journal.write(finding(words))
        case "cancelled write":
            task = asyncio.ensure_future(journal.write(finding(words)))
            await asyncio.sleep(0)
            task.cancel()
        case "read":
            await journal.read(lambda db: db.execute(*finding(words)).rowcount)
        case "bad read":
            with pytest.raises(LookupError):
                await journal.read(bad)
            return []
        case "writes":
            several = [f"{words}.{n}" for n in range(5)]
            async with asyncio.TaskGroup() as group:
                for each in several:
                    group.create_task(journal.write(finding(each)))
            return several
        case _:
            await asyncio.sleep(0)
            return []
    return [words]


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=30))
def test_whatever_happens_what_was_taken_is_there_once_and_in_order(steps):
    async def run(path: Path) -> None:
        async with opened(path) as journal:
            expected = [await take(journal, step, str(number)) for number, step in enumerate(steps)]
        async with opened(path) as journal:
            assert await findings(journal) == list(itertools.chain.from_iterable(expected))

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "job.sqlite"))
