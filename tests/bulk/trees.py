"""Trees on disk, and the entries of their scans."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.entries import DirectoryBatch, ScannedEntry
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import State

ALL = Selection()
FOLLOW = Policy(links="follow")


def enter(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a directory, and enter it for the rest of the test."""
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def tree(*paths: str | bytes) -> None:
    """Create files with their paths as content, and directories where a path ends with a slash."""
    for text in map(os.fsdecode, paths):
        path = Path(text)
        (path if text.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not text.endswith("/"):
            path.write_bytes(os.fsencode(text))


def by_path(batches: Iterable[DirectoryBatch], root: Path | None = None) -> dict[str, ScannedEntry]:
    """Return all entries by their local path, relative to the root or to the current directory."""
    entries = [(batch.directory.path, entry) for batch in batches for entry in batch.entries]
    found = {
        (Path(os.fsdecode(path)) / os.fsdecode(entry.name)).relative_to(root or Path.cwd()).as_posix(): entry
        for path, entry in entries
    }
    assert len(found) == len(entries), "an entry was yielded twice"
    return found


def planned(selection: Selection, *paths: str, policy: Policy | None = None) -> set[str]:
    """Return the files that are planned."""
    entries = by_path(scan(paths or ["."], selection, policy or Policy()))
    return {path for path, entry in entries.items() if entry.state is State.PLANNED}


def excluded(selection: Selection) -> int:
    """Return the number of excluded files and directories."""
    return sum(batch.excluded for batch in scan(["."], selection, Policy()))
