"""Wait until requests of a process outside this journal can no longer be in flight, and its record."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, get_args

from attrs import define, field, frozen

from coredata_async.bulk.journal.schema import Sender
from coredata_async.config import Retry

FIRST_CHECK: Final = 5.0
"""Seconds to wait if nothing suggests an earlier job; most registrations take less."""

REASONS: Final[Mapping[Sender, str]] = {
    "lost": "this journal is new, and an earlier job for the same files may have sent registrations that "
    "the server is still carrying out; if there was none, --assume-alone (Policy.assume_alone) skips this",
    "damaged": "the journal was damaged, and the server may still be carrying out requests recorded in it",
    "owner": "another machine had these files before, and the server may still be carrying out its requests",
    "other": "another job for the same files was found at work, and the server may still be carrying out "
    "its requests; if it ended long ago, --assume-alone (Policy.assume_alone) skips this",
}


@frozen
class Sent:
    """The last moment at which another process may have sent requests, according to the journal."""

    until: float | None = None
    """Seconds since the epoch; `None` if such a process does not exist."""
    by: Sender = "lost"


@define(eq=False)
class SettleWait:
    """Wait for the settle time after the moment in the journal; the next run continues an interrupted wait.

    Within a run it uses a monotonic clock. If the wall clock was set back between two runs, the wait begins
    again, and is never longer.
    """

    retry: Retry
    sent: Sent
    announce: Callable[[float, str], Awaitable[None]]
    """Called with the seconds and the reason when the first folder begins to wait."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    interrupted: bool = field(default=False, init=False)
    """True if the run ended while a folder waited."""
    _origin: float = field(init=False)
    """Moment of the other process's last request, by `clock`."""
    _was_open: bool = field(init=False)
    _waiting: int = field(default=0, init=False)
    _since: float = field(default=0.0, init=False)
    _waited: float = field(default=0.0, init=False)
    _announced: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        until = self.sent.until
        self._origin = self.clock() - (0.0 if until is None else max(0.0, self.wall() - until))
        self._was_open = self.remaining() > 0

    @property
    def origin(self) -> float:
        """Moment of the other process's last request, by `clock`."""
        return self._origin

    @property
    def reason(self) -> str:
        """Reason for the wait."""
        return REASONS[self.sent.by]

    @property
    def is_certain(self) -> bool:
        """True if another process certainly existed; False if it is only possible."""
        return self.sent.until is not None and self.sent.by != "lost"

    @property
    def is_waited_for(self) -> bool:
        """True if a folder waits now."""
        return self._waiting > 0

    @property
    def waited(self) -> float:
        """Seconds of this run during which a folder waited."""
        return self._waited + (self.clock() - self._since if self._waiting else 0.0)

    @property
    def is_open(self) -> bool:
        """True if a request of another process could be in flight when this run began."""
        return self._was_open

    def remaining(self, *, full: bool = True) -> float:
        """Return the remaining seconds.

        Args:
            full: Count until even a slow registration has ended; otherwise until the first check.
        """
        if self.sent.until is None:
            return 0.0
        whole = self.retry.settle + self.retry.probe_gap
        whole = whole if full else min(whole, FIRST_CHECK)
        return max(0.0, self._origin + whole - self.clock())

    async def over(self, *, full: bool = True) -> bool:
        """Wait until the time has passed; return whether a wait was necessary."""
        if not self.remaining(full=full):
            return False
        if not self._waiting:
            self._since = self.clock()
        self._waiting += 1
        try:
            if not self._announced:
                self._announced = True
                await self.announce(self.remaining(full=full), self.reason)
            while left := self.remaining(full=full):
                await self.sleep(left)
        except BaseException:
            self.interrupted = True
            raise
        finally:
            self._end()
        return True

    def _end(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._waited += self.clock() - self._since


_SENDERS: Final = get_args(Sender)


def read_sent(db: sqlite3.Connection) -> Sent:
    """Read the last moment at which another process may have sent requests."""
    until, by = db.execute("SELECT sent_until, sent_by FROM job").fetchone()
    return Sent(until, by if by in _SENDERS else "other")


def is_copy(db: sqlite3.Connection) -> bool:
    """Return whether the journal is a copy of another machine's, which may have written and sent more."""
    return (
        db.execute("SELECT 1 FROM job WHERE sent_by = 'owner' AND sent_until IS NULL").fetchone() is not None
    )


def suspect(db: sqlite3.Connection, sent_until: float, by: Sender) -> None:
    """Record that another process has sent requests until a moment, perhaps into any folder."""
    db.execute("UPDATE job SET sent_until = max(coalesce(sent_until, 0), ?), sent_by = ?", (sent_until, by))
    db.execute("UPDATE folder SET made = 0")


def waive(db: sqlite3.Connection) -> None:
    """Record that no other process has sent requests."""
    db.execute("UPDATE job SET sent_until = NULL")


def read_wait(db: sqlite3.Connection, *, assume_alone: bool, damaged: bool) -> Sent:
    """Read the last moment at which another process may have sent requests, and record what a run knows.

    Args:
        db: The journal's connection.
        assume_alone: True if no other process has sent requests.
        damaged: True if this journal replaces a damaged one.
    """
    if assume_alone:
        waive(db)
    elif damaged:
        suspect(db, time.time(), "damaged")
    return read_sent(db)
