"""States and reasons of files; ends of runs, with their exit codes and exceptions; and counts that add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Final, Literal, TypeVar

import attrs
from attrs import frozen

from coredata_async.errors import (
    ChecksumMismatchError,
    ConfigurationError,
    CoreDataError,
    RegistrationUncertainError,
    SourceChangedError,
    SourceError,
    StorageError,
)
from coredata_async.message import Request
from coredata_async.wire.files import PATH


class State(IntEnum):
    """Progress of a file. The numbers are stored in journals: their meaning must never change.

    PLANNED -> PUTTING -> STORED -> REGISTERING -> CONFIRMED -> DONE, and aside: SKIPPED, RETRY, FAILED,
    UNKNOWN, UNRESOLVED.
    """

    PLANNED = 0
    """Selected; no request has been sent that matters."""
    PUTTING = 1
    """A blob is reserved, and its bytes may have been sent."""
    STORED = 2
    """The storage has the bytes, and certainly no File references them."""
    REGISTERING = 3
    """On disk before the request is sent. At the start of a run it means UNKNOWN."""
    CONFIRMED = 4
    """The service returned an id; no listing has shown the File yet."""
    DONE = 5
    """A listing showed the File, with its blob or its digest and size, under the right parent."""
    SKIPPED = 6
    """Not uploaded on purpose; `Reason` is the cause."""
    RETRY = 7
    """Failed transiently; the retry pass claims it."""
    FAILED = 8
    """Not uploaded, and another attempt in this run would not help."""
    UNKNOWN = 9
    """It is unknown whether the File was registered: the resolver looks it up."""
    UNRESOLVED = 10
    """The lookups did not decide it. Nothing was guessed."""


class FolderState(IntEnum):
    """Progress of a remote folder. The numbers are stored in journals, too."""

    WANTED = 0
    """Not looked up yet."""
    CREATING = 1
    """On disk before the request is sent. At the start of a run the folder may or may not exist."""
    READY = 2
    """Its id is known."""


FINAL: Final = frozenset({State.DONE, State.SKIPPED, State.FAILED, State.UNRESOLVED})
"""Final states of the files of a finished job."""


class Reason(StrEnum):
    """Cause of a skipped, failed or unresolved file."""

    LINK = "link"
    """A symbolic link that is not followed, dangling or circular."""
    SPECIAL = "special"
    """A pipe, socket or device."""
    EXISTS = "exists"
    """The server has a File of this name in this folder."""
    SAME = "same"
    """The server has a File of this name, size and digest in this folder."""
    UNREADABLE = "unreadable"
    """The file, or its directory, cannot be read or has vanished."""
    CHANGED = "changed"
    """The file changed during each attempt to read it."""
    NAME = "name"
    """The name is not allowed, and `names` is `fail`."""
    COLLISION = "collision"
    """Two local names would become equal."""
    REFUSED = "refused"
    """The service refused it."""
    STORAGE = "storage"
    """The storage refused it."""
    NETWORK = "network"
    """The host could not be reached, or the connection broke, also in the last retry."""
    MISMATCH = "mismatch"
    """The server has different bytes than were sent."""
    UNCERTAIN = "uncertain"
    """It could not be proven whether the File exists on the server."""
    FOLDER = "folder"
    """The folder for the file could not be created."""
    INTERNAL = "internal"
    """A fault of this library: please report it."""


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
    "input",
    "error",
]
"""Reason for the end of a run: everything was completed; it was asked to drain, or to stop at once;
`max_duration` passed; its lease ended; a host did not work for too long; signed URLs had expired on arrival;
the key was refused; another job for the same files was found; the parent or a source does not exist (on many
machines, where no worker can know this before the job begins); different files were refused for the same
reason, or this library failed."""

EXIT_CODES_BY_SEVERITY: Final = (6, 130, 5, 4, 2, 1, 3, 10)
"""Exit codes, the most severe first.

6 comes first, because the same command cannot do better. 130 is next: commands after it in a script must not
run, and no count is final. Then come problems that a person must check on the server (5, 4), before a wrong
parent or source (2) and failures of files (1). 3 means that only sources caused problems, and 10 that nothing
did: the same command continues.
"""

EXIT_CODE_OF_END: Final[Mapping[Ended, int]] = {
    "complete": 0,
    "drained": 130,
    "stopped": 130,
    "time": 10,
    "lease": 10,
    "circuit": 6,
    "clock": 6,
    "authentication": 6,
    "conflict": 5,
    "input": 2,
    "error": 1,
}
"""Exit code of each ending."""
EXIT_CODE_OF_REASON: Final = {
    Reason.UNREADABLE: 3,
    Reason.CHANGED: 3,
    Reason.MISMATCH: 4,
    Reason.UNCERTAIN: 5,
}
"""Exit codes of failed files by their reason; 1 for all others."""
GRAVITY: Final[Mapping[Ended, int]] = {
    ended: -EXIT_CODES_BY_SEVERITY.index(code) if code else -len(EXIT_CODES_BY_SEVERITY)
    for ended, code in EXIT_CODE_OF_END.items()
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


class JobInputError(ConfigurationError):
    """A parent or a PATH that does not exist, or is of the wrong kind: correct it, and begin another job."""


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
