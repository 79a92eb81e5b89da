"""Trees on disk, and what a scan tells of them."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.found import DirectoryBatch, ScannedEntry
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import State

ALL = Selection()
FOLLOW = Policy(links="follow")


def enter(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a directory, and go there for the rest of the test."""
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def tree(*paths: str | bytes) -> None:
    """Make files that hold their own paths, and directories where a path ends with a slash."""
    for text in map(os.fsdecode, paths):
        path = Path(text)
        (path if text.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not text.endswith("/"):
            path.write_bytes(os.fsencode(text))


def by_path(batches: Iterable[DirectoryBatch], root: Path | None = None) -> dict[str, ScannedEntry]:
    """All entries by their local path, relative to the root or to where we are."""
    entries = [(batch.directory.path, entry) for batch in batches for entry in batch.entries]
    found = {
        (Path(os.fsdecode(path)) / os.fsdecode(entry.name)).relative_to(root or Path.cwd()).as_posix(): entry
        for path, entry in entries
    }
    assert len(found) == len(entries), "an entry was told twice"
    return found


def planned(selection: Selection, *paths: str, policy: Policy | None = None) -> set[str]:
    """The files that are to be uploaded."""
    entries = by_path(scan(paths or ["."], selection, policy or Policy()))
    return {path for path, entry in entries.items() if entry.state is State.PLANNED}


def excluded(selection: Selection) -> int:
    """How many files and directories are left out."""
    return sum(batch.excluded for batch in scan(["."], selection, Policy()))
