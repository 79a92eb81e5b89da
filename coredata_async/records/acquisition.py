"""Leases on the records of keys: creating a record, or taking it over from a call that died.

A call is dead if its record stays unchanged for the length of a lease while this process observes it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Final

from attrs import define, evolve, field

from coredata_async.escapes import escape_controls
from coredata_async.fence import NO_FENCE, process_fence, read_clock
from coredata_async.records.outcomes import Busy, RecordStoreError
from coredata_async.records.ownership import OwnedRecord
from coredata_async.records.record import Revision, UploadRecord, UploadRecords, UploadState

log = logging.getLogger("coredata_async.records")

_RACE_PAUSE: Final = 1.0
"""Seconds after which a call may try again that lost a race for a record."""
CAPACITY: Final = 10_000
"""Maximum number of keys that are remembered; the oldest is forgotten first."""


@define(eq=False)
class Acquisition:
    """The means to get the lease on a record."""

    records: UploadRecords
    lease: float
    """Length of a lease, in seconds."""
    fenced: bool
    clock: Callable[[], float]
    observed: Observations = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.observed = Observations(self.clock)

    async def create_or_take(self, fresh: UploadRecord) -> OwnedRecord | Revision | Busy:
        """Create the record of a key, or take the one that exists; see `take`."""
        # Most keys are new: to read the record first would cost one more round trip for each.
        return await self._create(fresh) or await self.take(fresh)

    async def take(self, fresh: UploadRecord) -> OwnedRecord | Revision | Busy:
        """Take the lease on a record; return a confirmed record unchanged.

        Raises:
            RecordStoreError: If the store cannot be reached, or the record cannot be read.
        """
        current = await self.records.get(fresh.key)
        if current is None:
            owned = await self._create(fresh, final=True)
            return owned or Busy(key=fresh.key, retry_after=_RACE_PAUSE)
        if current.record.is_done:
            self.observed.forget(fresh.key)
            return current
        unchanged = self.observed.note(current)
        if current.record.owner and unchanged < self.lease:
            return Busy(key=fresh.key, retry_after=max(_RACE_PAUSE, self.lease - unchanged))
        waited = current.record.waited
        if not current.record.owner and current.record.state is UploadState.REGISTERING:
            waited += unchanged
        record = evolve(
            current.record,
            owner=secrets.token_hex(8),
            epoch=current.record.epoch + 1,
            renewals=current.record.renewals + 1,
            waited=waited,
        )
        began = self.clock()
        number = await self._update(record, current.number)
        if number is None:
            return Busy(key=fresh.key, retry_after=_RACE_PAUSE)
        return self._own(Revision(record, number), began)

    def is_in_use(self, current: Revision) -> bool:
        """Check if a call works on a record, or died less than a lease ago."""
        return bool(current.record.owner) and self.observed.note(current) < self.lease

    async def _create(self, fresh: UploadRecord, *, final: bool = False) -> OwnedRecord | None:
        """Create the record of a key and take the lease on it; return `None` if the key has a record.

        If the store fails, and the key has no record, the result is `None`, too, unless this is `final`.

        Raises:
            RecordStoreError: If the store cannot be reached, or does not write.
        """
        record, began = evolve(fresh, owner=secrets.token_hex(8)), self.clock()
        number: int | None = None
        try:
            number = await self.records.create(record)
        except RecordStoreError as exc:
            log.warning(
                "%s: it is unknown whether its record was created: %s", escape_controls(record.key), exc
            )
            current = await self.records.get(record.key)
            if current is None and final:
                raise
            if current is not None and current.record == record:
                number = current.number
        return None if number is None else self._own(Revision(record, number), began)

    async def _update(self, record: UploadRecord, revision: int) -> int | None:
        try:
            return await self.records.update(record, revision)
        except RecordStoreError as exc:
            log.warning(
                "%s: it is unknown whether its record was taken: %s", escape_controls(record.key), exc
            )
            current = await self.records.get(record.key)
            if current is not None and current.number == revision:  # the store reads, and does not write
                raise
        return current.number if current is not None and current.record == record else None

    def _own(self, revision: Revision, began: float) -> OwnedRecord:
        fence = process_fence() if self.fenced else NO_FENCE
        return OwnedRecord(
            self.records, revision, self.lease, fence, until=began + self.lease, clock=self.clock
        )


@define(eq=False)
class Observations:
    """The last revision seen of each key, and the time at which it was first seen."""

    clock: Callable[[], float] = read_clock
    _seen: dict[str, tuple[int, float]] = field(factory=dict[str, tuple[int, float]], init=False)

    def note(self, found: Revision) -> float:
        """Record a revision; return the seconds for which it is known to be unchanged."""
        key, now = found.record.key, self.clock()
        number, since = self._seen.get(key, (None, now))
        if number == found.number:
            return now - since
        self._seen.pop(key, None)
        if len(self._seen) >= CAPACITY:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = (found.number, now)
        return 0.0

    def forget(self, key: str) -> None:
        """Forget a key whose upload has ended."""
        self._seen.pop(key, None)
