"""Uploads that are safe to repeat: the same key becomes one File, on any machine, at any time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final

from coredata_async.client import CoreData
from coredata_async.errors import ConfigurationError
from coredata_async.escapes import escape_controls
from coredata_async.fence import read_clock
from coredata_async.ids import Id
from coredata_async.operations import OperationOutcome
from coredata_async.records.acquisition import Acquisition
from coredata_async.records.attempt import Attempt, outcome_of
from coredata_async.records.comparison import differs, refuse
from coredata_async.records.outcomes import Busy, OwnershipLostError, RecordOutcome, UnreadableRecordError
from coredata_async.records.ownership import SHORTEST, OwnedRecord
from coredata_async.records.record import Revision, UploadRecord, UploadRecords, UploadState, check_key
from coredata_async.storage.sources import Source
from coredata_async.transfer.outcomes import Failed, OnProgress, Unknown, Uploaded
from coredata_async.transfer.uploads import Upload
from coredata_async.transfer.workers import map_concurrently

log = logging.getLogger("coredata_async.records")

RECOVERED_AT_ONCE: Final = 32
"""Maximum number of records that `recover` processes concurrently."""
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
    registers a File is killed by the kernel: see `fence`. Elsewhere such a process may create a
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
        self._sleep = sleep
        self._acquisition = Acquisition(records, self._lease, fenced=fence, clock=clock)
        self._observed = self._acquisition.observed
        self._reported: set[str] = set()

    async def upload(
        self,
        source: Source,
        *,
        parent: Id,
        key: str,
        filename: str | None = None,
        title: str | None = None,
        content_type: str | None = None,
        size: int | None = None,
        dynatype: str | None = None,
        contacts: Sequence[Id] = (),
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
            contacts: Ids of contacts, or the contacts themselves.
            tags: Tags without commas.
            digest: MD5 of the content in hexadecimal, if known. Other bytes are not registered. Without it, a
                repeated call reads the source to compare it with the content of the key.
            patience: Maximum number of seconds to search for a File whose registration may be in flight; then
                the result is `Unknown`, and a later call continues. By default unlimited. The last search,
                `Retry.settle` seconds after the registration, takes about `probe_gap` seconds in any case.
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
        fresh = UploadRecord(key=check_key(key), state=UploadState.STORING, new=wanted.new())
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
        taken = await self._acquisition.create_or_take(fresh)
        if isinstance(taken, Busy):
            return taken
        try:
            if taken.record.new != fresh.new:
                return await refuse(taken, wanted, "another parent or name")
            if await differs(taken, wanted, digest):
                return await refuse(taken, wanted, "other content")
            if not isinstance(taken, OwnedRecord):
                return outcome_of(taken.record, wanted.source)
            return await self._finish(taken, wanted, patience, progress, digest)
        except OwnershipLostError as exc:
            log.info("%s: %s", escape_controls(fresh.key), exc)
            return Busy(key=fresh.key, retry_after=self._lease)

    async def recover(self) -> AsyncGenerator[RecordOutcome]:
        """Finish all uploads that dead processes left incomplete; yield the outcome of each record.

        Waits for one lease, so that records of live calls are left alone. Bytes that were not stored cannot
        be read again here: such a record is released and yields `Failed`, and the next `upload` with its key
        starts at once. `source` of the outcomes is the key.

        A record that cannot be read yields `Failed` with an `UnreadableRecordError`, and the others are
        finished. It is logged as a warning once, and later calls skip it.

        Memory: all unfinished records.

        Raises:
            RecordStoreError: If the record store cannot be reached.
        """
        unfinished: list[Revision] = []
        async for each in self._records.list_unfinished():
            if isinstance(each, Revision):
                unfinished.append(each)
                self._observed.note(each)
            elif (key := each.key or "") not in self._reported:
                self._reported.add(key)
                log.warning("a record is skipped: %s", each)
                yield Failed(source=key, error=each, key=key)
        if any(each.record.owner for each in unfinished):
            await self._sleep(self._lease)
        for start in range(0, len(unfinished), RECOVERED_AT_ONCE):
            batch = unfinished[start : start + RECOVERED_AT_ONCE]
            for outcome in await map_concurrently(batch, self._recover, len(batch)):
                if outcome is not None:
                    yield outcome

    async def forget(self, key: str) -> bool:
        """Delete the record of a key, also one that is damaged; a later upload creates another File.

        Returns:
            True if a record existed.

        Raises:
            ConfigurationError: If a call works on the key, or its File may exist without being confirmed.
            RecordStoreError: If the record store cannot be reached, or a newer version of the library wrote
                the record.
        """
        try:
            current = await self._records.get(check_key(key))
        except UnreadableRecordError as exc:
            if not exc.damaged or exc.revision is None:
                raise
            return await self._forget(key, exc.revision)
        if current is None:
            return False
        if self._acquisition.is_in_use(current):
            raise ConfigurationError(
                f"{key}: a call works on this key, or one died less than {self._lease:g} s ago; try again "
                "later"
            )
        if current.record.state is UploadState.REGISTERING:
            raise ConfigurationError(f"{key}: its File may exist; call recover() first")
        return await self._forget(key, current.number)

    async def _forget(self, key: str, revision: int) -> bool:
        if not await self._records.delete(key, revision):
            raise ConfigurationError(f"{key}: a call has begun to work on this key; try again later")
        self._observed.forget(key)
        self._reported.discard(key)
        return True

    async def _finish(
        self,
        owned: OwnedRecord,
        wanted: Upload | None,
        patience: float | None,
        progress: OnProgress | None = None,
        digest: str | None = None,
    ) -> RecordOutcome:
        steps, known = self._client.files.steps, digest and digest.lower()
        attempt = Attempt(steps, owned, wanted, owned.record.waited, patience, progress, known)
        outcome = await owned.run(attempt.finish)
        if isinstance(outcome, Unknown | Failed):
            self._observed.note(owned.revision)
        else:
            self._observed.forget(owned.record.key)
        return outcome

    async def _recover(self, found: Revision) -> RecordOutcome | None:
        try:
            taken = await self._acquisition.take(found.record)
        except UnreadableRecordError:  # damaged since it was listed
            return None
        if isinstance(taken, Busy):
            return None
        if not isinstance(taken, OwnedRecord):
            return outcome_of(taken.record, taken.record.key)
        try:
            return await self._finish(taken, None, None)
        except OwnershipLostError as exc:
            log.info("%s: %s", escape_controls(found.record.key), exc)
            return None
