"""Damaged journals: their recognition, and their quarantine under another name; none is deleted."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

APPLICATION: Final = 0x43444A31
"""SQLite's `application_id` of a journal: "CDJ1"."""
_AT: Final = 68
"""Offset of the id in the file: https://www.sqlite.org/fileformat2.html#application_id."""


class DamagedError(Exception):
    """A journal whose file is damaged."""


def was_journal(path: Path) -> bool:
    """Return whether a file that SQLite cannot read was a journal.

    Do not call it for a file that SQLite can read: closing the file here drops this process's locks on it.
    """
    try:
        with path.open("rb") as file:
            file.seek(_AT)
            return file.read(4) == APPLICATION.to_bytes(4, "big")
    except OSError:
        return False


def quarantine(path: Path) -> Path:
    """Rename a damaged journal and its log to a free name, and return the new path."""
    names = (path.with_name(f"{path.name}.damaged-{n}") for n in itertools.count(1))
    aside = next(name for name in names if not os.path.lexists(name))
    path.rename(aside)
    log = path.with_name(f"{path.name}-wal")
    with suppress(FileNotFoundError):
        log.rename(aside.with_name(f"{aside.name}-wal"))
    return aside
