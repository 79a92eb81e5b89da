"""Outcome of a run: how it ended, with the exit code and the exceptions for it, and counts that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal, TypeVar

import attrs
from attrs import frozen

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

A = TypeVar("A", bound=attrs.AttrsInstance)

Ended = Literal[
    "complete",
    "drained",
    "stopped",
    "time",
    "lease",
    "circuit",
    "clock",
    "authentication",
    "conflict",
    "error",
]
"""Reason for the end of a run: everything was completed; it was asked to drain, or to stop at once;
`max_duration` passed; its lease ended; a host did not work for too long; signed URLs had expired on arrival;
the key was refused; another job for the same files was found; different files were refused for the same
reason, or this library failed."""

EXIT_CODES_BY_SEVERITY: Final = (6, 130, 5, 4, 1, 3, 10)
"""Exit codes, the most severe first.

6 comes first, because the same command cannot do better. 130 is next: commands after it in a script must not
run, and no count is final. Then come problems that a person must check on the server (5, 4), before failures
of files (1). 3 means that only sources caused problems, and 10 that nothing did: the same command continues.
"""

ENDINGS: Final[Mapping[Ended, int]] = {
    "complete": 0,
    "drained": 130,
    "stopped": 130,
    "time": 10,
    "lease": 10,
    "circuit": 6,
    "clock": 6,
    "authentication": 6,
    "conflict": 5,
    "error": 1,
}
"""Exit code of each ending."""
REASONS: Final = {Reason.UNREADABLE: 3, Reason.CHANGED: 3, Reason.MISMATCH: 4, Reason.UNCERTAIN: 5}
"""Exit codes of failed files by their reason; 1 for all others."""
GRAVITY: Final[Mapping[Ended, int]] = {
    ended: -EXIT_CODES_BY_SEVERITY.index(code) if code else -len(EXIT_CODES_BY_SEVERITY)
    for ended, code in ENDINGS.items()
}


@frozen(kw_only=True)
class Counts:
    """Files, or bytes, by final state. They add up unless a file was lost track of."""

    planned: int = 0
    """All selected files."""
    done: int = 0
    """Files that the server showed in a listing."""
    skipped: int = 0
    failed: int = 0
    unresolved: int = 0
    pending: int = 0
    """Files that the next run uploads."""

    @property
    def add_up(self) -> bool:
        """True if every planned file is in exactly one of the other counts."""
        return self.planned == self.done + self.skipped + self.failed + self.unresolved + self.pending

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both."""
        return _add_fields(self, other)


@frozen(kw_only=True)
class Api:
    """Counters of the requests to the service and its storage."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    """Number of responses 429 and 503."""

    def __add__(self, other: Api) -> Api:
        """Return the counters of both."""
        return _add_fields(self, other)


def _add_fields(one: A, other: A) -> A:
    names = (each.name for each in attrs.fields(type(one)))
    return type(one)(**{name: getattr(one, name) + getattr(other, name) for name in names})


def add_reasons(one: Mapping[Reason, int], other: Mapping[Reason, int]) -> dict[Reason, int]:
    """Return the sums by reason, the most frequent first."""
    return dict((Counter(one) + Counter(other)).most_common())


def exception_for(reason: Reason | None, message: str, size: int, blob: str | None) -> CoreDataError:
    """Return an exception with this message. Its class follows from the reason; details are not known."""
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
