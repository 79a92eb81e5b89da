"""Blobs of the storage: the declared values, and the received bytes."""

from pathlib import Path

from attrs import frozen


@frozen
class Reservation:
    """Values declared to `presigned-upload-url/`."""

    content_length: int
    content_type: str | None
    """None if none was declared: then the PUT must not send one either, because SigV2 signs it."""


@frozen
class Blob:
    """Stored bytes."""

    size: int
    md5: str
    content_type: str
    stored: float
    path: Path
