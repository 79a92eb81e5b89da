"""Exit codes: the one table that maps an error to the code of the command."""

from __future__ import annotations

from typing import Final

from coredata_async.errors import (
    APIConnectionError,
    AuthenticationError,
    ChecksumMismatchError,
    ConfigurationError,
    OutcomeUnknownError,
    SourceError,
    StorageError,
)

FAILED: Final = 1
USAGE: Final = 2
UNUSABLE: Final = 6
"""The same command will fail again until a person has fixed the cause."""
INTERRUPTED: Final = 130

_CODES: Final = (
    (ConfigurationError, USAGE),
    (AuthenticationError, UNUSABLE),
    (ChecksumMismatchError, 4),
    (SourceError, 3),
    (OutcomeUnknownError, 5),
    (APIConnectionError, UNUSABLE),
)
"""The first matching class counts."""


def exit_code(exc: BaseException) -> int:
    """Return the exit code for an error."""
    if isinstance(exc, StorageError) and isinstance(exc.__cause__, APIConnectionError):
        return UNUSABLE
    found = next((code for kind, code in _CODES if isinstance(exc, kind)), FAILED)
    return UNUSABLE if found == FAILED and _is_about_journal(exc) else found


def _is_about_journal(exc: BaseException) -> bool:
    from coredata_async.bulk.journal.errors import JournalError  # noqa: PLC0415  # it imports all of `bulk`

    return isinstance(exc, JournalError)
