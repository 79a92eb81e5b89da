"""What becomes of an upload, and how far it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import field, frozen

from coredata_async.errors import OutcomeUnknownError, Stage
from coredata_async.storage.sources import Source, label


@frozen(kw_only=True)
class Uploaded:
    """A source that is a File now."""

    source: Source = field(repr=label, eq=False)
    file_id: str
    filename: str
    size: int
    """Bytes."""
    digest: str
    """MD5 of the bytes that were sent, in hexadecimal."""
    blob_name: str | None
    """Where the bytes are in the storage; `None` if they went through the API."""
    verified: bool
    """Whether the far end confirmed the digest: by the storage's ETag, or the File's own digest."""


@frozen(kw_only=True)
class Failed:
    """A source that is no File, and why. Nothing was registered.

    But for one case: a `ChecksumMismatchError` of stage `register` names a File with wrong content.
    """

    source: Source = field(repr=label, eq=False)
    error: Exception


@frozen(kw_only=True)
class Unknown:
    """A source of which nobody can say whether it is a File: look before uploading it again."""

    source: Source = field(repr=label, eq=False)
    error: OutcomeUnknownError


Outcome = Uploaded | Failed | Unknown


@frozen(kw_only=True)
class Replaced:
    """A File with new content."""

    file_id: str
    snapshot_id: str
    """Of the new version: what the next `replace` takes as its lock."""
    digest: str
    """MD5 of the new content, in hexadecimal."""
    size: int
    verified: bool
    """Whether the server confirmed the digest."""


@frozen(kw_only=True)
class Progress:
    """How far an upload is."""

    name: str
    stage: Stage
    """`reserve`, `put` or `register`."""
    sent: int
    """Bytes that have gone in this attempt: it falls back to 0 when they must be sent again."""
    total: int


OnProgress = Callable[[Progress], Awaitable[object] | None]
"""Called at each stage and after each block; a coroutine is awaited."""
