"""Queue of the journal's thread: nothing is lost, and a write waits only if the last group had several."""

import sqlite3
import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.journal import batching
from coredata_async.bulk.journal.batching import GROUP_TARGET, SIZES, BatchQueue, Priority, coalesce, update
from coredata_async.bulk.journal.schema import TABLES

NOTE, WRITE, QUERY = Priority.NOTE, Priority.WRITE, Priority.QUERY
EVER = 60.0
"""Timeout in seconds that only a failing test reaches."""


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Prevent the delays from ending, so that nothing is taken because of a timeout."""
    monkeypatch.setattr(batching, "NOTE_WAIT", EVER)
    monkeypatch.setattr(batching, "GROUP_WAIT", EVER)


class Taker:
    """Thread that calls `take` once."""

    def __init__(self, box: BatchQueue[int]) -> None:
        self.taken: list[int] = []
        self._thread = threading.Thread(target=lambda: self.taken.extend(box.take()), daemon=True)
        self._thread.start()

    def end(self) -> list[int]:
        self._thread.join(EVER / 2)
        assert not self._thread.is_alive()
        return self.taken


def put(box: BatchQueue[int], priority: Priority, *numbers: int) -> None:
    for number in numbers:
        box.put(number, priority)


def test_all_is_taken_in_its_order():
    box = BatchQueue[int]()
    put(box, NOTE, 1)
    put(box, WRITE, 2)
    put(box, NOTE, 3)
    put(box, QUERY, 4)

    assert box.take() == [1, 2, 3, 4]


def test_a_note_waits_until_a_write_comes():
    box = BatchQueue[int]()
    taker = Taker(box)
    put(box, NOTE, 1, 2, 3)
    put(box, WRITE, 4)

    assert taker.end() == [1, 2, 3, 4]


def test_a_note_that_stays_alone_is_taken_after_the_delay(monkeypatch):
    monkeypatch.setattr(batching, "NOTE_WAIT", 0.001)
    box = BatchQueue[int]()
    taker = Taker(box)
    put(box, NOTE, 1)

    assert taker.end() == [1]


def test_a_single_write_is_not_delayed():
    box = BatchQueue[int]()
    for number in range(3):
        put(box, WRITE, number)
        assert box.take() == [number]


def test_a_group_waits_for_as_many_writes_as_the_last_one():
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2, 3)
    assert box.take() == [1, 2, 3]

    taker = Taker(box)
    put(box, WRITE, 4)
    put(box, NOTE, 5)
    put(box, WRITE, 6, 7)

    assert taker.end() == [4, 5, 6, 7]


def test_a_question_ends_the_delay():
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2, 3)
    box.take()

    taker = Taker(box)
    put(box, WRITE, 4)
    put(box, WRITE, 5)
    put(box, QUERY, 6)

    assert taker.end() == [4, 5, 6]


def test_a_large_group_does_not_wait_to_become_as_large_again():
    box = BatchQueue[int]()
    put(box, WRITE, *range(100))
    box.take()
    put(box, WRITE, *range(GROUP_TARGET))

    assert box.take() == list(range(GROUP_TARGET))


def test_writes_that_do_not_come_are_not_waited_for_again(monkeypatch):
    monkeypatch.setattr(batching, "GROUP_WAIT", 0.001)
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2)
    box.take()
    put(box, WRITE, 3)
    assert box.take() == [3]

    monkeypatch.setattr(batching, "GROUP_WAIT", EVER)
    put(box, WRITE, 4)
    assert box.take() == [4]


@pytest.mark.parametrize("priority", [None, NOTE, WRITE])
def test_the_end_waits_for_nothing_and_leaves_nothing(priority):
    box = BatchQueue[int]()
    put(box, WRITE, 1, 2)
    box.take()
    taker = Taker(box)
    if priority is not None:
        put(box, priority, 3)
    box.end()

    assert taker.end() == ([] if priority is None else [3])
    assert box.take() == []


@pytest.mark.parametrize("pause", [0.0, 0.0001])
def test_nothing_is_lost_and_no_wait_is_endless_in_any_order(monkeypatch, pause):
    monkeypatch.setattr(batching, "NOTE_WAIT", pause)
    monkeypatch.setattr(batching, "GROUP_WAIT", pause)
    box = BatchQueue[int]()
    taken: list[int] = []

    def work() -> None:
        while found := box.take():
            taken.extend(found)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    for number in range(6000):
        put(box, (NOTE, WRITE, QUERY, NOTE, WRITE)[number % 5], number)
    box.end()
    thread.join(EVER / 2)

    assert taken == list(range(6000))


STORED = update("state", "md5", clears=("message",))
FOUND = update("state", "file")
OTHER = "UPDATE item SET unconfirmed = unconfirmed + 1 WHERE id = ?"
SHAPES = {STORED: 2, FOUND: 2, OTHER: 0}


def table() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(TABLES)
    rows = [(number, b"%d" % number, "a name", 1) for number in range(1, 9)]
    db.executemany(
        "INSERT INTO item (id, folder, name, filename, size, mtime, ctime, inode, state, message, seen) "
        "VALUES (?, 1, ?, ?, ?, 0, 0, 0, 0, 'message', 1)",
        rows,
    )
    return db


def rows_after(statements) -> list[tuple]:
    with closing(table()) as db:
        for sql, values in statements:
            db.execute(sql, values)
        return db.execute("SELECT * FROM item ORDER BY id").fetchall()


def test_changes_of_one_kind_become_one_statement():
    sql = "UPDATE item SET state = ?, file = ? WHERE id = ?"
    assert update("state", "file") == sql
    assert coalesce([(sql, (4, "f", 1)), (sql, (4, "g", 2))]) == [
        (
            "WITH new (state, file, row) AS (VALUES (?, ?, ?), (?, ?, ?)) "
            "UPDATE item SET state = new.state, file = new.file FROM new WHERE item.id = new.row",
            (4, "f", 1, 4, "g", 2),
        )
    ]


def test_one_change_stays_as_it_is():
    assert coalesce([(FOUND, (4, "f", 1))]) == [(FOUND, (4, "f", 1))]
    assert coalesce([]) == []


def test_a_number_between_two_sizes_is_filled_up_with_the_last_one():
    statements = [(FOUND, (4, f"f{number}", number)) for number in range(1, 6)]
    [(sql, values)] = coalesce(statements)

    assert sql.count("(?, ?, ?)") == 8
    assert values[-12:] == (4, "f5", 5) * 4
    assert rows_after([(sql, values)]) == rows_after(statements)


def test_more_than_the_largest_size_are_several_statements():
    statements = [(FOUND, (4, "f", number)) for number in range(SIZES[-1] + 1)]

    assert len(coalesce(statements)) == 2


def test_changes_of_one_row_keep_their_order():
    statements = [
        (STORED, (2, "m", 1)),
        (FOUND, (4, "f", 2)),
        (FOUND, (4, "g", 1)),
        (STORED, (2, "n", 2)),  # of a row that has a change already: it may not join the first
    ]
    assert [values[-1] for sql, values in coalesce(statements)] == [1, 1, 2]
    assert rows_after(coalesce(statements)) == rows_after(statements)


def test_nothing_passes_a_statement_that_is_not_known():
    statements = [(FOUND, (4, "f", 1)), (OTHER, (1,)), (FOUND, (4, "g", 2)), (FOUND, (4, "h", 3))]
    first, second, third = coalesce(statements)

    assert (first, second) == (statements[0], statements[1])
    assert third[1] == (4, "g", 2, 4, "h", 3)


def test_rows_are_found_by_their_id():
    [(sql, values)] = coalesce([(FOUND, (4, "f", number)) for number in range(1, 5)])
    with closing(table()) as db:
        plan = " ".join(row[-1] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values))

    assert "SEARCH item USING INTEGER PRIMARY KEY" in plan
    assert "SCAN item" not in plan


def test_an_old_sqlite_gets_one_statement_for_each(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batching, "HAS_UPDATE_FROM", False)
    statements = [(FOUND, (4, "f", 1)), (FOUND, (4, "g", 2))]

    assert coalesce(statements) == statements


@st.composite
def changes(draw):
    sql = draw(st.sampled_from(sorted(SHAPES)))
    values = [draw(st.sampled_from([None, "m", "n"])) for _ in range(SHAPES[sql])]
    state = [draw(st.integers(0, 9)), *values[1:]] if values else []
    return sql, (*state, draw(st.integers(1, 9)))


@given(st.lists(changes(), max_size=90))
def test_any_changes_result_in_the_same_rows(statements):
    assert rows_after(coalesce(statements)) == rows_after(statements)
