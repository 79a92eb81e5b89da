"""Lock of a directory against a second command: it ends with its process, whatever ends that."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from coredata_async.bulk.journal.location import make_private
from coredata_async.cluster.errors import JobLockedError

_LOCK: Final = "lock"


@contextmanager
def lock_directory(directory: Path, noun: str) -> Generator[None]:
    """Create a private directory, and lock it. The directory may be removed under its lock.

    Args:
        directory: The directory.
        noun: What it is for, for people.

    Raises:
        JobLockedError: If another process has the lock.
        OSError: If the directory cannot be written.
    """
    file = None
    while file is None:
        file = _lock(directory, noun)
    with file:
        yield


def _lock(directory: Path, noun: str) -> BinaryIO | None:
    """Return the locked file; None if the directory was removed meanwhile."""
    make_private(directory)
    path = directory / _LOCK
    try:
        file = path.open("ab")
    except FileNotFoundError:
        return None
    try:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415  # exists everywhere else

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
    except FileNotFoundError:
        pass
    except BlockingIOError:
        file.close()
        raise JobLockedError(f"another command runs {noun} now: wait for its end, or interrupt it") from None
    file.close()
    return None
