"""Retries for failures of network file systems that end when the file is opened again."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

PASSING: Final = frozenset({errno.ESTALE, errno.EIO, errno.ETIMEDOUT})
"""NFS: the handle is stale because the server restarted or replaced the file. Soft mounts and CIFS: a request
timed out. A bad disk also gives EIO, and gives it again. (Python itself repeats EINTR.)
"""
ATTEMPTS: Final = 3


def retry_stale(attempt: Callable[[], T]) -> T:
    """Call a function that opens and uses a path, and repeat it at once if the failure may be transient.

    Raises:
        OSError: The last failure after `ATTEMPTS`, or the first one of another kind.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except OSError as exc:
            if exc.errno not in PASSING:
                raise
    return attempt()
