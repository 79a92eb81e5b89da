"""File worker: uploads one file by reserve, PUT and register; each step is in the journal before."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.claims import Work
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.remote.existing import Conflict, ConflictResolver, Replace, Skip, Upload
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.run.empty_files import EmptyFiles
from coredata_async.bulk.run.failures import FailureClass, classify
from coredata_async.bulk.run.resolver import Resolver
from coredata_async.bulk.states import Reason, State
from coredata_async.bulk.workers.supervisor import WorkerLostError
from coredata_async.errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    SourceChangedError,
    StorageError,
    URLExpiredError,
)
from coredata_async.operations import Operation
from coredata_async.storage.paths import Fingerprint
from coredata_async.transfer import uploads
from coredata_async.transfer.steps import Registered, Stored

_EARLY: Final = FailureClass(
    State.RETRY,
    Reason.UNCERTAIN,
    "a File of its name and size exists with other content; it waits until no request of an earlier job "
    "can be in flight",
)
"""Failure of a file whose folder seemed to have all pending files."""


@frozen
class FileWorker:
    """Uploads files one after another. Each file has one owner, so nothing is done twice."""

    run: RunContext
    resolver: Resolver
    conflicts: ConflictResolver
    empty_files: EmptyFiles
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def upload(self, work: Work) -> None:
        """Upload one file. Failures are recorded, never raised: one bad file must not stop the rest."""
        attempt = Attempt(self.run, work.item)
        try:
            with self.run.engine.observe("upload") as attempt.operation:
                attempt.operation.size = attempt.item.fingerprint.size
                await self._upload_with_retries(work, attempt)
        except WorkerLostError as exc:
            await self.run.delay(work.item, FailureClass(State.RETRY, Reason.INTERNAL, str(exc)))
        except AuthenticationError as exc:
            await self.run.delay(attempt.item, classify(exc))
            self.run.abort("authentication", str(exc))
        except Exception as exc:  # noqa: BLE001  # any failure concerns this file alone
            if attempt.answered is not None:
                reason = f"unexpected {type(exc).__name__} after its registration was sent"
                await self._look_up(work, attempt, attempt.answered, reason)
                return
            failure = classify(exc)
            if isinstance(exc, URLExpiredError):
                self.run.record_expired(exc)
            if failure.state == State.RETRY:
                await self.run.delay(attempt.item, failure)
            else:
                await self.run.fail(
                    attempt.item, failure.reason, failure.message, blob=attempt.blob, cause=failure.cause
                )

    async def _upload_with_retries(self, work: Work, attempt: Attempt) -> None:
        for retry in range(self.run.policy.on_change + 1):
            try:
                await self._once(work, attempt)
            except SourceChangedError:
                if retry == self.run.policy.on_change:
                    raise
                await self.sleep(2.0**retry)
            else:
                return

    async def _once(self, work: Work, attempt: Attempt) -> None:
        if attempt.item.unconfirmed and not work.absent:
            attempt.operation.outcome = "delayed"
            lost = self.run.mark_for_lookup(attempt.item)
            await self.resolver.take(evolve(work, item=lost, refused=True), self.resolver.clock())
            return
        now = self.run.stat(attempt.item)
        is_same = now == attempt.item.fingerprint
        stored = attempt.item.state == State.STORED and attempt.item.blob is not None
        kept = stored and is_same and items.is_blob_kept(attempt.item, self.run.policy.blob_life)
        if not kept and (not is_same or attempt.item.blob is not None):
            attempt.begin_again(now)
        decision = await self.conflicts.decide(attempt.item, work.namesakes) if work.namesakes else Upload()
        match decision:
            case Skip():
                attempt.operation.outcome = "skipped"
                attempt.abandon()
                await self.run.skip(attempt.item, decision)
            case Conflict(message, reason):
                attempt.operation.outcome = "failed"
                await self.run.fail(attempt.item, reason, message, blob=attempt.blob)
            case _ if not work.settled:
                attempt.operation.outcome = "delayed"
                await self.run.delay(attempt.item, _EARLY)
            case Replace(file_id, snapshot):
                await self._replace(attempt, file_id, snapshot)
            case Upload():
                await self._upload_new(work, attempt, kept=kept)

    async def _upload_new(self, work: Work, attempt: Attempt, *, kept: bool) -> None:
        if kept:
            await self._register(work, attempt, attempt.item.to_stored(attempt.content_type))
            return
        if attempt.item.fingerprint.size == 0 and self.empty_files.go_to_service:
            await self._create_empty(work, attempt, None)
            return
        refused: Exception
        try:
            stored = await self._store(attempt)
        except (APIStatusError, StorageError) as exc:
            if not self.empty_files.may_replace(attempt.item, exc):
                raise
            refused = exc
        else:
            await self._register(work, attempt, stored)
            return
        await self._create_empty(work, attempt, refused)

    async def _create_empty(self, work: Work, attempt: Attempt, refused: Exception | None) -> None:
        blob, attempt.blob = attempt.blob, None
        try:
            lost = await self.empty_files.create(work, attempt.item, blob, refused)
        except APIError:
            attempt.item = self.run.count_refusal(attempt.item)
            raise
        if lost is not None:
            attempt.operation.outcome = "unknown"
            work = evolve(work, item=lost, refused=False, absent=False)
            await self.resolver.take(work, self.resolver.clock())

    async def _store(self, attempt: Attempt) -> Stored:
        item = attempt.item
        stored = await self.run.sender.store(
            os.fsdecode(item.path),
            filename=item.filename,
            content_type=attempt.content_type,
            size=item.fingerprint.size,
            on_reserved=attempt.record_reservation,
        )
        self.run.record_stored()
        self.run.journal.note(items.mark_stored(item, stored))
        return stored

    async def _register(self, work: Work, attempt: Attempt, stored: Stored) -> None:
        new = items.new_file(attempt.item, work.parent, self.run.attributes)
        await self.run.journal.write(items.mark_registering(attempt.item))
        try:
            outcome = await self.run.sender.register(stored, new, again=attempt.item.unconfirmed > 0)
        except APIError:
            attempt.item = self.run.count_refusal(attempt.item)
            raise
        attempt.answered = stored
        if isinstance(outcome, Registered):
            await self.run.confirm(attempt.item, outcome)
        else:
            await self._look_up(work, attempt, stored, outcome.reason)

    async def _look_up(self, work: Work, attempt: Attempt, stored: Stored, reason: str) -> None:
        attempt.operation.outcome = "unknown"
        item = evolve(
            attempt.item,
            blob=stored.blob,
            md5=stored.md5,
            etag=bool(stored.etag),
            since=stored.since,
            sent=time.time(),  # otherwise its blob would count as too old when it is registered again
        )
        lost = await self.run.mark_unknown(item, reason)
        work = evolve(work, item=lost, refused=False, absent=False, successes=self.run.successes)
        await self.resolver.take(work, self.resolver.clock())

    async def _replace(self, attempt: Attempt, file_id: str, snapshot: str | None) -> None:
        item = attempt.item
        md5 = await self.run.sender.replace(
            os.fsdecode(item.path),
            filename=item.filename,
            content_type=attempt.content_type,
            size=item.fingerprint.size,
            file_id=file_id,
            snapshot=snapshot,
        )
        await self.run.record_replacement(item, file_id, md5)


class Attempt:
    """State of one upload attempt."""

    def __init__(self, run: RunContext, item: Item) -> None:
        self._run = run
        self.item = item
        self.blob = item.blob
        """Latest blob that was reserved for it."""
        self.answered: Stored | None = None
        """Stored bytes whose registration has been answered: from then on the file cannot fail."""
        self.content_type = uploads.mime_type_of(item.filename)
        self.operation = Operation("upload")
        """The latest attempt at it, as hooks see it."""

    def begin_again(self, now: Fingerprint) -> None:
        """Forget the earlier steps of the file."""
        self._run.journal.note(*items.mark_planned(evolve(self.item, blob=self.blob), now))
        self.item = evolve(self.item, fingerprint=now, blob=None, unconfirmed=0)
        self.blob = None

    def abandon(self) -> None:
        """Mark the stored blob of the file as an orphan."""
        if self.blob is not None:
            self._run.journal.note(items.mark_orphan(self.item, self.blob))

    def record_reservation(self, blob: str, since: datetime | None) -> None:
        """Record a reserved blob, before bytes are sent to it."""
        self._run.journal.note(*items.mark_putting(self.item, blob, since, instead_of=self.blob))
        self.blob = blob
