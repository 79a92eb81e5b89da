"""Finding out what became of registrations whose answer was lost, while other files go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from attrs import define, evolve, field

from coredata_async.bulk import rows
from coredata_async.bulk.empty_files import find_created, is_taken
from coredata_async.bulk.judgement import Judgement
from coredata_async.bulk.run import Run
from coredata_async.bulk.states import State, Why
from coredata_async.bulk.work import Work, earlier
from coredata_async.errors import APIError, AuthenticationError, ConfigurationError, SourceError
from coredata_async.resources.files import File
from coredata_async.transfer.drive import ROUNDS
from coredata_async.transfer.settle import Settler, UndecidableError, early_looks, looks
from coredata_async.transfer.steps import Registered, Stored
from coredata_async.wire.files import NewFile

AT_ONCE: Final = 8
"""Looks under way at once: they share the API's gate with everything else."""
WAITING: Final = 1000
"""Files that may wait here; above that, lanes wait instead of losing more answers."""
FAILURES: Final = 5
"""How often in a row looking may fail before it is left for the next run."""
SKEW: Final = timedelta(seconds=5)
"""How much the clocks that stamp a reservation and a File may differ."""


@define(eq=False)
class Resolver:
    """Looks for the File of each blob, and never guesses: found, absent for certain, or unresolved."""

    run: Run
    group: asyncio.TaskGroup
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    tasks: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]], init=False)
    """One for each file; to be cancelled when the run ends early."""
    _width: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)
    _room: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(WAITING), init=False)
    _waiting: int = field(default=0, init=False)
    _idle: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self._idle.set()

    async def take(self, work: Work, lost_at: float) -> None:
        """Find out about a file, from now on; waits only while too many are being found out about."""
        await self._room.acquire()
        self._waiting += 1
        self._idle.clear()
        task = self.group.create_task(self._resolved(work, lost_at))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def idle(self) -> None:
        """Wait until nothing is left to be found out."""
        await self._idle.wait()

    @property
    def waiting(self) -> int:
        """How many files are being found out about."""
        return self._waiting

    async def _resolved(self, work: Work, lost_at: float) -> None:
        try:
            await self._settled(work, lost_at)
        finally:
            self._room.release()
            self._waiting -= 1
            if not self._waiting:
                self._idle.set()

    async def _settled(self, work: Work, lost_at: float) -> None:
        item = work.item
        try:
            found = await self._looked_for(work, lost_at)
        except UndecidableError as exc:
            ids = f"; candidates: {', '.join(exc.candidates)}" if exc.candidates else ""
            await self.run.unresolved(item, f"{exc}{ids}; blob {item.blob}")
        except AuthenticationError as exc:
            self.run.halt("authentication", str(exc))  # it stays UNKNOWN: the next run looks for it
        except (APIError, ConfigurationError) as exc:
            await self.run.unresolved(item, f"looking for blob {item.blob} failed: {exc}")
        else:
            if found is not None:
                await self._found(work, found)
            elif not work.refused and item.rounds % ROUNDS == 0:
                words = (
                    f"registering it was not confirmed {item.rounds} times, and each time the File was "
                    f"proven not to be there; blob {item.blob}"
                )
                await self.run.delayed(item, Judgement(State.RETRY, Why.REFUSED, words))
            else:
                await self.run.absent(item, work.parent)

    async def _found(self, work: Work, found: Registered) -> None:
        """It is there. If the file is another one by now, that one has not been uploaded yet."""
        item = evolve(work.item, file=found.file_id)
        await self.run.confirmed(item, found)
        try:
            now = self.run.look(item)
        except SourceError:
            return  # gone: what was uploaded is what there was
        if now != item.print:
            self.run.journal.note(*rows.planned_again(evolve(item, blob=None), now))
            self.run.meter.moved(item.print.size, State.CONFIRMED, State.PLANNED)
            again = evolve(item, state=State.PLANNED, print=now, blob=None, rounds=0)
            await self.run.again(Work(again, work.parent, (earlier(again),)))

    async def _looked_for(self, work: Work, lost_at: float) -> Registered | None:
        item = work.item
        new = rows.new_file(item, work.parent, self.run.terms)
        stored = item.stored("")
        settler = self.run.engine.uploader.driver.settler
        # A refusal leaves nothing under way, but a gateway may lie.
        dues = early_looks(self.run.engine.retry) if work.refused else looks(self.run.engine.retry)
        for due in dues:
            await self.sleep(max(0.0, lost_at + due - self.clock()))
            found = await self._probed(settler, stored, new, work)
            if found is not None:
                return found
        return None

    async def _probed(self, settler: Settler, stored: Stored, new: NewFile, work: Work) -> Registered | None:
        """One look that ends; a failed one says nothing, so it is repeated."""
        failures = 0
        while True:
            try:
                async with self._width:
                    if work.item.blob is None:  # it was created without one
                        return await find_created(self.run, work.item, work.parent)
                    return await settler.probe(stored, new, lambda file: self._is_ours(file, work, stored))
            except APIError as exc:
                failures += 1
                if failures == FAILURES or isinstance(exc, AuthenticationError):
                    raise
                await self.sleep(self.run.engine.retry.base * 2.0**failures)

    async def _is_ours(self, file: File, work: Work, stored: Stored) -> bool:
        """Decide by all else that is known, where the server shows no blob names.

        The same bytes under the same name in the same place, made since the reservation, there neither
        before this job nor as another file of it.
        """
        if not (file.digest and file.size is not None and file.created and stored.since):
            raise UndecidableError("the server shows neither blob name nor digest of", (file.id,))
        if file.digest.lower() != stored.md5 or file.size not in {0, stored.plan.size}:  # 0: not known
            return False
        if file.filename != work.item.filename or file.created < stored.since - SKEW:
            return False
        if not await self.run.remote.own([file], work.parent):
            return False
        return not await self.run.journal.read(lambda db: is_taken(db, work.item, file.id))
