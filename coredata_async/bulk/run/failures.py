"""What becomes of a file that could not be uploaded: decided from the error alone."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from coredata_async.bulk.states import Reason, State
from coredata_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    ChecksumMismatchError,
    ConfigurationError,
    ConflictError,
    CoreDataError,
    OutcomeUnknownError,
    SourceChangedError,
    SourceError,
    StorageError,
    UnexpectedResponseError,
)
from coredata_async.response_table import is_transient


@frozen
class FailureClass:
    """How a file goes on."""

    state: State
    """RETRY, if another attempt may help, or FAILED."""
    reason: Reason
    message: str
    cause: str = ""
    """The cause without names and numbers: two files may fail for the same one."""


def classify(exc: Exception) -> FailureClass:
    """Judge an error that was raised before a registration could have happened."""
    state, why = _state_and_reason(exc)
    return FailureClass(state, why, str(exc) or type(exc).__name__, cause_of(exc))


def cause_of(exc: Exception) -> str:
    """Give what makes two refusals the same: class, status, code and words, without names and numbers."""
    if not isinstance(exc, CoreDataError):
        return ""  # of this machine: nobody refused
    status, code, words = "", "", ""
    if isinstance(exc, APIStatusError):
        status, code, words = str(exc.status), exc.code or "", exc.message
    elif isinstance(exc, StorageError):
        status, code = str(exc.status), exc.storage_code or ""
    return " ".join((type(exc).__name__, status, code, _VARIABLE.sub("", words))).rstrip()


_VARIABLE: Final = re.compile(r"""(["'`]).*?\1|[0-9a-fA-F-]{8,}|\d+""")
"""Quoted names, ids and numbers in the words of a service."""


def _state_and_reason(exc: Exception) -> tuple[State, Reason]:
    match exc:
        case StorageError():
            return _classify_storage(exc), Reason.STORAGE
        case APIError():
            return _classify_status(exc)
        case _:
            return next((judgement for kind, judgement in _ALONE if isinstance(exc, kind)), _OURS)


_OURS: Final = (State.FAILED, Reason.INTERNAL)
_ALONE: Final = (
    (SourceChangedError, (State.RETRY, Reason.CHANGED)),
    (SourceError, (State.FAILED, Reason.UNREADABLE)),
    (ChecksumMismatchError, (State.RETRY, Reason.MISMATCH)),
    (ConfigurationError, (State.FAILED, Reason.REFUSED)),
    (OSError, (State.FAILED, Reason.UNREADABLE)),
)
"""What the class alone decides; the first that fits counts."""


def _classify_storage(exc: StorageError) -> State:
    return State.RETRY if exc.transient or exc.status is None else State.FAILED


def _classify_status(exc: APIError) -> tuple[State, Reason]:
    match exc:
        case APIConnectionError():
            return State.RETRY, Reason.NETWORK
        case OutcomeUnknownError():
            return State.RETRY, Reason.UNCERTAIN
        case AuthenticationError() | ConflictError() | UnexpectedResponseError():
            return State.RETRY, Reason.REFUSED  # a later pass, or a person, may change the reason
        case APIStatusError() if is_transient(exc.status):
            return State.RETRY, Reason.REFUSED
        case _:
            return State.FAILED, Reason.REFUSED
