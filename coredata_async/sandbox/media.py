"""MIME types of file names."""

import mimetypes

# A separate instance contains Python's table only: the machine's /etc/mime.types would change the responses.
_TYPES = mimetypes.MimeTypes()


def mime_type(filename: str) -> str:
    """Return the MIME type of a file name."""
    return _TYPES.guess_type(filename)[0] or "application/octet-stream"
