"""What a job tells while it runs: typed events."""

from __future__ import annotations

from attrs import frozen

from coredata_async.bulk.states import Reason


@frozen(kw_only=True)
class Started:
    """The journal is open."""

    journal: str
    resumed: bool
    """Whether an earlier run left something in it."""


@frozen(kw_only=True)
class Scanned:
    """The scan is complete."""

    files: int
    bytes: int
    excluded: int


@frozen(kw_only=True)
class FileDone:
    """A file is stored, registered, and seen in a listing."""

    path: str
    file_id: str
    size: int
    earlier: bool = False
    """True if an earlier run of the job finished it: repeated at the end of a run, for the id."""


@frozen(kw_only=True)
class FileSkipped:
    """A file was not to be uploaded."""

    path: str
    reason: Reason
    message: str = ""
    file_id: str | None = None
    """Id of the File that the server has under this name, if there is one."""
    earlier: bool = False
    """As for `FileDone`."""


@frozen(kw_only=True)
class FileFailed:
    """A file was not uploaded."""

    path: str
    reason: Reason
    message: str


@frozen(kw_only=True)
class FileDelayed:
    """A file failed for a passing reason; the second pass takes it up, or the resolver looks for it."""

    path: str
    reason: Reason
    message: str


@frozen(kw_only=True)
class FileUnresolved:
    """Of this file nobody can say whether it was registered."""

    path: str
    message: str


@frozen(kw_only=True)
class FolderCreated:
    """A remote folder was created."""

    path: str
    folder_id: str


@frozen(kw_only=True)
class Waiting:
    """Some folders wait until no request of a job that this journal does not know can be in flight."""

    seconds: float
    """How long at most; `Progress.wait_left` says how much is left."""
    message: str
    """Why, and what to do about it."""


@frozen(kw_only=True)
class Warned:
    """Something that a person should know."""

    message: str


@frozen(kw_only=True)
class Progress:
    """How far the job is. Told a few times per second at most; what nobody takes is dropped."""

    planned: int
    """Files known so far."""
    planned_bytes: int
    scanned: bool
    """Whether all are known."""
    done: int
    done_bytes: int
    """Of all runs together."""
    skipped: int
    failed: int
    unresolved: int
    delayed: int
    """Waiting for the second pass, or for the resolver."""
    in_flight: int
    sent: int
    """Bytes that have gone in this run, repeats included."""
    seconds: float
    """Since this run began."""
    files_per_second: float
    """Recently."""
    bytes_per_second: float
    """Recently."""
    eta: float | None
    """Seconds; `None` as long as nothing can be said."""
    api_width: int
    """Requests the API's gate lets through at once."""
    storage_width: int
    """PUTs the storage's gate lets through at once."""
    retries: int
    throttled: int
    """Answers 429 or 503 so far."""
    paused: str | None
    """Why nothing goes at the moment."""
    wait_left: float = 0.0
    """Seconds for which some folders still wait, so that no File is made twice; 0 if none waits."""
    wait_reason: str = ""
    """Why they wait."""


Event = (
    Started
    | Scanned
    | FileDone
    | FileSkipped
    | FileFailed
    | FileDelayed
    | FileUnresolved
    | FolderCreated
    | Waiting
    | Warned
    | Progress
)
