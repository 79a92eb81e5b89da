"""Admission of uploads: the interface through which a bulk job decides when an upload may reserve its URL."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from coredata_async.errors import URLExpiredError


class Admission(Protocol):
    """Delays uploads until the storage can accept them, because a signed URL expires while it waits."""

    async def begin(self) -> None:
        """Wait until another file may begin. After a normal return, `end` must follow.

        Raises:
            URLExpiredError: If every URL of several files had expired: further requests would be useless.
        """
        ...

    def end(self) -> None:
        """Record that a file is no longer in flight."""
        ...

    def holds_back(self, *, whole: bool, again: bool) -> bool:
        """Return whether `slot` must be entered before a URL is reserved.

        Args:
            whole: True if the bytes are held in memory, so that the PUT takes a short time.
            again: True if an earlier URL of the same file had expired.
        """
        ...

    def slot(self, size: int, *, whole: bool) -> AbstractAsyncContextManager[None]:
        """Wait until a PUT of `size` bytes could begin at once, and reserve its slot for this task."""
        ...

    def record_stored(self) -> None:
        """Record that the storage accepted a file."""
        ...

    def record_expired(self, error: URLExpiredError) -> None:
        """Record that every URL of a file had expired."""
        ...
