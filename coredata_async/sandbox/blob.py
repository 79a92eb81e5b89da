"""What the storage knows of a blob: what was declared for it, and what arrived."""

from pathlib import Path

from attrs import frozen


@frozen
class Reservation:
    """What `presigned-upload-url/` was told."""

    content_length: int
    content_type: str | None
    """None when none was declared: then the PUT must not send one either, for SigV2 signs it."""


@frozen
class Blob:
    """Stored bytes."""

    size: int
    md5: str
    content_type: str
    stored: float
    path: Path
