"""Scan of a folder for regular files; links and special files are counted, not followed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from attrs import field, frozen

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan import scan as bulk
from coredata_async.bulk.states import State

_EVERYTHING: Final = Selection(ignore_files=False)
_ANY_NAME: Final = Policy(names="truncate", unicode="keep")


@frozen
class Found:
    """Content of a folder."""

    files: list[tuple[Path, int]] = field(factory=list[tuple[Path, int]])
    """Paths and sizes."""
    skipped: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])
    """Paths and reasons: a link may lead out of the folder, or in a circle."""
    unreadable: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.files)


def scan(folder: Path) -> Found:
    """Walk a folder. Blocks, so run it in a thread.

    Raises:
        ConfigurationError: If the folder does not exist.
    """
    found = Found()
    for batch in bulk.scan([f"{folder}/."], _EVERYTHING, _ANY_NAME):
        for entry in batch.entries:
            path = Path(os.fsdecode(batch.directory.path), os.fsdecode(entry.name))
            if entry.state == State.PLANNED:
                found.files.append((path, entry.fingerprint.size))
            elif entry.state == State.SKIPPED:
                found.skipped.append((path, entry.message))
            else:
                found.unreadable.append((path, entry.message))
    return found


def readable(path: Path) -> str:
    """Return a name as text; bytes that are not UTF-8 become hexadecimal escapes."""
    return path_text(os.fsencode(path.name))
