"""Typed events of a running job, and the queue that carries them; a slow listener slows the job down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from coredata_async.bulk.plain import from_plain, to_plain
from coredata_async.bulk.states import Reason
from coredata_async.errors import ConfigurationError

CAPACITY: Final = 256
"""Maximum number of unread events; further ones wait."""


@frozen(kw_only=True)
class Started:
    """Event: the journal is open."""

    journal: str
    resumed: bool
    """True if an earlier run left items in it."""


@frozen(kw_only=True)
class Scanned:
    """Event: the scan is complete."""

    files: int
    bytes: int
    excluded: int


@frozen(kw_only=True)
class FileDone:
    """Event: a file is stored, registered, and seen in a listing."""

    path: str
    file_id: str
    size: int
    earlier: bool = False
    """True if an earlier run of the job finished it: repeated at the end of a run because of the id."""


@frozen(kw_only=True)
class FileSkipped:
    """Event: a file is not uploaded, according to the policy or because the server has it."""

    path: str
    reason: Reason
    message: str = ""
    file_id: str | None = None
    """Id of the File that the server has under this name, if it has one."""
    earlier: bool = False
    """True if an earlier run decided it, as for `FileDone`."""


@frozen(kw_only=True)
class FileFailed:
    """Event: a file could not be uploaded."""

    path: str
    reason: Reason
    message: str


@frozen(kw_only=True)
class FileDelayed:
    """Event: a file failed transiently; the retry pass claims it, or the resolver looks it up."""

    path: str
    reason: Reason
    message: str


@frozen(kw_only=True)
class FileUnresolved:
    """Event: it cannot be determined whether a file was registered."""

    path: str
    message: str


@frozen(kw_only=True)
class FolderCreated:
    """Event: a remote folder was created."""

    path: str
    folder_id: str


@frozen(kw_only=True)
class Waiting:
    """Event: some folders wait until no request of an unknown job can be in flight."""

    seconds: float
    """Maximum duration of the wait; `Progress.wait_left` is the rest."""
    message: str
    """Reason for the wait, and the option that skips it."""


@frozen(kw_only=True)
class Warned:
    """Event: a warning for a person."""

    message: str


@frozen(kw_only=True)
class Progress:
    """Progress of the job, published a few times per second at most; unread ones are dropped."""

    planned: int
    """Number of files known so far."""
    planned_bytes: int
    scanned: bool
    """True if all files are known."""
    done: int
    done_bytes: int
    """Bytes of all runs together."""
    skipped: int
    failed: int
    unresolved: int
    delayed: int
    """Number of files that wait for the retry pass or the resolver."""
    in_flight: int
    sent: int
    """Bytes sent in this run, including retries."""
    seconds: float
    """Seconds since this run began."""
    files_per_second: float
    """Recent rate."""
    bytes_per_second: float
    """Recent rate."""
    eta: float | None
    """Estimated seconds until the end; `None` while unknown."""
    api_width: int
    """Maximum number of requests in flight to the API."""
    storage_width: int
    """Maximum number of PUTs in flight."""
    retries: int
    throttled: int
    """Number of responses 429 or 503 so far."""
    paused: str | None
    """Reason why no request begins now; `None` if requests begin."""
    wait_left: float = 0.0
    """Seconds for which some folders still wait, so that no File is duplicated; 0 if none waits."""
    wait_reason: str = ""
    """Reason for the wait."""


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

_KINDS: Final[Mapping[str, type[Event]]] = {
    kind.__name__: kind
    for kind in (
        Started,
        Scanned,
        FileDone,
        FileSkipped,
        FileFailed,
        FileDelayed,
        FileUnresolved,
        FolderCreated,
        Waiting,
        Warned,
        Progress,
    )
}


def to_dict(event: Event) -> dict[str, object]:
    """Return an event as plain values for JSON; `event` is the name of its class."""
    return {"event": type(event).__name__, **to_plain(event)}


def from_dict(data: Mapping[str, object]) -> Event:
    """Read an event that `to_dict` has written.

    Raises:
        ConfigurationError: If it is not an event of this version.
    """
    fields = dict(data)
    kind = _KINDS.get(str(fields.pop("event", "")))
    if kind is None:
        raise ConfigurationError(f"{data.get('event')!r} is not an event of a job")
    return from_plain(kind, fields)


class EventStream:
    """Queue of events. Only progress events may be dropped, because the next one replaces them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(CAPACITY)
        self.has_listener = True
        """False if the job has no listener: no event needs to be made for it."""

    async def publish(self, event: Event) -> None:
        """Publish an event; waits while the listener is far behind."""
        if self.has_listener:
            await self._queue.put(event)

    def publish_progress(self, progress: Progress) -> None:
        """Publish the progress, if the queue has room."""
        if self.has_listener and self._queue.qsize() < CAPACITY // 2:
            self._queue.put_nowait(progress)

    async def end(self) -> None:
        """Publish the end of the events."""
        if self.has_listener:
            await self._queue.put(None)

    def detach(self) -> None:
        """Remove the listener: all waiting publishers continue."""
        self.has_listener = False
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def next(self) -> Event | None:
        """Return the next event, or `None` at the end, to every task that waits."""
        event = await self._queue.get()
        if event is None:
            self._queue.put_nowait(None)
        return event
