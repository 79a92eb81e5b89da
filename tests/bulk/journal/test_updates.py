"""Many changes in few statements: the resulting rows are the same in any order and number."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coredata_async.bulk.journal import updates
from coredata_async.bulk.journal.schema import TABLES
from coredata_async.bulk.journal.updates import SIZES, coalesce, update

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
    monkeypatch.setattr(updates, "HAS_UPDATE_FROM", False)
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
