"""What kind of file a name says it is."""

import mimetypes

# An instance of its own knows Python's table only: the machine's /etc/mime.types would make answers differ.
_TYPES = mimetypes.MimeTypes()


def mime_type(filename: str) -> str:
    """Return the MIME type of a file name."""
    return _TYPES.guess_type(filename)[0] or "application/octet-stream"
