"""Classification of a failed upload, from the error alone."""

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
    """Consequence of an error for its file."""

    state: State
    """RETRY if another attempt may help, otherwise FAILED."""
    reason: Reason
    message: str
    cause: str = ""
    """Cause without names and numbers: two files may fail for the same one."""


def classify(exc: Exception) -> FailureClass:
    """Classify an error that was raised before a registration can have taken place."""
    state, reason = _state_and_reason(exc)
    return FailureClass(state, reason, str(exc) or type(exc).__name__, cause_of(exc))


def cause_of(exc: Exception) -> str:
    """Return the common part of equal refusals: class, status, code and text, without names and numbers."""
    if not isinstance(exc, CoreDataError):
        return ""  # an error of this machine, not a refusal
    status, code, text = "", "", ""
    if isinstance(exc, APIStatusError):
        status, code, text = str(exc.status), exc.code or "", exc.message
    elif isinstance(exc, StorageError):
        status, code = str(exc.status), exc.storage_code or ""
    return " ".join((type(exc).__name__, status, code, _VARIABLE.sub("", text))).rstrip()


_VARIABLE: Final = re.compile(r"""(["'`]).*?\1|[0-9a-fA-F-]{8,}|\d+""")
"""Quoted names, ids and numbers in a message of the service."""


def _state_and_reason(exc: Exception) -> tuple[State, Reason]:
    match exc:
        case StorageError():
            return _classify_storage(exc), Reason.STORAGE
        case APIError():
            return _classify_status(exc)
        case _:
            return next((result for kind, result in _BY_CLASS if isinstance(exc, kind)), _INTERNAL)


_INTERNAL: Final = (State.FAILED, Reason.INTERNAL)
_BY_CLASS: Final = (
    (SourceChangedError, (State.RETRY, Reason.CHANGED)),
    (SourceError, (State.FAILED, Reason.UNREADABLE)),
    (ChecksumMismatchError, (State.RETRY, Reason.MISMATCH)),
    (ConfigurationError, (State.FAILED, Reason.REFUSED)),
    (OSError, (State.FAILED, Reason.UNREADABLE)),
)
"""Classification by class; the first match decides."""


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
