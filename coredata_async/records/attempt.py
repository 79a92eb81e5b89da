"""One attempt by one owner to complete a record: store, write the intent, register, probe.

The record is written before every request that must not be repeated blindly. If the owner dies at any point,
the next one knows whether a File may exist, and searches for its blob before it registers it again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import define, evolve, field

from coredata_async.errors import (
    APIError,
    OutcomeUnknownError,
    RegistrationUncertainError,
    SourceChangedError,
    TransferError,
)
from coredata_async.records.outcomes import OwnershipLostError, RecordOutcome
from coredata_async.records.ownership import OwnedRecord
from coredata_async.records.record import KEPT_ORPHANS, UploadRecord, UploadState
from coredata_async.services.steps import UploadSteps
from coredata_async.storage.sources import Source
from coredata_async.transfer.outcomes import Failed, OnProgress, Unknown, Uploaded
from coredata_async.transfer.steps import BLOB_LIFE, ROUNDS, Registered, Stored
from coredata_async.transfer.uploads import Upload

log = logging.getLogger("coredata_async.records")


@define(eq=False)
class Attempt:
    """One attempt. `finish` returns its outcome and releases the record."""

    steps: UploadSteps
    owned: OwnedRecord
    upload: Upload | None
    """The source and its options; None if only the record is available."""
    waited: float
    """Seconds since the latest registration was given up, if the record is REGISTERING."""
    patience: float | None
    """Maximum number of seconds to search for the File while it may still appear; None is unlimited."""
    progress: OnProgress | None = None
    digest: str | None = None
    """The MD5 of the content of the key, if it is known: other bytes are not registered."""
    wall_clock: Callable[[], float] = time.time
    _given_up_at: float = field(init=False)
    _absent: bool = field(default=False, init=False)
    """True if it was proved that no File of the blob exists."""
    _fresh: bool = field(default=False, init=False)
    """True if the bytes were stored in this attempt."""
    _sent: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._given_up_at = self.owned.clock() - self.waited

    @property
    def record(self) -> UploadRecord:
        """The record, as it was last written."""
        return self.owned.record

    async def finish(self) -> RecordOutcome:
        """Complete the record as far as possible.

        Raises:
            OwnershipLostError: If another call has taken the record. Nothing was sent after that.
        """
        outcome: RecordOutcome
        try:
            outcome = await self._finish()
        except OwnershipLostError:
            raise
        except OutcomeUnknownError as exc:
            outcome = Unknown(source=self._source, error=exc, key=self.record.key)
        except Exception as exc:  # noqa: BLE001  # any failure is an outcome: the caller decides
            outcome = Failed(source=self._source, error=exc, key=self.record.key)
        await self._release()
        return outcome

    async def _finish(self) -> Uploaded:
        while not self.record.is_done:
            match self.record.state:
                case UploadState.STORING:
                    await self._register(await self._store())
                case UploadState.STORED:
                    await self._resume()
                case _:
                    await self._settle()
        return outcome_of(self.record, self._source)

    async def _store(self) -> Stored:
        if self.upload is None:
            raise TransferError(
                f"{self.record.new.filename}: its bytes were not stored before the process that uploaded it "
                "ended; upload it again with the same key",
                stage="put",
            )
        stored = await self.steps.store(
            self.upload.source,
            filename=self.record.new.filename,
            content_type=self.upload.content_type,
            size=self.upload.size,
            progress=self.progress,
            on_reserved=self._note_reserved,
        )
        if self.digest is not None and stored.md5 != self.digest:
            raise SourceChangedError(
                f"{self.record.new.filename}: its bytes have the MD5 {stored.md5}, and the content of key "
                f"{self.record.key!r} has {self.digest}, so nothing was registered: the source has changed, "
                "it can be read only once, or digest= is wrong",
                stage="put",
                total=stored.plan.size,
            )
        self._fresh = True
        return stored

    async def _note_reserved(self, blob: str, since: datetime | None) -> None:
        """Record a blob without a separate write: the next renewal writes it."""
        del since
        record = evolve(self.record, reserved=blob, orphans=_with_orphan(self.record, self.record.reserved))
        self.owned.change(record)

    async def _register(self, stored: Stored) -> None:
        """Write the intent, then register the File once."""
        record = self.record
        stored_at = record.stored_at if record.stored == stored else self.wall_clock()
        intent = evolve(
            record,
            state=UploadState.REGISTERING,
            stored=stored,
            stored_at=stored_at,
            reserved=None,
            rounds=record.rounds + 1,
            waited=0.0,
        )
        await self.owned.write(intent)
        self._absent, self._sent = False, self._sent + 1
        try:
            outcome = await self.owned.send(
                lambda: self.steps.register(stored, record.new, again=intent.rounds > 1)
            )
        except APIError:
            await self.owned.write(evolve(self.record, state=UploadState.STORED))
            raise
        self._given_up_at = self.owned.clock()
        if isinstance(outcome, Registered):
            await self._confirm(outcome)

    async def _resume(self) -> None:
        """Continue with bytes that were stored before. No registration of their File is in flight."""
        stored = self._require_stored()
        if not self._absent:
            registered = await self.steps.settle(stored, self.record.new, in_flight=False)
            if registered is not None:
                await self._confirm(registered)
                return
            self._absent = True
        if self.upload is not None and not self._fresh and (self._sent or not self._is_kept()):
            await self._discard()  # the blob may have been deleted
            return
        if self._sent >= ROUNDS:
            raise TransferError(
                f"{self.record.new.filename}: its registration was not confirmed {self._sent} times, and "
                f"each time no File of blob {stored.blob} existed; upload it again with its key",
                stage="register",
                total=stored.plan.size,
            )
        await self._register(stored)

    async def _settle(self) -> None:
        """Search for the File after a registration with an unknown outcome."""
        stored, waited = self._require_stored(), self.owned.clock() - self._given_up_at
        registered: Registered | None = None
        timely = False
        try:
            async with asyncio.timeout(self._patience_after(waited)):
                registered = await self.steps.settle(stored, self.record.new, waited=waited)
                timely = True
        except TimeoutError:
            pass
        if not timely:
            raise self._still_open(stored)
        if registered is not None:
            await self._confirm(registered)
            return
        self._absent = True
        await self.owned.write(evolve(self.record, state=UploadState.STORED))

    def _patience_after(self, waited: float) -> float | None:
        """Return the maximum number of seconds of a search.

        The last one is unlimited. It takes about `probe_gap` seconds, so each of many calls would end it.
        """
        return None if waited >= self.steps.retry.settle else self.patience

    def _still_open(self, stored: Stored) -> RegistrationUncertainError:
        return RegistrationUncertainError(
            f"{self.record.new.filename}: it is still unknown whether the File was registered; a later call "
            "with the same key continues the search",
            stored.request(self.record.new),
            blob_name=stored.blob,
            total=stored.plan.size,
        )

    async def _confirm(self, registered: Registered) -> None:
        done = evolve(
            self.record,
            state=UploadState.CONFIRMED,
            owner="",
            stored=registered.stored,
            file_id=registered.file_id,
            verified=registered.stored.etag is not None,
            reserved=None,
        )
        try:
            await self.owned.write(done)
        except OwnershipLostError as exc:
            # The File exists, and the next owner of the record finds it by its blob.
            log.warning("File %s was created, and its record could not be written: %s", done.file_id, exc)
            self.owned.change(done)

    async def _discard(self) -> None:
        """Discard the stored bytes, so that the same bytes are stored again."""
        stored = self._require_stored()
        self.digest = stored.md5
        orphans = _with_orphan(self.record, stored.blob)
        await self.owned.write(
            evolve(self.record, state=UploadState.STORING, stored=None, rounds=0, orphans=orphans)
        )

    async def _release(self) -> None:
        """Release the record, so that the next call need not wait for the end of the lease."""
        record = self.record
        if record.is_done or not record.owner:
            return
        waited = self.owned.clock() - self._given_up_at
        released = evolve(
            record,
            owner="",
            waited=waited if record.state is UploadState.REGISTERING else 0.0,
            orphans=_with_orphan(record, record.reserved),
            reserved=None,
        )
        await self.owned.write(released)

    def _is_kept(self) -> bool:
        """Return whether the stored bytes can be expected to be kept."""
        return self.wall_clock() - self.record.stored_at < BLOB_LIFE

    def _require_stored(self) -> Stored:
        assert self.record.stored is not None  # noqa: S101  # `UploadRecord.from_dict` checks it
        return self.record.stored

    @property
    def _source(self) -> Source:
        return self.record.key if self.upload is None else self.upload.source


def _with_orphan(record: UploadRecord, blob: str | None) -> tuple[str, ...]:
    orphans: Sequence[str] = (*record.orphans, blob) if blob is not None else record.orphans
    return tuple(orphans[-KEPT_ORPHANS:])


def outcome_of(record: UploadRecord, source: Source) -> Uploaded:
    """Return the outcome of a confirmed record."""
    stored = record.stored
    return Uploaded(
        source=source,
        file_id=record.file_id or "",
        filename=record.new.filename,
        size=stored.plan.size if stored else 0,
        digest=stored.md5 if stored else "",
        blob_name=stored.blob if stored else None,
        verified=record.verified,
        key=record.key,
    )
