"""What can go wrong with a journal, told so that a person knows what to do."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from coredata_async.errors import CoreDataError

_AGAIN: Final = "then run the same command again: it goes on where it was"
_ADVICE: Final = {  # by the primary name of SQLite's error
    "SQLITE_FULL": f"the disk is full; make room, {_AGAIN}",
    "SQLITE_IOERR": f"the disk or its file system failed; see to it, {_AGAIN}",
    "SQLITE_READONLY": f"it may not be written to; see to its permissions, {_AGAIN}",
    "SQLITE_PERM": f"it may not be written to; see to its permissions, {_AGAIN}",
    "SQLITE_CANTOPEN": f"it cannot be opened; see to its directory and permissions, {_AGAIN}",
    "SQLITE_CORRUPT": "it is damaged; run the same command again: "
    "it is set aside, and what is there is found in the server's listing",
    "SQLITE_NOTADB": "something else has overwritten it; run again with another --job file",
    "SQLITE_BUSY": "another program holds it; stop that one first",
}

_DISK: Final[Mapping[int | None, str]] = {
    errno.ENOSPC: "SQLITE_FULL",
    errno.EDQUOT: "SQLITE_FULL",
    errno.EIO: "SQLITE_IOERR",
}
"""What SQLite calls an error of the operating system that is about the disk."""


class JournalError(CoreDataError):
    """The journal cannot be written or read, so nothing more may be sent: what is on disk stays valid."""

    def __init__(self, path: Path, cause: BaseException | str) -> None:
        super().__init__(f"the journal {path}: {cause if isinstance(cause, str) else explain(cause)}")
        self.path = path


def fatal(cause: BaseException) -> bool:
    """Say whether it is the journal that failed, rather than what was asked of it."""
    return _advice(cause) is not None


def explain(cause: BaseException) -> str:
    """Say what happened and what to do about it."""
    advice = _advice(cause)
    return f"{advice} ({cause})" if advice else f"{cause} ({type(cause).__name__}); please report this"


def sqlite_name(cause: BaseException) -> str:
    """Give SQLite's name of an error, such as `SQLITE_IOERR_WRITE`; empty if it has none."""
    if isinstance(cause, OSError):
        return _DISK.get(cause.errno, "")
    return str(getattr(cause, "sqlite_errorname", ""))


def _advice(cause: BaseException) -> str | None:
    return next((words for name, words in _ADVICE.items() if sqlite_name(cause).startswith(name)), None)
