"""Leases on records: the owner is the only writer, and loses the record if it cannot renew the lease.

No clocks of two machines are compared. An owner counts its lease from before it sent the latest write. A
taker waits until it has seen the same revision for a whole lease, and adds one to the epoch. So the latest
request of the old owner was sent before the new one begins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

from attrs import define, evolve, field

from coredata_async.fence import Fence, read_clock
from coredata_async.records.outcomes import OwnershipLostError, RecordStoreError
from coredata_async.records.record import Revision, UploadRecord, UploadRecords

log = logging.getLogger("coredata_async.records")

T = TypeVar("T")

SHORTEST: Final = 5.0
"""Minimum length of a lease, in seconds."""
MARGIN: Final = 2.0
"""Seconds of a lease that must be left for a request to begin or to continue."""
RENEWALS: Final = 4
"""Number of renewals during one lease."""
RETRY_GAP: Final = 0.5
"""Seconds before a write to an unreachable store is repeated."""


@define(eq=False)
class OwnedRecord:
    """A record on which this call holds the lease."""

    records: UploadRecords
    revision: Revision
    length: float
    """Length of the lease, in seconds."""
    fence: Fence
    until: float
    """End of the lease, by `read_clock`."""
    clock: Callable[[], float] = read_clock
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _turn: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _extend: Callable[[float], None] | None = field(default=None, init=False)

    @property
    def record(self) -> UploadRecord:
        """The record, as it was last written."""
        return self.revision.record

    def change(self, record: UploadRecord) -> None:
        """Change the record without a separate write: the next write or renewal includes it."""
        self.revision = Revision(record, self.revision.number)

    async def write(self, record: UploadRecord) -> None:
        """Replace the record, which also renews the lease.

        Repeats the write while the store cannot be reached.

        Raises:
            OwnershipLostError: If another call has the record, or the lease ends before the store answers.
        """
        async with self._turn:
            await self._write(record)

    async def renew(self) -> None:
        """Renew the lease until it is lost.

        Raises:
            OwnershipLostError: If it is lost.
        """
        while True:
            await self.sleep(self.length / RENEWALS)
            async with self._turn:
                await self._write(self.record)

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run work while the lease is renewed; cancel the work if the lease is lost.

        Raises:
            OwnershipLostError: If it was lost before the work ended.
        """
        result: T | None = None
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(self.renew())
                try:
                    result = await work()
                except Exception as exc:  # noqa: BLE001  # raised below, without the group around it
                    failure = exc
                renewing.cancel()
        except* OwnershipLostError as lost:
            failure = lost.exceptions[0]
        if failure is not None:
            raise failure
        return cast("T", result)

    async def send(self, request: Callable[[], Awaitable[T]]) -> T:
        """Send a request that must not be sent by two owners, under the fence.

        Raises:
            OwnershipLostError: If too little of the lease is left.
        """
        with self.fence.guard(self.until) as extend:
            self._extend = extend
            try:
                if self.until - self.clock() < MARGIN:
                    raise OwnershipLostError("the lease has ended")
                return await request()
            finally:
                self._extend = None

    async def _write(self, record: UploadRecord) -> None:
        record = evolve(record, renewals=self.record.renewals + 1)
        while True:
            began = self.clock()
            try:
                async with asyncio.timeout(max(0.0, self.until - MARGIN - began)):
                    number = await self._put(record)
            except TimeoutError:
                raise OwnershipLostError("the lease ended before the record store answered") from None
            except RecordStoreError as exc:
                log.warning("an upload record cannot be written; trying again: %s", exc)
                if self.until - MARGIN - self.clock() < RETRY_GAP:
                    raise OwnershipLostError("the lease ended while the store could not be reached") from None
                await self.sleep(RETRY_GAP)
                continue
            self.revision = Revision(record, number)
            self.until = began + self.length
            if self._extend is not None:
                self._extend(self.until)
            return

    async def _put(self, record: UploadRecord) -> int:
        """Write the record at its revision, or at the revision of our own write whose response was lost."""
        number = await self.records.update(record, self.revision.number)
        if number is not None:
            return number
        current = await self.records.get(record.key)
        if current is None or (current.record.owner, current.record.epoch) != (record.owner, record.epoch):
            raise OwnershipLostError("another call has taken the upload record")
        if current.record == record:
            return current.number
        self.revision = current
        number = await self.records.update(record, current.number)
        if number is None:
            raise OwnershipLostError("the upload record changes while it is written")
        return number
