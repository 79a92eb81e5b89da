import asyncio
import pickle
import sqlite3
import threading

import pytest

from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.journal import Journal
from coredata_async.errors import CoreDataError
from tests.bulk.journals import BINDING, finding, findings, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job.sqlite"


async def test_a_wrong_question_is_not_a_failure_of_the_journal(path):
    async with opened(path) as journal:
        with pytest.raises(sqlite3.OperationalError):
            await journal.read(lambda db: db.execute("SELECT * FROM nowhere"))
        with pytest.raises(sqlite3.IntegrityError):
            await journal.read(lambda db: db.executemany(*[finding("x")[0], [("x",), ("x",)]]))

        assert await findings(journal) == []


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
    await journal.aclose()  # every waiting task has received the error
    async with opened(path) as journal:
        assert await findings(journal) == ["earlier"]


async def test_notes_that_could_not_be_written_are_reported_when_it_is_closed(path):
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


async def test_a_full_disk_during_a_question_fails_the_journal(path):
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
async def test_a_question_that_commits_is_refused(path, raises):
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
