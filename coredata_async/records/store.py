"""The interface of record stores: a durable map from keys to records, with compare-and-set by revision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from attrs import frozen

from coredata_async.records.record import UploadRecord


@frozen
class Revision:
    """A record as read, with the number that an update must name."""

    record: UploadRecord
    number: int


class UploadRecords(Protocol):
    """A durable store of upload records.

    Every write must be durable and visible to every reader when the method returns. All methods raise
    `RecordStoreError` if the store cannot be reached; a write may then have been carried out.
    """

    async def get(self, key: str) -> Revision | None:
        """Return the record of a key, or None."""
        ...

    async def create(self, record: UploadRecord) -> int | None:
        """Add a record and return its revision, or None if the key has one."""
        ...

    async def update(self, record: UploadRecord, revision: int) -> int | None:
        """Replace a record and return its new revision, or None if the record is not at this revision."""
        ...

    async def delete(self, key: str, revision: int) -> bool:
        """Remove a record; return False if it is not at this revision."""
        ...

    def unfinished(self) -> AsyncIterator[Revision]:
        """Yield all records whose upload is not confirmed."""
        ...
