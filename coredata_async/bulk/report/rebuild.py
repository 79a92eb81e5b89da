"""A failure that the journal speaks of, as the exception it once was."""

from __future__ import annotations

from coredata_async.bulk.states import Why
from coredata_async.errors import (
    ChecksumMismatchError,
    CoreDataError,
    RegistrationUncertainError,
    SourceChangedError,
    SourceError,
    StorageError,
)
from coredata_async.message import Request
from coredata_async.wire.files import PATH


def failure(why: Why | None, words: str, size: int, blob: str | None) -> CoreDataError:
    """The exception with these words. Its class is right, as far as a reason can tell; details are gone."""
    match why:
        case Why.UNREADABLE:
            return SourceError(words, stage="source", total=size)
        case Why.CHANGED:
            return SourceChangedError(words, stage="put", total=size)
        case Why.STORAGE:
            return StorageError(words, stage="put", total=size)
        case Why.MISMATCH:
            return ChecksumMismatchError(words, stage="put", expected="", actual="", total=size)
        case Why.UNCERTAIN:
            request = Request("POST", PATH)
            return RegistrationUncertainError(words, request, blob_name=blob, total=size)
        case _:
            return CoreDataError(words)
