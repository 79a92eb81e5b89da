"""Files of other jobs in the journal: which names count."""

import pytest

from coredata_async.bulk.journal.claims import is_complete
from coredata_async.bulk.remote.listing import ListedFile
from coredata_async.bulk.remote.other_jobs import count_others, foreign_files
from coredata_async.bulk.states import State
from tests.bulk.reports import Rows


@pytest.fixture
def rows():
    found = Rows()
    found.db.execute("INSERT INTO shard (number, id) VALUES (1, 'one')")
    yield found
    found.close()


def listed(rows: Rows, item: int, file: str) -> None:
    """List a File with the name of an item."""
    rows.db.execute("UPDATE item SET filename = ? WHERE id = ?", (f"name {item}", item))
    rows.db.execute(
        "INSERT INTO remote_file (folder, file, filename, size) VALUES (1, ?, ?, 10)", (file, f"name {item}")
    )


def test_a_file_with_the_name_of_a_pending_one_is_of_another_job(rows) -> None:
    listed(rows, rows.item(State.PLANNED), "f1")
    listed(rows, rows.item(State.DONE, file="f2"), "f2")

    assert count_others(rows.db, 1) == 1


def test_a_file_that_was_given_to_a_shard_is_uploaded_by_this_job(rows) -> None:
    item = rows.item(State.PLANNED)
    listed(rows, item, "f1")
    rows.db.execute("UPDATE item SET shard = 1 WHERE id = ?", (item,))

    assert count_others(rows.db, 1) == 0


def test_a_folder_is_complete_if_only_files_in_shards_are_missing(rows) -> None:
    given, own = rows.item(State.PLANNED), rows.item(State.PLANNED)
    rows.db.execute("UPDATE item SET shard = 1 WHERE id = ?", (given,))
    assert not is_complete(rows.db, 1)

    listed(rows, own, "f1")
    assert is_complete(rows.db, 1)


@pytest.mark.parametrize(
    ("shown", "foreign"), [("b1b1", 0), ("B1B1", 0), ("laika/b1b1", 0), ("b1-b1", 0), ("b2b2", 1)]
)
@pytest.mark.parametrize("state", [State.REGISTERING, State.UNKNOWN, State.STORED])
def test_a_file_of_a_blob_of_this_job_is_not_of_another_one_however_its_name_is_shown(
    rows, state, shown, foreign
) -> None:
    item = rows.item(state, name=b"a.txt", blob="b1b1")
    rows.db.execute("UPDATE item SET filename = 'a.txt' WHERE id = ?", (item,))
    file = ListedFile(id="f1", filename="a.txt", blob_name=shown)

    assert len(foreign_files(rows.db, folder=1, files=[file])) == foreign
