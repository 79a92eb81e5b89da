"""The durable record of one idempotency key: blob, state and owner, without URL and API key; and its store.

A store is a durable map from keys to records, with compare-and-set by revision.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Final, Protocol, Self

from attrs import frozen

from coredata_async.errors import ConfigurationError
from coredata_async.json_text import decode_json
from coredata_async.plain_data import PlainData
from coredata_async.records.outcomes import UnreadableRecordError
from coredata_async.transfer.steps import Stored
from coredata_async.wire.files import NewFile

FORMAT: Final = 1
"""Version of the data of a record."""
LONGEST_KEY: Final = 512
"""Maximum length of a key, in bytes of UTF-8: accepted by all record stores."""
KEPT_ORPHANS: Final = 20
"""Maximum number of abandoned blobs that a record names."""


def check_key(key: str) -> str:
    """Check that every record store accepts a key, and return it.

    Raises:
        ConfigurationError: If it is empty, too long, or not a text.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:  # a lone surrogate
        size = 0
    if not 0 < size <= LONGEST_KEY:
        raise ConfigurationError(f"key must be a string of 1 to {LONGEST_KEY} bytes, not {key!r:.80}")
    return key


class UploadState(StrEnum):
    """The durable state of an upload."""

    STORING = "storing"
    """No registration was sent. The bytes may be stored."""
    STORED = "stored"
    """The bytes are stored, and no registration is in flight."""
    REGISTERING = "registering"
    """The registration was sent, or is about to be: the File may exist."""
    CONFIRMED = "confirmed"
    """The File exists."""


@frozen(kw_only=True)
class UploadRecord:
    """The state of one upload."""

    key: str
    state: UploadState
    new: NewFile
    """The File to create."""
    epoch: int = 1
    """Number of owners so far, including this one."""
    owner: str = ""
    """Random name of the call that holds the lease; empty if no call does."""
    renewals: int = 0
    """Number of writes, so that no two are alike: an unchanged record has a dead owner."""
    stored: Stored | None = None
    """The blob, once its bytes are stored."""
    rounds: int = 0
    """Number of registrations sent."""
    waited: float = 0.0
    """Seconds for which owners have waited since the last registration was given up."""
    stored_at: float = 0.0
    """Time at which the bytes were stored, in seconds since 1970: decides when the blob is too old."""
    reserved: str | None = None
    """The latest reserved blob, until its bytes are stored."""
    orphans: tuple[str, ...] = ()
    """The latest blobs that were reserved and abandoned."""
    file_id: str | None = None
    verified: bool = False

    @property
    def is_done(self) -> bool:
        """Return whether the File exists."""
        return self.state is UploadState.CONFIRMED

    def to_dict(self) -> dict[str, object]:
        """Return the record as JSON-compatible data."""
        return {
            "format": FORMAT,
            "key": self.key,
            "state": self.state.value,
            "new": self.new.to_dict(),
            "epoch": self.epoch,
            "owner": self.owner,
            "renewals": self.renewals,
            "stored": self.stored.to_dict() if self.stored else None,
            "rounds": self.rounds,
            "waited": self.waited,
            "stored_at": self.stored_at,
            "reserved": self.reserved,
            "orphans": list(self.orphans),
            "file_id": self.file_id,
            "verified": self.verified,
        }

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read a record.

        Raises:
            UnreadableRecordError: If the data is not a record, or is of another version.
        """
        try:
            fields = PlainData.of(data, "an upload record")
            if fields.integer("format") == FORMAT:
                return cls._read(fields)
        except (ValueError, ConfigurationError) as exc:
            raise UnreadableRecordError(
                f"the upload record is damaged: {exc}; look for its File, then call forget(key)", damaged=True
            ) from None
        number = fields.integer("format")
        raise UnreadableRecordError(
            f"the upload record has format {number}, and this version reads format {FORMAT}: update "
            "coredata-async, or use another table or bucket",
            damaged=False,
        )

    @classmethod
    def _read(cls, fields: PlainData) -> Self:
        stored = fields.fields.get("stored")
        record = cls(
            key=fields.text("key"),
            state=UploadState(fields.text("state")),
            new=NewFile.from_dict(fields.fields.get("new")),
            epoch=fields.integer("epoch"),
            owner=fields.text("owner"),
            renewals=fields.integer("renewals"),
            stored=None if stored is None else Stored.from_dict(stored),
            rounds=fields.integer("rounds"),
            waited=fields.number("waited"),
            stored_at=fields.number("stored_at"),
            reserved=fields.optional_text("reserved"),
            orphans=fields.texts("orphans"),
            file_id=fields.optional_text("file_id"),
            verified=fields.flag("verified"),
        )
        if record.is_done and not record.file_id:
            raise ConfigurationError("it is confirmed, but has no File id")
        if record.state is not UploadState.STORING and record.stored is None:
            raise ConfigurationError(f"it is {record.state}, but has no blob")
        return record


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
