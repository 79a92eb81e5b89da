"""The port through which a bulk job decides when an upload may reserve its URL."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from coredata_async.errors import URLExpiredError


class Admission(Protocol):
    """Holds uploads back until the storage can take them, because a signed URL expires while it waits."""

    def file(self) -> AbstractAsyncContextManager[None]:
        """Wait until another file may begin; entered once per file.

        Raises:
            URLExpiredError: Every URL of several files had expired: further requests would be useless.
        """
        ...

    def url(self, size: int, *, whole: bool, again: bool) -> AbstractAsyncContextManager[None]:
        """Wait until a PUT could begin at once; entered before each reservation.

        Args:
            size: Bytes to be sent.
            whole: True if the bytes are held in memory, so that the PUT takes a short time.
            again: True if an earlier URL of the same file had expired.
        """
        ...

    def stored(self) -> None:
        """Learn that the storage accepted a file."""
        ...

    def expired(self, error: URLExpiredError) -> None:
        """Learn that every URL of a file had expired."""
        ...
