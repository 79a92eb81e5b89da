"""Listed objects as rows of the journal."""

import sqlite3

import pytest

from coredata_async.bulk.remote.listing import ListedFile, _folder_row, _row
from coredata_async.resources.containers import Folder


@pytest.mark.parametrize(
    ("file", "filename", "size"),
    [
        (ListedFile(id="a", filename="þ.txt", size=(1 << 63) - 1), "þ.txt", (1 << 63) - 1),
        (ListedFile(id="a", filename="a.txt", size=1 << 63), "a.txt", None),
        (ListedFile(id="a", filename="\ud800.txt", size=-1), "?.txt", -1),
    ],
)
def test_any_listed_file_can_be_stored(file: ListedFile, filename: str, size: int | None) -> None:
    row = _row(1, file.filename, file)

    assert row[:4] == (1, "a", filename, size)
    assert sqlite3.connect(":memory:").execute("SELECT ?, ?, ?, ?", row[:4]).fetchone() == row[:4]


def test_any_listed_folder_can_be_stored() -> None:
    folder = Folder(id="a", title="\udfff", parent="\ud800")

    assert _folder_row(folder, folder.title)[:3] == ("a", "?", "?")
