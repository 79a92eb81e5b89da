"""A failure that the journal speaks of, as the exception it once was."""

from __future__ import annotations

from coredata_async.bulk.states import Reason
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


def exception_for(reason: Reason | None, message: str, size: int, blob: str | None) -> CoreDataError:
    """The exception with these words. Its class is right, as far as a reason can tell; details are gone."""
    match reason:
        case Reason.UNREADABLE:
            return SourceError(message, stage="source", total=size)
        case Reason.CHANGED:
            return SourceChangedError(message, stage="put", total=size)
        case Reason.STORAGE:
            return StorageError(message, stage="put", total=size)
        case Reason.MISMATCH:
            return ChecksumMismatchError(message, stage="put", expected="", actual="", total=size)
        case Reason.UNCERTAIN:
            request = Request("POST", PATH)
            return RegistrationUncertainError(message, request, blob_name=blob, total=size)
        case _:
            return CoreDataError(message)
