"""The interface of record stores: a durable map from keys to records, with compare-and-set by revision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from attrs import frozen

from coredata_async.json_text import decode_json
from coredata_async.records.errors import UnreadableRecordError
from coredata_async.records.record import UploadRecord


@frozen
class Revision:
    """A record as read, with the number that an update must name."""

    record: UploadRecord
    number: int


def read_revision(key: str, number: int, data: str | bytes) -> Revision:
    """Read a record as a store keeps it.

    Raises:
        UnreadableRecordError: If it is damaged, or a newer version of the library wrote it.
    """
    damaged = True
    try:
        record = UploadRecord.from_dict(decode_json(data))
    except UnreadableRecordError as exc:
        failure, damaged = str(exc), exc.damaged
    except ValueError:
        failure = "the upload record is damaged: it is not JSON; look for its File, then call forget(key)"
    else:
        if record.key == key:
            return Revision(record, number)
        failure = f"the upload record is damaged: it belongs to the key {record.key!r}"
    raise UnreadableRecordError(f"key {key!r}: {failure}", damaged=damaged, key=key, revision=number)


def try_read(key: str, number: int, data: str | bytes) -> Revision | UnreadableRecordError:
    """Read a record, or return the error, so that one unreadable record does not hide the others."""
    try:
        return read_revision(key, number, data)
    except UnreadableRecordError as exc:
        return exc


class UploadRecords(Protocol):
    """A durable store of upload records.

    Every write must be durable and visible to every reader when the method returns. All methods raise
    `RecordStoreError` if the store cannot be reached; a write may then have been carried out.
    """

    async def get(self, key: str) -> Revision | None:
        """Return the record of a key, or None.

        Raises:
            UnreadableRecordError: If the record cannot be read.
        """
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

    def list_unfinished(self) -> AsyncIterator[Revision | UnreadableRecordError]:
        """Yield all records whose upload is not confirmed, and an error for each one that cannot be read."""
        ...
