"""Failures of network file systems that end when the file is opened again."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

PASSING: Final = frozenset({errno.ESTALE, errno.EIO, errno.ETIMEDOUT})
"""NFS: the handle is stale because the server restarted or replaced the file. Soft mounts and CIFS: a request
got no reply in time. A bad disk gives EIO as well; it then gives it again. (Python itself repeats EINTR.)"""
ATTEMPTS: Final = 3


def retry_stale(attempt: Callable[[], T]) -> T:
    """Call a function that opens and uses a path, and again at once if a failure may have passed.

    Raises:
        OSError: The last failure, after `ATTEMPTS`, or the first one of another kind.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except OSError as exc:
            if exc.errno not in PASSING:
                raise
    return attempt()
