"""What is laid around a gate where a job has several processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from attrs import frozen

from coredata_async.transport.throttle import Pace, Slots


@frozen
class Paced:
    """Places that are also taken no faster than a pace allows."""

    slots: Slots
    pace: Pace

    def locked(self) -> bool:
        """Whether `acquire` would have to wait, for all that is known."""
        return self.slots.locked()

    async def acquire(self) -> None:
        """Take a place when its time has come."""
        if (wait := self.pace.wait()) > 0:
            await asyncio.sleep(wait)
        await self.slots.acquire()

    def release(self) -> None:
        """Give it back."""
        self.slots.release()


@frozen
class Owned:
    """Places that are taken only while the parent lives.

    A process that was stopped, or hung, may go on long after its parent was killed. By then a resumed job may
    have proven that a File is not there: to register it now would make it twice.
    """

    slots: Slots
    parent: int
    """Its process id."""
    end: Callable[[int], object] = os._exit

    def locked(self) -> bool:
        """Whether `acquire` would have to wait."""
        return self.slots.locked()

    async def acquire(self) -> None:
        """Take a place, and look once more: from here the request goes out. It takes 0.1 us."""
        await self.slots.acquire()
        if os.getppid() != self.parent:
            self.end(0)

    def release(self) -> None:
        """Give it back."""
        self.slots.release()
