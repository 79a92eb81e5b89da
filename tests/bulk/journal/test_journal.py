import asyncio
import itertools
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from coredata_async.bulk.journal.batching import Job, commit
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.journal import Journal, Writer
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
    for _ in range(20):
        opening = asyncio.ensure_future(Journal.open(path, BINDING))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

        async with opened(path):  # it is no longer locked
            pass


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


PATH = Path("job.sqlite")


def insert(number: object) -> Job:
    return Job([("INSERT INTO t VALUES (?)", (number,))])


@define
class Store:
    """Table in memory that records every statement."""

    connection: sqlite3.Connection = field(init=False)
    statements: list[str] = field(factory=list)
    rows: list[int] = field(factory=list)
    closed: bool = False

    def __attrs_post_init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute("CREATE TABLE t (n INTEGER NOT NULL UNIQUE)")
        self.connection.set_trace_callback(self.statements.append)

    def close(self) -> None:
        self.rows = [n for (n,) in self.connection.execute("SELECT n FROM t ORDER BY rowid")]
        self.connection.close()
        self.closed = True

    @property
    def commits(self) -> int:
        return self.statements.count("COMMIT")


class Rig:
    """Writer whose thread a query holds, so that a test decides which jobs wait together."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.writer = Writer(PATH)
        self.gate = threading.Event()
        self.store: Store | None = None

    async def start(self) -> Store:
        made: list[Store] = []

        def make() -> Store:
            made.append(Store())
            return made[0]

        await self.writer.start(make)
        return made[0]

    def hold(self) -> asyncio.Future[BaseException | None]:
        """Make the thread wait for the gate in its own transaction."""
        entered = threading.Event()

        def wait(db: sqlite3.Connection) -> None:
            entered.set()
            self.gate.wait(10)

        held = self.put(Job(query=wait))
        assert entered.wait(10)
        return held

    def put(self, job: Job) -> asyncio.Future[BaseException | None]:
        job.waiter = self.loop.create_future()
        self.writer.put(job)
        return job.waiter


@pytest.fixture
async def rig():
    rig = Rig()
    yield rig
    rig.gate.set()
    await rig.writer.stop()


async def test_jobs_that_arrive_during_a_commit_share_the_next_one(rig):
    store = await rig.start()
    rig.hold()

    waiting = [rig.put(insert(n)) for n in range(1000)]
    rig.writer.put(insert(1000))
    rig.gate.set()

    assert {await each for each in waiting} == {None}
    assert store.commits == 2
    await rig.writer.stop()
    assert store.rows == list(range(1001))


async def test_all_of_a_group_are_woken_by_one_call(rig, monkeypatch):
    await rig.start()
    calls = []
    real = rig.loop.call_soon_threadsafe
    monkeypatch.setattr(rig.loop, "call_soon_threadsafe", lambda *args: calls.append(args[0]) or real(*args))
    held = rig.hold()
    waiting = [rig.put(insert(n)) for n in range(100)]
    rig.gate.set()
    await held
    for each in waiting:
        await each

    assert len(calls) == 2


async def test_notes_do_not_wake_the_loop(rig, monkeypatch):
    store = await rig.start()
    monkeypatch.setattr(rig.loop, "call_soon_threadsafe", lambda *args: pytest.fail("woken"))

    for n in range(100):
        rig.writer.put(insert(n))
    monkeypatch.undo()
    await rig.writer.stop()

    assert store.rows == list(range(100))


async def test_a_write_includes_the_notes_before_it(rig):
    store = await rig.start()

    for n in range(10):
        rig.writer.put(insert(n))
    await rig.put(insert(10))

    assert store.commits in (1, 2)
    await rig.writer.stop()
    assert store.rows == list(range(11))


async def test_a_failure_is_raised_in_all_waiting_and_later_calls(rig):
    store = await rig.start()
    rig.hold()

    group = [rig.put(insert(n)) for n in (1, 2, 1, 3)]
    rig.gate.set()

    assert [type(await each) for each in group] == [JournalError] * 4
    assert isinstance(await rig.put(insert(4)), JournalError)
    assert "UNIQUE" in str(rig.writer.failure())
    assert await rig.writer.stop() is None
    assert store.rows == []


async def test_lost_notes_are_reported_at_the_end(rig):
    await rig.start()
    rig.writer.put(insert("x"))
    rig.writer.put(insert(None))

    assert isinstance(await rig.writer.stop(), JournalError)


async def test_jobs_before_the_end_are_executed(rig):
    store = await rig.start()
    rig.hold()
    waiting = [rig.put(insert(n)) for n in range(5)]
    rig.writer.put(insert(5))
    end = rig.writer.stop()
    rig.gate.set()

    assert await end is None
    assert rig.writer.stop() is end
    assert [each.result() for each in waiting] == [None] * 5
    assert (store.rows, store.closed) == (list(range(6)), True)


async def test_a_cancelled_waiter_is_skipped(rig):
    await rig.start()
    rig.hold()
    gone, kept = rig.put(insert(1)), rig.put(insert(2))
    gone.cancel()
    rig.gate.set()

    assert await kept is None


async def test_an_exception_of_opening_is_raised():
    def make() -> Store:
        raise KeyError("no store")

    with pytest.raises(KeyError, match="no store"):
        await Writer(PATH).start(make)


async def test_a_store_that_opens_after_cancellation_is_closed(rig):
    made: list[Store] = []
    go = threading.Event()

    def make() -> Store:
        go.wait(10)
        made.append(Store())
        return made[0]

    starting = asyncio.ensure_future(rig.writer.start(make))
    await asyncio.sleep(0)
    starting.cancel()
    asyncio.get_running_loop().call_later(0.01, go.set)
    await asyncio.wait([starting])

    assert starting.cancelled()
    assert made[0].closed


async def test_a_start_that_is_cancelled_ends_if_its_store_cannot_be_opened():
    def make() -> Store:
        raise KeyError("no store")

    starting = asyncio.ensure_future(Writer(PATH).start(make))
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting], timeout=5)

    assert starting.cancelled()


async def test_a_start_that_is_cancelled_twice_waits_for_no_store(rig):
    go = threading.Event()

    def make() -> Store:
        go.wait(10)
        return Store()

    starting = asyncio.ensure_future(rig.writer.start(make))
    for _ in range(2):
        await asyncio.sleep(0)
        starting.cancel()
    await asyncio.wait([starting], timeout=5)

    assert starting.cancelled()
    go.set()
    await rig.writer.stop()


def test_a_commit_that_fails_leaves_no_transaction_open():
    store = Store()

    with pytest.raises(sqlite3.IntegrityError):
        commit(store.connection, [insert(1), insert(1)])

    assert not store.connection.in_transaction
    commit(store.connection, [insert(1)])
    store.close()
    assert store.rows == [1]


def test_only_the_changes_of_a_question_that_raises_are_rolled_back():
    def bad(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO t VALUES (2)")
        raise LookupError

    loop = asyncio.new_event_loop()
    asked = Job(query=bad, waiter=loop.create_future())
    store = Store()

    answers = commit(store.connection, [insert(1), asked, insert(3)])

    store.close()
    loop.close()
    assert [(waiter, type(answer)) for waiter, answer in answers] == [(asked.waiter, LookupError)]
    assert store.rows == [1, 3]
