import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from attrs import define, field

from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.writer import Job, Writer, commit

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
    """Writer whose thread a question holds, so that a test decides which jobs wait together."""

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

        held = self.put(Job(question=wait))
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
    await asyncio.wait([starting])
    go.set()
    await rig.writer.stop()

    assert starting.cancelled()
    assert made[0].closed


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
    asked = Job(question=bad, waiter=loop.create_future())
    store = Store()

    answers = commit(store.connection, [insert(1), asked, insert(3)])

    store.close()
    loop.close()
    assert [(waiter, type(answer)) for waiter, answer in answers] == [(asked.waiter, LookupError)]
    assert store.rows == [1, 3]
