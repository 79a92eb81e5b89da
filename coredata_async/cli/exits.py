"""What every failure exits with."""

from __future__ import annotations

from typing import Final

from coredata_async.errors import (
    AuthenticationError,
    ChecksumMismatchError,
    ConfigurationError,
    OutcomeUnknownError,
    SourceError,
)

FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

_CODES: Final = (
    (ConfigurationError, USAGE),
    (AuthenticationError, 6),
    (ChecksumMismatchError, 4),
    (SourceError, 3),
    (OutcomeUnknownError, 5),
)


def exit_code(exc: Exception) -> int:
    """The exit code that says what kind of failure it was."""
    return next((code for kind, code in _CODES if isinstance(exc, kind)), FAILED)
