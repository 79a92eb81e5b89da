"""States of a file in a job, and the reasons for other final states than DONE."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


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
