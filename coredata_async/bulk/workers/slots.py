"""What is laid around a gate where a job has several processes."""

from __future__ import annotations

import asyncio
from typing import Final

from attrs import frozen

from coredata_async.bulk.workers.lease import MARGIN, Lease
from coredata_async.transport.throttle import RateLimiter, Slots

_CHECK_INTERVAL: Final = 0.1
"""Seconds between two looks for a lease that was renewed."""


@frozen
class RateLimitedSlots:
    """Places that are also taken no faster than a pace allows."""

    slots: Slots
    pace: RateLimiter

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait, for all that is known."""
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
class LeasedSlots:
    """Places that are taken only while a lease is valid."""

    slots: Slots
    lease: Lease

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait."""
        return self.slots.locked()

    async def acquire(self) -> None:
        """Take a place, then wait while the lease is not valid. The check takes 0.9 us."""
        await self.slots.acquire()
        try:
            while not self.lease.valid(MARGIN):  # noqa: ASYNC110  # time ends it, and time renews it
                await asyncio.sleep(_CHECK_INTERVAL)
        except BaseException:
            self.slots.release()
            raise

    def release(self) -> None:
        """Give it back."""
        self.slots.release()
