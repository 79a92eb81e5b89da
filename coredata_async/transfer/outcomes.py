"""Outcomes and progress of uploads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from attrs import field, frozen

from coredata_async.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    RateLimitError,
    ServerError,
    SourceError,
    Stage,
    StorageError,
)
from coredata_async.storage.sources import Source, label


@frozen(kw_only=True)
class Uploaded:
    """A source that was uploaded as a File."""

    source: Source = field(repr=label, eq=False)
    file_id: str
    filename: str
    size: int
    """Size in bytes."""
    digest: str
    """MD5 of the bytes that were sent, in hexadecimal."""
    blob_name: str | None
    """Name of the blob in the storage; None if the bytes went through the API."""
    verified: bool
    """True if the server confirmed the digest: by the storage's ETag, or the File's own digest."""
    key: str | None = None
    """The idempotency key of an upload that has one."""


@frozen(kw_only=True)
class Failed:
    """A source that was not uploaded, with the error. Nothing was registered.

    One exception: a `ChecksumMismatchError` of stage `register` names a File with wrong content.
    """

    source: Source = field(repr=label, eq=False)
    error: Exception
    key: str | None = None
    """The idempotency key of an upload that has one."""

    @property
    def permanent(self) -> bool:
        """True if repeating the upload is pointless: an argument, the source or the service refuses it."""
        return is_permanent(self.error)


@frozen(kw_only=True)
class Unknown:
    """A source of which it is unknown whether it is a File: check before uploading it again."""

    source: Source = field(repr=label, eq=False)
    error: OutcomeUnknownError
    key: str | None = None
    """The idempotency key of an upload that has one."""


Outcome = Uploaded | Failed | Unknown

_MAY_PASS: Final = (APIConnectionError, AuthenticationError, ServerError, RateLimitError)
_REFUSALS: Final = (ConfigurationError, TypeError, APIStatusError)


def is_permanent(error: Exception) -> bool:
    """Return whether repeating an upload that failed with this error is pointless.

    A wrong key, an outage and a file that is being written can be corrected while messages wait.
    """
    if isinstance(error, StorageError | SourceError):
        return not error.transient
    if isinstance(error, _MAY_PASS):
        return False
    if isinstance(error, APIStatusError) and error.status in {408, 409, 425}:
        return False
    return isinstance(error, _REFUSALS)


@frozen(kw_only=True)
class Replaced:
    """A File with new content."""

    file_id: str
    snapshot_id: str
    """Snapshot id of the new version: the lock for the next `replace`."""
    digest: str
    """MD5 of the new content, in hexadecimal."""
    size: int
    verified: bool
    """True if the server confirmed the digest."""


@frozen(kw_only=True)
class Progress:
    """Progress of one upload."""

    name: str
    stage: Stage
    """`reserve`, `put` or `register`."""
    sent: int
    """Bytes sent in this attempt; 0 again when they must be resent."""
    total: int


OnProgress = Callable[[Progress], Awaitable[object] | None]
"""Called at each stage and after each block; a coroutine is awaited."""
