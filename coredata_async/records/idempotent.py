"""Uploads that are safe to repeat: the same key becomes one File, on any machine, at any time."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final

from attrs import evolve

from coredata_async.client import CoreData
from coredata_async.control_characters import escape_controls
from coredata_async.errors import ConfigurationError, SourceError
from coredata_async.operations import OperationOutcome
from coredata_async.records.attempt import Attempt, outcome_of
from coredata_async.records.errors import KeyReusedError, OwnershipLostError, RecordStoreError
from coredata_async.records.fence import NO_FENCE, process_fence, read_clock
from coredata_async.records.observations import Observations
from coredata_async.records.outcomes import Busy, RecordOutcome
from coredata_async.records.ownership import SHORTEST, OwnedRecord
from coredata_async.records.record import LONGEST_KEY, UploadRecord, UploadState
from coredata_async.records.store import Revision, UploadRecords
from coredata_async.storage.bodies import Streamed
from coredata_async.storage.sources import Source, prepare
from coredata_async.transfer.outcomes import Failed, OnProgress, Unknown, Uploaded
from coredata_async.transfer.uploads import Upload
from coredata_async.transfer.workers import map_concurrently

log = logging.getLogger("coredata_async.records")

RECOVERED_AT_ONCE: Final = 32
"""Maximum number of records that `recover` processes concurrently."""
_RACE_PAUSE: Final = 1.0
_OUTCOMES: Final[dict[type[Busy | Unknown | Failed], OperationOutcome]] = {
    Busy: "delayed",
    Unknown: "unknown",
    Failed: "failed",
}


class IdempotentUploads:
    """Uploads with idempotency keys: `await IdempotentUploads(client, records).upload(source, key=…, …)`.

    The first call with a key uploads; later calls return its outcome. Calls may run concurrently, on
    different machines, and may be killed at any point: each key becomes one File. To guarantee this, the
    intent is written to the record store before the File is registered, one call at a time holds a lease on
    the record, and the next owner searches for the File before it registers it again.

    On Linux, a process that is frozen (SIGSTOP, a paused container) for longer than its lease while it
    registers a File is killed by the kernel: see `records.fence`. Elsewhere such a process may create a
    duplicate; a warning is logged once.

    Cost: three durable writes to the store per upload, and one more per quarter of a lease.

    Args:
        client: The client. Its `Retry.settle` is the time for which a request can have an effect after it was
            given up.
        records: The record store, shared by all processes that may handle the same key.
        lease: Seconds after which a call that does not renew its record counts as dead; at least 5.
        fence: Let the kernel end this process if it is frozen for longer than its lease.
        clock: Clock of leases, in seconds; for tests.
        sleep: Waits for a number of seconds; for tests.

    Raises:
        ConfigurationError: If the lease is too short.
    """

    def __init__(
        self,
        client: CoreData,
        records: UploadRecords,
        lease: float = 30,
        *,
        fence: bool = True,
        clock: Callable[[], float] = read_clock,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if not lease >= SHORTEST:
            raise ConfigurationError(f"lease must be at least {SHORTEST:g} seconds, not {lease!r}")
        self._client = client
        self._records = records
        self._lease = float(lease)
        self._fence = fence
        self._clock = clock
        self._sleep = sleep
        self._observed = Observations(clock)

    async def upload(
        self,
        source: Source,
        *,
        parent: str,
        key: str,
        filename: str | None = None,
        title: str | None = None,
        content_type: str | None = None,
        size: int | None = None,
        dynatype: str | None = None,
        contacts: Sequence[str] = (),
        tags: Sequence[str] = (),
        digest: str | None = None,
        patience: float | None = None,
        progress: OnProgress | None = None,
    ) -> RecordOutcome:
        """Upload a source as one File, regardless of the number of calls with its key.

        Sends at most the three requests of `files.upload`, and none if the key is confirmed. If a
        registration was lost, in this call or in one that died, it searches for the File for up to
        `Retry.settle` + `Retry.probe_gap` seconds.

        Args:
            source: A path, bytes, a binary file, or an (async) iterable of bytes.
            parent: Id of a Project, Folder or Filespace.
            key: The idempotency key: up to 512 bytes, the same for every repetition. It should include the
                version of the content, as `bucket/name@etag`.
            filename: Defaults to the name of the path or file.
            title: Defaults to the file name without its extension.
            content_type: Defaults to the type of the extension.
            size: Number of bytes.
            dynatype: Name of a dynatype.
            contacts: Ids of contacts.
            tags: Tags without commas.
            digest: MD5 of the content in hexadecimal, if known. Otherwise a repeated call reads the source to
                compare it with the content of the key.
            patience: Maximum number of seconds to search for a File after an unknown outcome; then the result
                is `Unknown`, and a later call continues. By default unlimited.
            progress: Called at each stage and after each block.

        Returns:
            `Uploaded`: The File exists. `Busy`: Another call works on this key. `Unknown`: It is unknown
                whether the File exists; call again later. `Failed`: No File exists; if `Failed.permanent`,
                repeating the call is pointless, for instance because the key was used for other content.

        Raises:
            ConfigurationError: If an argument is invalid.
            RecordStoreError: If the record store cannot be reached, or the record is damaged.
        """
        wanted = Upload(
            source=source,
            parent=parent,
            filename=filename,
            title=title,
            content_type=content_type,
            size=size,
            dynatype=dynatype,
            contacts=contacts,
            tags=tags,
        )
        fresh = UploadRecord(key=_check_key(key), state=UploadState.STORING, new=wanted.new())
        with self._client.files.steps.observe("upload") as operation:
            outcome = await self._upload(wanted, fresh, digest, patience, progress)
            if isinstance(outcome, Uploaded):
                operation.size = outcome.size
            else:
                operation.outcome = _OUTCOMES[type(outcome)]
        return outcome

    async def _upload(
        self,
        wanted: Upload,
        fresh: UploadRecord,
        digest: str | None,
        patience: float | None,
        progress: OnProgress | None,
    ) -> RecordOutcome:
        # Most keys are new: to read the record first would cost one more round trip for each.
        taken = await self._create(fresh) or await self._take(fresh)
        if isinstance(taken, Busy):
            return taken
        if taken.record.new != fresh.new:
            return await self._refuse(taken, wanted, "another parent or name")
        try:
            if taken.record.stored is not None and await self._differs(taken, wanted, digest):
                return await self._refuse(taken, wanted, "other content")
            if not isinstance(taken, OwnedRecord):
                return outcome_of(taken.record, wanted.source)
            return await self._finish(taken, wanted, patience, progress)
        except OwnershipLostError as exc:
            log.info("%s: %s", escape_controls(fresh.key), exc)
            return Busy(key=fresh.key, retry_after=self._lease)

    async def recover(self) -> AsyncGenerator[RecordOutcome]:
        """Finish all uploads that dead processes left incomplete; yield the outcome of each record.

        Waits for one lease, so that records of live calls are left alone. Bytes that were not stored cannot
        be read again here: such a record is released and yields `Failed`, and the next `upload` with its key
        starts at once. `source` of the outcomes is the key.

        Memory: the keys of all unfinished records.

        Raises:
            RecordStoreError: If the record store cannot be reached.
        """
        unfinished = [each async for each in self._records.unfinished()]
        for each in unfinished:
            self._observed.note(each)
        if any(each.record.owner for each in unfinished):
            await self._sleep(self._lease)
        for start in range(0, len(unfinished), RECOVERED_AT_ONCE):
            batch = unfinished[start : start + RECOVERED_AT_ONCE]
            for outcome in await map_concurrently(batch, self._recover, len(batch)):
                if outcome is not None:
                    yield outcome

    async def forget(self, key: str) -> bool:
        """Delete the record of a key; a later upload with this key creates another File.

        Returns:
            True if a record existed.

        Raises:
            ConfigurationError: If a call works on the key, or its File may exist without being confirmed.
            RecordStoreError: If the record store cannot be reached.
        """
        current = await self._records.get(_check_key(key))
        if current is None:
            return False
        if current.record.owner and self._observed.note(current) < self._lease:
            raise ConfigurationError(
                f"{key}: a call works on this key, or one died less than {self._lease:g} s ago; try again "
                "later"
            )
        if current.record.state is UploadState.REGISTERING:
            raise ConfigurationError(f"{key}: its File may exist; call recover() first")
        if not await self._records.delete(key, current.number):
            raise ConfigurationError(f"{key}: a call has begun to work on this key; try again later")
        self._observed.forget(key)
        return True

    async def _take(self, fresh: UploadRecord) -> OwnedRecord | Revision | Busy:
        """Take the lease on a record; return a confirmed record unchanged."""
        current = await self._records.get(fresh.key)
        if current is None:
            return await self._create(fresh) or Busy(key=fresh.key, retry_after=_RACE_PAUSE)
        if current.record.is_done:
            self._observed.forget(fresh.key)
            return current
        unchanged = self._observed.note(current)
        if current.record.owner and unchanged < self._lease:
            return Busy(key=fresh.key, retry_after=max(_RACE_PAUSE, self._lease - unchanged))
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
        began = self._clock()
        number = await self._update(record, current.number)
        if number is None:
            return Busy(key=fresh.key, retry_after=_RACE_PAUSE)
        return self._own(Revision(record, number), began)

    async def _create(self, fresh: UploadRecord) -> OwnedRecord | None:
        """Create the record of a key and take the lease on it; return `None` if the key has a record."""
        record, began = evolve(fresh, owner=secrets.token_hex(8)), self._clock()
        number: int | None = None
        try:
            number = await self._records.create(record)
        except RecordStoreError as exc:
            log.warning(
                "%s: it is unknown whether its record was created: %s", escape_controls(record.key), exc
            )
            current = await self._records.get(record.key)
            if current is not None and current.record == record:
                number = current.number
        return None if number is None else self._own(Revision(record, number), began)

    async def _update(self, record: UploadRecord, revision: int) -> int | None:
        try:
            return await self._records.update(record, revision)
        except RecordStoreError as exc:
            log.warning(
                "%s: it is unknown whether its record was taken: %s", escape_controls(record.key), exc
            )
        current = await self._records.get(record.key)
        return current.number if current is not None and current.record == record else None

    def _own(self, revision: Revision, began: float) -> OwnedRecord:
        fence = process_fence() if self._fence else NO_FENCE
        return OwnedRecord(
            self._records, revision, self._lease, fence, until=began + self._lease, clock=self._clock
        )

    async def _finish(
        self,
        owned: OwnedRecord,
        wanted: Upload | None,
        patience: float | None,
        progress: OnProgress | None = None,
    ) -> RecordOutcome:
        steps = self._client.files.steps
        attempt = Attempt(steps, owned, wanted, owned.record.waited, patience, progress)
        outcome = await owned.run(attempt.finish)
        if isinstance(outcome, Unknown | Failed):
            self._observed.note(owned.revision)
        else:
            self._observed.forget(owned.record.key)
        return outcome

    async def _recover(self, found: Revision) -> RecordOutcome | None:
        taken = await self._take(found.record)
        if isinstance(taken, Busy):
            return None
        if not isinstance(taken, OwnedRecord):
            return outcome_of(taken.record, taken.record.key)
        try:
            return await self._finish(taken, None, None)
        except OwnershipLostError as exc:
            log.info("%s: %s", escape_controls(found.record.key), exc)
            return None

    async def _differs(self, taken: OwnedRecord | Revision, wanted: Upload, digest: str | None) -> bool:
        """Return whether a source differs from the bytes that were stored for its key."""
        stored = taken.record.stored
        assert stored is not None  # noqa: S101  # the caller has checked it
        if digest is not None:
            return digest.lower() != stored.md5
        try:
            if isinstance(taken, OwnedRecord):
                return await taken.run(lambda: _measure(wanted)) != (stored.plan.size, stored.md5)
            return await _measure(wanted) != (stored.plan.size, stored.md5)
        except SourceError as exc:
            log.info(
                "%s: the source cannot be read again to compare it: %s",
                escape_controls(taken.record.key),
                exc,
            )
            return False

    async def _refuse(self, taken: OwnedRecord | Revision, wanted: Upload, difference: str) -> Failed:
        """Release the record unchanged, and return the error of a key that was used for something else."""
        record = taken.record
        if isinstance(taken, OwnedRecord):
            await taken.write(evolve(record, owner=""))
        file = f" (File {record.file_id})" if record.file_id else ""
        error = KeyReusedError(
            f"key {record.key!r} was used before for {difference}{file}; include the version of the "
            "content in "
            "the key, or call forget(key)"
        )
        return Failed(source=wanted.source, error=error, key=record.key)


async def _measure(wanted: Upload) -> tuple[int, str]:
    """Read a source to its end; return its length and MD5."""
    async with prepare(wanted.source, wanted.size) as source:
        if isinstance(source.body, Streamed):
            async with aclosing(source.body.chunks()) as chunks:
                async for _ in chunks:
                    pass
        return source.size, source.digest


def _check_key(key: str) -> str:
    if not key or len(key.encode("utf-8", "surrogatepass")) > LONGEST_KEY:
        raise ConfigurationError(f"key must be a text of 1 to {LONGEST_KEY} bytes, not {key!r:.80}")
    return key
