"""A journal that is damaged: told from what never was a journal, and moved out of the way, never removed."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

APPLICATION: Final = 0x43444A31
"""SQLite's `application_id` of a journal: "CDJ1"."""
_AT: Final = 68
"""Where it is in the file: https://www.sqlite.org/fileformat2.html#application_id."""


class DamagedError(Exception):
    """A file that was a journal is not whole."""


def was_journal(path: Path) -> bool:
    """Tell whether a file that SQLite cannot read was a journal once.

    Not for one that SQLite can read: closing the file here would drop the locks this process has on it.
    """
    try:
        with path.open("rb") as file:
            file.seek(_AT)
            return file.read(4) == APPLICATION.to_bytes(4, "big")
    except OSError:
        return False


def quarantine(path: Path) -> Path:
    """Move a damaged journal and its log out of the way, under a name that is free."""
    names = (path.with_name(f"{path.name}.damaged-{n}") for n in itertools.count(1))
    aside = next(name for name in names if not os.path.lexists(name))
    path.rename(aside)
    log = path.with_name(f"{path.name}-wal")
    with suppress(FileNotFoundError):
        log.rename(aside.with_name(f"{aside.name}-wal"))
    return aside
