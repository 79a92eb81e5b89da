"""How much of an answer is held in memory; what is streamed is not limited."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

BODY: Final = 64 << 20
"""Maximum bytes of a body that is read whole, also after unpacking; a page of a listing has some hundred KB.
A longer one is an error."""
ERROR: Final = 1 << 20
"""Bytes that are read of the body of a redirect or an error. The rest is left out: its status says enough."""


def is_refusal(status: int) -> bool:
    """Tell whether the beginning of a body is enough."""
    return status >= HTTPStatus.MULTIPLE_CHOICES


def limit_of(status: int) -> int:
    """Return how many bytes of the body of an answer are read."""
    return ERROR if is_refusal(status) else BODY
