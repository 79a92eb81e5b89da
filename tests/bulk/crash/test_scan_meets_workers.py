"""A scan that reaches a file which a worker of this run has already: found by a walk that was killed often.

The file may have been UNKNOWN, and be uploaded again before the scan reaches it.
"""

import sqlite3

import pytest

from coredata_async.bulk.journal.planning import plan_batch
from coredata_async.bulk.journal.schema import TABLES
from coredata_async.bulk.scan.entries import Directory, DirectoryBatch, ScannedEntry
from coredata_async.bulk.states import State
from coredata_async.storage.paths import Fingerprint

RUN = 2
TREE = Directory(b"/tree", None)
BEFORE, NOW = Fingerprint(1, 1, 1, 1), Fingerprint(2, 2, 2, 2)
IN_A_LANE = [State.PLANNED, State.PUTTING, State.STORED, State.REGISTERING, State.CONFIRMED]


@pytest.fixture
def db():
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    plan_batch(connection, DirectoryBatch(TREE, (ScannedEntry(b"a", "a", BEFORE),)), RUN - 1)
    yield connection
    connection.close()


@pytest.mark.parametrize("state", IN_A_LANE)
@pytest.mark.parametrize("entries", [(ScannedEntry(b"a", "a", BEFORE),), (ScannedEntry(b"a", "a", NOW),), ()])
def test_a_file_of_a_worker_of_this_run_is_left_to_it(db, state, entries):
    db.execute("UPDATE item SET state = ?, blob = 'b', claim = ?", (state, RUN))

    sums = plan_batch(db, DirectoryBatch(TREE, entries), RUN).sums

    assert db.execute("SELECT state, blob FROM item").fetchall() == [(state, "b")]
    assert db.execute("SELECT * FROM orphan").fetchall() == []
    assert not any(sums.files.values())
