"""One lane: takes one file through reserve, PUT, register; what it is about to do is in the journal first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from coredata_async.bulk import rows
from coredata_async.bulk.empty_files import EmptyFiles
from coredata_async.bulk.existing import Decider, Leave, Refuse, Replace, Upload
from coredata_async.bulk.judgement import Judgement, judged
from coredata_async.bulk.processes.hands import LostHandsError, Parcel
from coredata_async.bulk.resolve import Resolver
from coredata_async.bulk.rows import Item
from coredata_async.bulk.run import Run
from coredata_async.bulk.states import State, Why
from coredata_async.bulk.work import Work
from coredata_async.errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    SourceChangedError,
    StorageError,
    URLExpiredError,
)
from coredata_async.storage.paths import Print
from coredata_async.transfer import uploads
from coredata_async.transfer.steps import Registered, Stored

_EARLY: Final = Judgement(
    State.RETRY,
    Why.UNCERTAIN,
    "a File of its name and size is there with other content; it waits until no request of an earlier job "
    "can be under way",
)
"""For a file whose folder seemed to hold all there is to upload."""


@frozen
class Lane:
    """Carries files, one after the other. A file has one owner, so nothing is done to it twice."""

    run: Run
    resolver: Resolver
    decider: Decider
    empty_files: EmptyFiles
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def carry(self, work: Work) -> None:
        """Take a file as far as it gets. Raises nothing: one bad file must not stop the rest."""
        trip = Trip(self.run, work.item)
        try:
            await self._carried(work, trip)
        except LostHandsError as exc:
            await self.run.delayed(work.item, Judgement(State.RETRY, Why.INTERNAL, str(exc)))
        except AuthenticationError as exc:
            await self.run.delayed(trip.item, judged(exc))
            self.run.halt("authentication", str(exc))
        except Exception as exc:  # noqa: BLE001  # whatever is wrong with it
            if trip.answered is not None:
                why = f"unexpected {type(exc).__name__} after its registration was sent"
                await self._look_for(work, trip, trip.answered, why)
                return
            verdict = judged(exc)
            if isinstance(exc, URLExpiredError):
                self.run.expired(exc)
            if verdict.state == State.RETRY:
                await self.run.delayed(trip.item, verdict)
            else:
                await self.run.failed(
                    trip.item, verdict.why, verdict.words, blob=trip.blob, reason=verdict.reason
                )

    async def _carried(self, work: Work, trip: Trip) -> None:
        for attempt in range(self.run.policy.changes + 1):
            try:
                await self._once(work, trip)
            except SourceChangedError:
                if attempt == self.run.policy.changes:
                    raise
                await self.sleep(2.0**attempt)
            else:
                return

    async def _once(self, work: Work, trip: Trip) -> None:
        if trip.item.rounds and not work.absent:
            lost = self.run.look_first(trip.item)
            await self.resolver.take(evolve(work, item=lost, refused=True), self.resolver.clock())
            return
        now = self.run.look(trip.item)
        fits = now == trip.item.print
        stored = trip.item.state == State.STORED and trip.item.blob is not None
        kept = stored and fits and self._is_kept(trip.item)
        if not kept and (not fits or trip.item.blob is not None):
            trip.begin_again(now)
        match await self.decider.decide(trip.item, work.twins):
            case Leave() as leave:
                trip.abandon()
                await self.run.left(trip.item, leave)
            case Refuse(words, why):
                await self.run.failed(trip.item, why, words, blob=trip.blob)
            case _ if not work.settled:
                await self.run.delayed(trip.item, _EARLY)
            case Replace(file_id, snapshot):
                await self._replaced(trip, file_id, snapshot)
            case Upload():
                await self._uploaded(work, trip, kept=kept)

    async def _uploaded(self, work: Work, trip: Trip, *, kept: bool) -> None:
        if kept:
            await self._registered(work, trip, trip.item.stored(trip.content_type))
            return
        if self.empty_files.goes_to_service(trip.item):
            await self._created(work, trip, None)
            return
        refused: Exception
        try:
            stored = await self._stored(trip)
        except (APIStatusError, StorageError) as exc:
            if not self.empty_files.may_replace(trip.item, exc):
                raise
            refused = exc
        else:
            await self._registered(work, trip, stored)
            return
        await self._created(work, trip, refused)

    async def _created(self, work: Work, trip: Trip, refused: Exception | None) -> None:
        blob, trip.blob = trip.blob, None
        try:
            lost = await self.empty_files.create(work, trip.item, blob, refused)
        except APIError:
            trip.item = self.run.refused(trip.item)
            raise
        if lost is not None:
            work = evolve(work, item=lost, refused=False, absent=False)
            await self.resolver.take(work, self.resolver.clock())

    def _is_kept(self, item: Item) -> bool:
        return time.time() - item.sent < self.run.policy.blob_life

    async def _stored(self, trip: Trip) -> Stored:
        stored = await self.run.hands.store(trip.parcel(), trip.reserved)
        self.run.stored()
        self.run.journal.note(rows.stored(trip.item, stored))
        return stored

    async def _registered(self, work: Work, trip: Trip, stored: Stored) -> None:
        new = rows.new_file(trip.item, work.parent, self.run.terms)
        await self.run.journal.write(rows.registering(trip.item))
        try:
            outcome = await self.run.hands.register_once(stored, new, again=trip.item.rounds > 0)
        except APIError:
            trip.item = self.run.refused(trip.item)
            raise
        trip.answered = stored
        if isinstance(outcome, Registered):
            self.resolver.remember(work.parent, outcome.file_id)
            await self.run.confirmed(trip.item, outcome)
        else:
            await self._look_for(work, trip, stored, outcome.why)

    async def _look_for(self, work: Work, trip: Trip, stored: Stored, why: str) -> None:
        item = evolve(
            trip.item,
            blob=stored.blob,
            md5=stored.md5,
            etag=bool(stored.etag),
            since=stored.since,
            sent=time.time(),  # or its blob would be taken for too old when it is registered again
        )
        lost = await self.run.lost(item, why)
        work = evolve(work, item=lost, refused=False, absent=False, successes=self.run.successes)
        await self.resolver.take(work, self.resolver.clock())

    async def _replaced(self, trip: Trip, file_id: str, snapshot: str | None) -> None:
        md5 = await self.run.hands.replace(trip.parcel(), file_id, snapshot)
        await self.run.replaced(trip.item, file_id, md5)


class Trip:
    """What is known of a file while a lane has it."""

    def __init__(self, run: Run, item: Item) -> None:
        self._run = run
        self.item = item
        self.blob = item.blob
        """The latest that was reserved for it."""
        self.answered: Stored | None = None
        """What was stored, once its registration was answered: from then on it has not failed."""
        self.content_type = uploads.mime_type_of(item.filename)

    def begin_again(self, now: Print) -> None:
        """What was done for it before does not count."""
        self._run.journal.note(*rows.planned_again(evolve(self.item, blob=self.blob), now))
        self.item = evolve(self.item, print=now, blob=None, rounds=0)
        self.blob = None

    def abandon(self) -> None:
        """Give up the blob that was stored for it."""
        if self.blob is not None:
            self._run.journal.note(rows.orphaned(self.item, self.blob))

    def reserved(self, blob: str, since: datetime | None) -> None:
        """Write down each blob, before bytes go there."""
        self._run.journal.note(*rows.putting(self.item, blob, since, instead_of=self.blob))
        self.blob = blob

    def parcel(self) -> Parcel:
        """The file, as the hands take it."""
        return Parcel(self.item.path, self.item.filename, self.item.print.size, self.content_type)
