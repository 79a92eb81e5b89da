"""The states of a file in a job, and the reasons for which one ends elsewhere than in DONE."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


class State(IntEnum):
    """Where a file is on its way. The numbers are in journals: none may ever change its meaning.

    PLANNED -> PUTTING -> STORED -> REGISTERING -> CONFIRMED -> DONE, and aside: SKIPPED, RETRY, FAILED,
    UNKNOWN, UNRESOLVED.
    """

    PLANNED = 0
    """Selected; nothing has been sent that matters."""
    PUTTING = 1
    """A blob is reserved, and its bytes may be on their way."""
    STORED = 2
    """The storage has the bytes; no File speaks of them, for certain."""
    REGISTERING = 3
    """On disk before the request leaves. Found at the start of a run, it means UNKNOWN."""
    CONFIRMED = 4
    """The service gave an id; no listing has shown it yet."""
    DONE = 5
    """A listing showed the File, with our blob or our digest and size, under the right parent."""
    SKIPPED = 6
    """Not to be uploaded; `Reason` says for what reason."""
    RETRY = 7
    """Failed for a passing reason; the second pass takes it up."""
    FAILED = 8
    """Not uploaded, and trying again in this run would not help."""
    UNKNOWN = 9
    """Whether the File was registered is not known yet: the resolver looks for it."""
    UNRESOLVED = 10
    """Looking for it did not settle it. Nothing was guessed."""


class FolderState(IntEnum):
    """Where a remote folder is on its way. The numbers are in journals, too."""

    WANTED = 0
    """Not looked for yet."""
    CREATING = 1
    """On disk before the request leaves. Found at the start of a run, it may or may not be there."""
    READY = 2
    """Its id is known."""


FINAL: Final = frozenset({State.DONE, State.SKIPPED, State.FAILED, State.UNRESOLVED})
"""How every file of a finished job ends."""


class Reason(StrEnum):
    """Why a file is skipped, failed or unresolved."""

    LINK = "link"
    """A symbolic link, and links are not followed; or one that leads nowhere or in a circle."""
    SPECIAL = "special"
    """A pipe, socket or device."""
    EXISTS = "exists"
    """The server has a File of this name in this place."""
    SAME = "same"
    """The server has a File of this name, size and digest in this place."""
    UNREADABLE = "unreadable"
    """It, or the directory it is in, cannot be read, or has vanished."""
    CHANGED = "changed"
    """It changed while it was read, each time."""
    NAME = "name"
    """Its name cannot be a File's, and `names` says to fail."""
    COLLISION = "collision"
    """Two local names would become one."""
    REFUSED = "refused"
    """The service said no."""
    STORAGE = "storage"
    """The storage said no."""
    NETWORK = "network"
    """The far end could not be reached, or broke off, to the last repeat."""
    MISMATCH = "mismatch"
    """The far end holds other bytes than were sent."""
    UNCERTAIN = "uncertain"
    """Neither its presence nor its absence on the server could be proven."""
    FOLDER = "folder"
    """The folder it belongs in could not be made."""
    INTERNAL = "internal"
    """An error of this library: please report it."""
