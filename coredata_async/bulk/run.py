"""What the parts of a running job share; what becomes of a file is written, counted and told here."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import define, evolve, field

from coredata_async.bulk import rows
from coredata_async.bulk.belt import Belt
from coredata_async.bulk.earlier import Told
from coredata_async.bulk.events import FileDelayed, FileDone, FileFailed, FileSkipped, FileUnresolved, Warned
from coredata_async.bulk.existing import Leave
from coredata_async.bulk.gates.admission import EXPIRED
from coredata_async.bulk.journal.journal import Journal, Statement
from coredata_async.bulk.judgement import Judgement
from coredata_async.bulk.meter import Meter
from coredata_async.bulk.options import Policy, Terms
from coredata_async.bulk.processes.hands import Hands
from coredata_async.bulk.refusals import Refusals, is_explained
from coredata_async.bulk.remote import Remote
from coredata_async.bulk.report.report import Ended
from coredata_async.bulk.rows import Item
from coredata_async.bulk.settle_wait import SettleWait
from coredata_async.bulk.states import State, Why
from coredata_async.bulk.telling import Stream
from coredata_async.bulk.text import shown
from coredata_async.bulk.work import Work
from coredata_async.errors import SourceError, URLExpiredError
from coredata_async.storage.paths import Print, look
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.steps import Registered


@define(eq=False, kw_only=True)
class Run:
    """One run of a job."""

    engine: Engine
    hands: Hands
    journal: Journal
    remote: Remote
    policy: Policy
    terms: Terms
    stream: Stream
    meter: Meter
    halt: Callable[[Ended, str], None]
    """Ends the run, for a reason that concerns all files."""
    give_up: Callable[[Ended, str], None]
    """Likewise, but begins nothing new and waits until uploads under way have ended."""
    wait: SettleWait
    belt: Belt = field(factory=Belt)
    refusals: Refusals = field(factory=Refusals, init=False)
    clock_error: str | None = field(default=None, init=False)
    """The error of the last file whose URLs had expired on arrival, if nothing was stored since."""
    told: Told = field(factory=Told, init=False)
    _expired: int = field(default=0, init=False)
    _deciding: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def look(self, item: Item) -> Print:
        """See what a file is now. It may have become a link since the scan.

        Raises:
            SourceError: It is not there, or not what is to be uploaded.
        """
        if self.policy.links == "skip" and not item.given:
            # One question, of the path as it is: 6 us, where `Path.is_symlink` and `Path.stat` took 40.
            with suppress(OSError, ValueError):  # `look` says it in words
                seen = os.lstat(item.path)
                if stat.S_ISREG(seen.st_mode):
                    return Print.of(seen)
                if stat.S_ISLNK(seen.st_mode):
                    words = f"{rows.path_of(item)} has become a link, and links are not followed"
                    raise SourceError(words, stage="source")
        return look(rows.path_of(item))

    @property
    def successes(self) -> int:
        """Number of files that are registered."""
        return self.meter.count(State.CONFIRMED, State.DONE)

    async def confirmed(self, item: Item, registered: Registered) -> None:
        """The service gave an id."""
        self.refusals.succeed()
        self.journal.note(rows.confirmed(item, registered.file_id), *_twice(item, registered))
        self.meter.moved(item.print.size, item.state, State.CONFIRMED)

    async def replaced(self, item: Item, file_id: str, md5: str) -> None:
        """A File that was there has the content now."""
        self.refusals.succeed()
        self.journal.note(rows.replaced(item, file_id, md5))
        self.meter.moved(item.print.size, item.state, State.CONFIRMED)

    async def done(self, items: Sequence[Item]) -> None:
        """A listing showed their Files."""
        self.journal.note(*rows.done([item.id for item in items]))
        for item in items:
            self.told.add(item.id)
            self.meter.moved(item.print.size, State.CONFIRMED, State.DONE)
            event = FileDone(path=shown(item.path), file_id=item.file or "", size=item.print.size)
            await self.stream.tell(event)

    async def left(self, item: Item, leave: Leave) -> None:
        """The server has it, or something of its name, and that is left as it is."""
        if leave.why == Why.SAME:
            self.journal.note(rows.same(item, leave.file, leave.md5))
            if leave.twice:
                words = f"{shown(item.path)}: Files {', '.join(leave.twice)} are the same"
                self.journal.note(rows.found("duplicate", words))
        else:
            words = f"File {leave.file} has this name"
            self.journal.note(rows.ended(item, State.SKIPPED, leave.why, words))
        self.told.add(item.id)
        self.meter.moved(item.print.size, item.state, State.SKIPPED)
        await self.stream.tell(FileSkipped(path=shown(item.path), why=leave.why, file_id=leave.file))

    def stored(self) -> None:
        """Learn that the storage accepted a file, so that its URL was valid."""
        self._expired, self.clock_error = 0, None

    def expired(self, exc: URLExpiredError) -> None:
        """Learn that every URL of a file had expired; if on arrival, time after time, a clock is wrong."""
        if not exc.on_arrival:
            return
        self._expired += 1
        self.clock_error = str(exc)
        if self._expired == EXPIRED:
            self.give_up("clock", self.clock_error)

    async def failed(
        self, item: Item, why: Why, words: str, *, blob: str | None = None, reason: str = ""
    ) -> None:
        """Write down that a file is not uploaded in this run; `reason` as in `Judgement`."""
        self.journal.note(*rows.failed(item, why, words, blob=blob))
        self.meter.moved(item.print.size, item.state, State.FAILED)
        await self.stream.tell(FileFailed(path=shown(item.path), why=why, words=words))
        if why in {Why.REFUSED, Why.STORAGE}:
            await self._refused(item, why, words, reason or why)

    async def _refused(self, item: Item, why: Why, words: str, reason: str) -> None:
        """End the run if unlike files are refused for the same reason. See `refusals`."""
        async with self._deciding:  # lanes that are refused meanwhile try no further file
            refused = self.refusals.add(item, reason)
            if refused is None:
                return
            traits, scanned = refused.traits(), self.meter.scanned
            if await self.journal.read(lambda db: is_explained(db, traits, scanned=scanned)):
                return
        who = "service" if why == Why.REFUSED else "storage"
        self.give_up(
            "error",
            f"the {who} refuses every file: {refused.count} unlike ones in a row, for the same reason; "
            f"the last one: {words}",
        )

    async def delayed(self, item: Item, judged: Judgement) -> None:
        """The second pass takes it up."""
        self.journal.note(rows.ended(item, State.RETRY, judged.why, judged.words))
        self.meter.moved(item.print.size, item.state, State.RETRY)
        await self.stream.tell(FileDelayed(path=shown(item.path), why=judged.why, words=judged.words))

    async def lost(self, item: Item, words: str) -> Item:
        """The answer to its registration was lost: it has to be looked for."""
        self.journal.note(rows.unknown(item, words))
        self.meter.moved(item.print.size, item.state, State.UNKNOWN)
        await self.stream.tell(FileDelayed(path=shown(item.path), why=Why.UNCERTAIN, words=words))
        return evolve(item, state=State.UNKNOWN, rounds=item.rounds + 1)

    async def unresolved(self, item: Item, words: str) -> None:
        """Whether there is a File could not be found out."""
        self.journal.note(rows.ended(item, State.UNRESOLVED, Why.UNCERTAIN, words))
        self.meter.moved(item.print.size, item.state, State.UNRESOLVED)
        await self.stream.tell(FileUnresolved(path=shown(item.path), words=words))

    async def absent(self, item: Item, parent: str) -> None:
        """There is no File, for certain: its blob is registered again."""
        self.journal.note(rows.absent(item))
        self.meter.moved(item.print.size, item.state, State.STORED)
        await self.again(Work(evolve(item, state=State.STORED), parent, absent=True))

    def look_first(self, item: Item) -> Item:
        """Mark a file that was sent for registration before, so that it is looked for."""
        self.journal.note(rows.looked_for(item))
        self.meter.moved(item.print.size, item.state, State.UNKNOWN)
        return evolve(item, state=State.UNKNOWN)

    def refused(self, item: Item) -> Item:
        """Remember that registering a file was sent for and refused."""
        self.journal.note(rows.refused(item))
        return evolve(item, rounds=item.rounds + 1)

    async def warn(self, words: str) -> None:
        """Something that a person should know; the report has it, too."""
        self.journal.note(rows.found("warning", words))
        await self.stream.tell(Warned(words=words))

    async def again(self, work: Work) -> None:
        """Queue a file for a lane."""
        await self.belt.put(work, beyond=True)


def _twice(item: Item, registered: Registered) -> list[Statement]:
    if not registered.twins:
        return []
    ids = ", ".join((registered.file_id, *registered.twins))
    return [rows.found("duplicate", f"{shown(item.path)}: Files {ids} are of one blob")]
