"""The wait until nothing can be in flight any more that a process sent of which the journal knows nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from attrs import define, field, frozen

from coredata_async.bulk.journal.schema import Sender
from coredata_async.config import Retry

FIRST_CHECK: Final = 5.0
"""Seconds to wait where nothing at all suggests an earlier job; most registrations take less."""

REASONS: Final[Mapping[Sender, str]] = {
    "lost": "this journal is new, and an earlier job for the same files may have sent registrations that "
    "the server is still carrying out; if there was none, --assume-alone (Policy.assume_alone) skips this",
    "damaged": "the journal was damaged, and what it knew of may still be carried out by the server",
    "other": "another job for the same files was found at work, and the server may still be carrying out "
    "its requests; if it ended long ago, --assume-alone (Policy.assume_alone) skips this",
}


@frozen
class Sent:
    """The last moment at which another process can have sent requests, as the journal has it."""

    until: float | None = None
    """Seconds since the epoch; `None` if there is no such process."""
    by: Sender = "lost"


@define(eq=False)
class SettleWait:
    """Counts from what the journal says, so an interrupted wait goes on in the next run where it ended.

    Within a run a clock counts that is never set. A wall clock that was set back between two runs makes the
    wait begin again, and never longer.
    """

    retry: Retry
    sent: Sent
    announce: Callable[[float, str], Awaitable[None]]
    """Told of the seconds and the reason when the first folder begins to wait."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    interrupted: bool = field(default=False, init=False)
    """Whether the run ended while something waited."""
    _origin: float = field(init=False)
    """When the other process sent last, by `clock`."""
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
    def reason(self) -> str:
        """Return why something waits."""
        return REASONS[self.sent.by]

    @property
    def is_certain(self) -> bool:
        """Return whether it is known that there was another process, and not only possible."""
        return self.sent.until is not None and self.sent.by != "lost"

    @property
    def is_waited_for(self) -> bool:
        """Return whether anything waits at the moment."""
        return self._waiting > 0

    @property
    def waited(self) -> float:
        """Seconds of this run in which something waited."""
        return self._waited + (self.clock() - self._since if self._waiting else 0.0)

    @property
    def is_open(self) -> bool:
        """Return whether something of another process could be in flight when this run began."""
        return self._was_open

    def remaining(self, *, full: bool = True) -> float:
        """Return the seconds that are left.

        Args:
            full: Until even a slow registration is over; else until the first look.
        """
        if self.sent.until is None:
            return 0.0
        whole = self.retry.settle + self.retry.probe_gap
        whole = whole if full else min(whole, FIRST_CHECK)
        return max(0.0, self._origin + whole - self.clock())

    async def over(self, *, full: bool = True) -> bool:
        """Wait until it is over; return whether there was anything to wait for."""
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
