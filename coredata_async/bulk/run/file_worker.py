"""One lane: takes one file through reserve, PUT, register; what it is about to do is in the journal first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.work import Work
from coredata_async.bulk.remote.existing import Conflict, ConflictResolver, Replace, Skip, Upload
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.run.empty_files import EmptyFiles
from coredata_async.bulk.run.failures import FailureClass, classify
from coredata_async.bulk.run.resolver import Resolver
from coredata_async.bulk.states import Reason, State
from coredata_async.bulk.workers.sender import FileToSend, WorkerLostError
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
    "a File of its name and size is there with other content; it waits until no request of an earlier job "
    "can be in flight",
)
"""For a file whose folder seemed to hold all there is to upload."""


@frozen
class FileWorker:
    """Carries files, one after the other. A file has one owner, so nothing is done to it twice."""

    run: RunContext
    resolver: Resolver
    decider: ConflictResolver
    empty_files: EmptyFiles
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def upload(self, work: Work) -> None:
        """Take a file as far as it gets. Raises nothing: one bad file must not stop the rest."""
        trip = Attempt(self.run, work.item)
        try:
            with self.run.engine.observe("upload") as trip.operation:
                trip.operation.size = trip.item.fingerprint.size
                await self._upload_with_retries(work, trip)
        except WorkerLostError as exc:
            await self.run.delay(work.item, FailureClass(State.RETRY, Reason.INTERNAL, str(exc)))
        except AuthenticationError as exc:
            await self.run.delay(trip.item, classify(exc))
            self.run.abort("authentication", str(exc))
        except Exception as exc:  # noqa: BLE001  # whatever is wrong with it
            if trip.answered is not None:
                why = f"unexpected {type(exc).__name__} after its registration was sent"
                await self._look_for(work, trip, trip.answered, why)
                return
            verdict = classify(exc)
            if isinstance(exc, URLExpiredError):
                self.run.record_expired(exc)
            if verdict.state == State.RETRY:
                await self.run.delay(trip.item, verdict)
            else:
                await self.run.fail(
                    trip.item, verdict.reason, verdict.message, blob=trip.blob, cause=verdict.cause
                )

    async def _upload_with_retries(self, work: Work, trip: Attempt) -> None:
        for attempt in range(self.run.policy.on_change + 1):
            try:
                await self._once(work, trip)
            except SourceChangedError:
                if attempt == self.run.policy.on_change:
                    raise
                await self.sleep(2.0**attempt)
            else:
                return

    async def _once(self, work: Work, trip: Attempt) -> None:
        if trip.item.unconfirmed and not work.absent:
            trip.operation.outcome = "delayed"
            lost = self.run.mark_for_lookup(trip.item)
            await self.resolver.take(evolve(work, item=lost, refused=True), self.resolver.clock())
            return
        now = self.run.stat(trip.item)
        fits = now == trip.item.fingerprint
        stored = trip.item.state == State.STORED and trip.item.blob is not None
        kept = stored and fits and self._is_kept(trip.item)
        if not kept and (not fits or trip.item.blob is not None):
            trip.begin_again(now)
        match await self.decider.decide(trip.item, work.namesakes):
            case Skip() as leave:
                trip.operation.outcome = "skipped"
                trip.abandon()
                await self.run.skipped(trip.item, leave)
            case Conflict(words, why):
                trip.operation.outcome = "failed"
                await self.run.fail(trip.item, why, words, blob=trip.blob)
            case _ if not work.settled:
                trip.operation.outcome = "delayed"
                await self.run.delay(trip.item, _EARLY)
            case Replace(file_id, snapshot):
                await self._replace(trip, file_id, snapshot)
            case Upload():
                await self._upload_new(work, trip, kept=kept)

    async def _upload_new(self, work: Work, trip: Attempt, *, kept: bool) -> None:
        if kept:
            await self._register(work, trip, trip.item.stored_state(trip.content_type))
            return
        if self.empty_files.goes_to_service(trip.item):
            await self._create_empty(work, trip, None)
            return
        refused: Exception
        try:
            stored = await self._store(trip)
        except (APIStatusError, StorageError) as exc:
            if not self.empty_files.may_replace(trip.item, exc):
                raise
            refused = exc
        else:
            await self._register(work, trip, stored)
            return
        await self._create_empty(work, trip, refused)

    async def _create_empty(self, work: Work, trip: Attempt, refused: Exception | None) -> None:
        blob, trip.blob = trip.blob, None
        try:
            lost = await self.empty_files.create(work, trip.item, blob, refused)
        except APIError:
            trip.item = self.run.count_refusal(trip.item)
            raise
        if lost is not None:
            trip.operation.outcome = "unknown"
            work = evolve(work, item=lost, refused=False, absent=False)
            await self.resolver.take(work, self.resolver.clock())

    def _is_kept(self, item: Item) -> bool:
        return time.time() - item.sent < self.run.policy.blob_life

    async def _store(self, trip: Attempt) -> Stored:
        stored = await self.run.sender.store(trip.file_to_send(), trip.record_reservation)
        self.run.record_stored()
        self.run.journal.note(items.mark_stored(trip.item, stored))
        return stored

    async def _register(self, work: Work, trip: Attempt, stored: Stored) -> None:
        new = items.new_file(trip.item, work.parent, self.run.attributes)
        await self.run.journal.write(items.mark_registering(trip.item))
        try:
            outcome = await self.run.sender.register_once(stored, new, again=trip.item.unconfirmed > 0)
        except APIError:
            trip.item = self.run.count_refusal(trip.item)
            raise
        trip.answered = stored
        if isinstance(outcome, Registered):
            self.resolver.remember(work.parent, outcome.file_id)
            await self.run.confirm(trip.item, outcome)
        else:
            await self._look_for(work, trip, stored, outcome.reason)

    async def _look_for(self, work: Work, trip: Attempt, stored: Stored, why: str) -> None:
        trip.operation.outcome = "unknown"
        item = evolve(
            trip.item,
            blob=stored.blob,
            md5=stored.md5,
            etag=bool(stored.etag),
            since=stored.since,
            sent=time.time(),  # or its blob would be taken for too old when it is registered again
        )
        lost = await self.run.mark_unknown(item, why)
        work = evolve(work, item=lost, refused=False, absent=False, successes=self.run.successes)
        await self.resolver.take(work, self.resolver.clock())

    async def _replace(self, trip: Attempt, file_id: str, snapshot: str | None) -> None:
        md5 = await self.run.sender.replace(trip.file_to_send(), file_id, snapshot)
        await self.run.record_replacement(trip.item, file_id, md5)


class Attempt:
    """What is known of a file while a worker has it."""

    def __init__(self, run: RunContext, item: Item) -> None:
        self._run = run
        self.item = item
        self.blob = item.blob
        """The latest that was reserved for it."""
        self.answered: Stored | None = None
        """What was stored, once its registration was answered: from then on it has not failed."""
        self.content_type = uploads.mime_type_of(item.filename)
        self.operation = Operation("upload")
        """The latest attempt at it, as hooks see it."""

    def begin_again(self, now: Fingerprint) -> None:
        """What was done for it before does not count."""
        self._run.journal.note(*items.mark_planned(evolve(self.item, blob=self.blob), now))
        self.item = evolve(self.item, fingerprint=now, blob=None, unconfirmed=0)
        self.blob = None

    def abandon(self) -> None:
        """Give up the blob that was stored for it."""
        if self.blob is not None:
            self._run.journal.note(items.mark_orphan(self.item, self.blob))

    def record_reservation(self, blob: str, since: datetime | None) -> None:
        """Write down each blob, before bytes go there."""
        self._run.journal.note(*items.mark_putting(self.item, blob, since, instead_of=self.blob))
        self.blob = blob

    def file_to_send(self) -> FileToSend:
        """The file, as the hands take it."""
        return FileToSend(self.item.path, self.item.filename, self.item.fingerprint.size, self.content_type)
