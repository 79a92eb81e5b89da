"""What becomes of a file that could not be uploaded: decided from the error alone."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from coredata_async.bulk.states import State, Why
from coredata_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    ChecksumMismatchError,
    ConfigurationError,
    ConflictError,
    OutcomeUnknownError,
    SourceChangedError,
    SourceError,
    StorageError,
    UnexpectedResponseError,
)
from coredata_async.response_table import is_transient


@frozen
class Judgement:
    """How a file goes on."""

    state: State
    """RETRY, if another attempt may help, or FAILED."""
    why: Why
    words: str


def judged(exc: Exception) -> Judgement:
    """Judge an error that was raised before a registration could have happened."""
    state, why = _state_and_reason(exc)
    return Judgement(state, why, str(exc) or type(exc).__name__)


def _state_and_reason(exc: Exception) -> tuple[State, Why]:
    match exc:
        case StorageError():
            return _stored(exc), Why.STORAGE
        case APIError():
            return _asked(exc)
        case _:
            return next((judgement for kind, judgement in _ALONE if isinstance(exc, kind)), _OURS)


_OURS: Final = (State.FAILED, Why.INTERNAL)
_ALONE: Final = (
    (SourceChangedError, (State.RETRY, Why.CHANGED)),
    (SourceError, (State.FAILED, Why.UNREADABLE)),
    (ChecksumMismatchError, (State.RETRY, Why.MISMATCH)),
    (ConfigurationError, (State.FAILED, Why.REFUSED)),
    (OSError, (State.FAILED, Why.UNREADABLE)),
)
"""What the class alone decides; the first that fits counts."""


def _stored(exc: StorageError) -> State:
    return State.RETRY if exc.transient or exc.status is None else State.FAILED


def _asked(exc: APIError) -> tuple[State, Why]:
    match exc:
        case APIConnectionError():
            return State.RETRY, Why.NETWORK
        case OutcomeUnknownError():
            return State.RETRY, Why.UNCERTAIN
        case AuthenticationError() | ConflictError() | UnexpectedResponseError():
            return State.RETRY, Why.REFUSED  # a later pass, or a person, may change the reason
        case APIStatusError() if is_transient(exc.status):
            return State.RETRY, Why.REFUSED
        case _:
            return State.FAILED, Why.REFUSED
