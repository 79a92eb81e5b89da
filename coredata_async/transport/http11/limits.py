"""Maximum sizes of response bodies held in memory. Streamed bodies are not limited."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

BODY: Final = 64 << 20
"""Maximum bytes of a body that is read whole, also after decompression. A page of a listing has some hundred
KB. A longer body is an error.
"""
ERROR: Final = 1 << 20
"""Maximum bytes read of the body of a redirect or an error. The rest is dropped, because the status is
sufficient.
"""


def is_refusal(status: int) -> bool:
    """Return whether the beginning of a body is sufficient."""
    return status >= HTTPStatus.MULTIPLE_CHOICES


def limit_of(status: int) -> int:
    """Return the maximum number of bytes read of a response body."""
    return ERROR if is_refusal(status) else BODY
