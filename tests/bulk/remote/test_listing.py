"""Listed objects as rows of the journal."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from coredata_async.bulk.journal.schema import TABLES, VERSION, check_rows
from coredata_async.bulk.remote.listing import (
    _INSERT_FILE,
    _INSERT_FOLDER,
    ListedFile,
    _file_row,
    _folder_row,
)
from coredata_async.resources.containers import Folder


@pytest.mark.parametrize(
    ("file", "filename", "size"),
    [
        (ListedFile(id="a", filename="þ.txt", size=1 << 50), "þ.txt", 1 << 50),
        (ListedFile(id="a", filename="a.txt", size=(1 << 50) + 1), "a.txt", None),
        (ListedFile(id="a", filename="a.txt", size=1 << 63), "a.txt", None),
        (ListedFile(id="a", filename="\ud800.txt", size=-1), "?.txt", None),
    ],
)
def test_any_listed_file_can_be_stored(file: ListedFile, filename: str, size: int | None) -> None:
    row = _file_row(1, file.filename, file)

    assert row[:4] == (1, "a", filename, size)
    assert sqlite3.connect(":memory:").execute("SELECT ?, ?, ?, ?", row[:4]).fetchone() == row[:4]


def test_any_listed_folder_can_be_stored() -> None:
    folder = Folder(id="a", title="\udfff", parent="\ud800")

    assert _folder_row(folder, folder.title)[:3] == ("a", "?", "?")


@pytest.mark.parametrize("size", [-1, (1 << 50) + 1, (1 << 63) - 1, 1 << 63])
@pytest.mark.parametrize("created", [datetime.min, datetime.max])
def test_no_listed_object_makes_a_journal_look_damaged(size: int, created: datetime) -> None:
    moment = created.replace(tzinfo=UTC)
    file = ListedFile(id="a", filename="a.txt", size=size, created=moment)
    folder = Folder(id="f", title="f", parent="p", created=moment)
    with closing(sqlite3.connect(":memory:")) as journal:
        journal.executescript(TABLES)
        journal.execute(
            "INSERT INTO job (one, schema, tenant, account, parent, roots, created, run) "
            f"VALUES (1, {VERSION}, '', '', '', '', 0, 1)"
        )

        journal.execute(_INSERT_FILE, _file_row(1, file.filename, file))
        journal.execute(_INSERT_FOLDER, (*_folder_row(folder, folder.title), 1))

        check_rows(journal)
