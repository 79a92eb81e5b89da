"""Errors of a journal, with messages that say how to continue."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from coredata_async.errors import CoreDataError

_AGAIN: Final = "then run the same command again, which resumes the job"
_ADVICE: Final = {  # by the primary name of SQLite's error
    "SQLITE_FULL": f"the disk is full; make room, {_AGAIN}",
    "SQLITE_IOERR": f"the disk or its file system failed; repair it, {_AGAIN}",
    "SQLITE_READONLY": f"it is not writable; change its permissions, {_AGAIN}",
    "SQLITE_PERM": f"it is not writable; change its permissions, {_AGAIN}",
    "SQLITE_CANTOPEN": f"it cannot be opened; check its directory and permissions, {_AGAIN}",
    "SQLITE_CORRUPT": "it is damaged; run the same command again: "
    "it is moved aside, and the uploaded files are found in the server's listing",
    "SQLITE_NOTADB": "another program has overwritten it; run the command again with another --job file",
    "SQLITE_BUSY": "another program has locked it; stop that program first",
}

_DISK: Final[Mapping[int | None, str]] = {
    errno.ENOSPC: "SQLITE_FULL",
    errno.EDQUOT: "SQLITE_FULL",
    errno.EIO: "SQLITE_IOERR",
}
"""SQLite's name of each error of the operating system that concerns the disk."""


class JournalError(CoreDataError):
    """The journal cannot be written or read, so nothing more may be sent. Records on disk stay valid."""

    def __init__(self, path: Path, cause: BaseException | str) -> None:
        super().__init__(f"the journal {path}: {cause if isinstance(cause, str) else explain(cause)}")
        self.path = path


class DamagedError(Exception):
    """A journal whose file is damaged."""


def is_fatal(cause: BaseException) -> bool:
    """Return whether the journal failed, rather than the statement."""
    return _advice(cause) is not None


def explain(cause: BaseException) -> str:
    """Describe a failure and the action that it requires."""
    advice = _advice(cause)
    return f"{advice} ({cause})" if advice else f"{cause} ({type(cause).__name__}); please report this"


def sqlite_name(cause: BaseException) -> str:
    """Return SQLite's name of an error, such as `SQLITE_IOERR_WRITE`; empty if it has none."""
    if isinstance(cause, OSError):
        return _DISK.get(cause.errno, "")
    return str(getattr(cause, "sqlite_errorname", ""))


def _advice(cause: BaseException) -> str | None:
    return next((advice for name, advice in _ADVICE.items() if sqlite_name(cause).startswith(name)), None)
