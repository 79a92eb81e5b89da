"""What the parts of a running job share; what becomes of a file is written, counted and told here."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import define, evolve, field

from coredata_async.bulk.events import FileDelayed, FileDone, FileFailed, FileSkipped, FileUnresolved, Warned
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal import items as rows
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.journal import Journal, Statement
from coredata_async.bulk.journal.settle_wait import SettleWait
from coredata_async.bulk.journal.work import Work
from coredata_async.bulk.limits.admission import EXPIRED
from coredata_async.bulk.options import FileAttributes, Policy
from coredata_async.bulk.remote.existing import Skip
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.report.report import Ended
from coredata_async.bulk.run.earlier import ReportedItems
from coredata_async.bulk.run.event_stream import EventStream
from coredata_async.bulk.run.failures import FailureClass
from coredata_async.bulk.run.progress import ProgressCounter
from coredata_async.bulk.run.refusals import Refusals, is_explained
from coredata_async.bulk.run.work_queue import WorkQueue
from coredata_async.bulk.states import Reason, State
from coredata_async.bulk.workers.sender import FileSender
from coredata_async.control_characters import escape_controls
from coredata_async.errors import SourceError, URLExpiredError
from coredata_async.storage.paths import Fingerprint, stat_file
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.steps import Registered

log = logging.getLogger("coredata_async.bulk")


@define(eq=False, kw_only=True)
class RunContext:
    """One run of a job."""

    engine: Engine
    sender: FileSender
    journal: Journal
    remote: Remote
    policy: Policy
    attributes: FileAttributes
    stream: EventStream
    progress: ProgressCounter
    abort: Callable[[Ended, str], None]
    """Ends the run, for a reason that concerns all files."""
    give_up: Callable[[Ended, str], None]
    """Likewise, but begins nothing new and waits until uploads in flight have ended."""
    wait: SettleWait
    queue: WorkQueue = field(factory=WorkQueue)
    refusals: Refusals = field(factory=Refusals, init=False)
    clock_error: str | None = field(default=None, init=False)
    """The error of the last file whose URLs had expired on arrival, if nothing was stored since."""
    told: ReportedItems = field(factory=ReportedItems, init=False)
    _expired: int = field(default=0, init=False)
    _deciding: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def stat(self, item: Item) -> Fingerprint:
        """See what a file is now. It may have become a link since the scan.

        Raises:
            SourceError: It is not there, or not what is to be uploaded.
        """
        if self.policy.links == "skip" and not item.given:
            # One question, of the path as it is: 6 us, where `Path.is_symlink` and `Path.stat` took 40.
            with suppress(OSError, ValueError):  # `look` says it in words
                seen = os.lstat(item.path)
                if stat.S_ISREG(seen.st_mode):
                    return Fingerprint.of(seen)
                if stat.S_ISLNK(seen.st_mode):
                    words = f"{rows.path_of(item)} has become a link, and links are not followed"
                    raise SourceError(words, stage="source")
        return stat_file(rows.path_of(item))

    @property
    def successes(self) -> int:
        """Number of files that are registered."""
        return self.progress.count(State.CONFIRMED, State.DONE)

    async def confirm(self, item: Item, registered: Registered) -> None:
        """The service gave an id."""
        self.refusals.succeed()
        self.journal.note(
            rows.mark_confirmed(item, registered.file_id), *_duplicate_finding(item, registered)
        )
        self.progress.transition(item.fingerprint.size, item.state, State.CONFIRMED)

    async def record_replacement(self, item: Item, file_id: str, md5: str) -> None:
        """A File that was there has the content now."""
        self.refusals.succeed()
        self.journal.note(rows.mark_replaced(item, file_id, md5))
        self.progress.transition(item.fingerprint.size, item.state, State.CONFIRMED)

    async def finish(self, items: Sequence[Item]) -> None:
        """A listing showed their Files."""
        self.journal.note(*rows.mark_done([item.id for item in items]))
        for item in items:
            self.told.add(item.id)
            self.progress.transition(item.fingerprint.size, State.CONFIRMED, State.DONE)
            event = FileDone(path=path_text(item.path), file_id=item.file or "", size=item.fingerprint.size)
            await self.stream.publish(event)

    async def skipped(self, item: Item, leave: Skip) -> None:
        """The server has it, or something of its name, and that is left as it is."""
        if leave.reason == Reason.SAME:
            self.journal.note(rows.mark_same(item, leave.file, leave.md5))
            if leave.duplicates:
                words = f"{path_text(item.path)}: Files {', '.join(leave.duplicates)} are the same"
                self.journal.note(rows.add_finding("duplicate", words))
        else:
            words = f"File {leave.file} has this name"
            self.journal.note(rows.mark_ended(item, State.SKIPPED, leave.reason, words))
        self.told.add(item.id)
        self.progress.transition(item.fingerprint.size, item.state, State.SKIPPED)
        await self.stream.publish(
            FileSkipped(path=path_text(item.path), reason=leave.reason, file_id=leave.file)
        )

    def record_stored(self) -> None:
        """Learn that the storage accepted a file, so that its URL was valid."""
        self._expired, self.clock_error = 0, None

    def record_expired(self, exc: URLExpiredError) -> None:
        """Learn that every URL of a file had expired; if on arrival, time after time, a clock is wrong."""
        if not exc.on_arrival:
            return
        self._expired += 1
        self.clock_error = str(exc)
        if self._expired == EXPIRED:
            self.give_up("clock", self.clock_error)

    async def fail(
        self, item: Item, reason: Reason, message: str, *, blob: str | None = None, cause: str = ""
    ) -> None:
        """Write down that a file is not uploaded in this run; `reason` as in `FailureClass`."""
        self.journal.note(*rows.mark_failed(item, reason, message, blob=blob))
        self.progress.transition(item.fingerprint.size, item.state, State.FAILED)
        await self.stream.publish(FileFailed(path=path_text(item.path), reason=reason, message=message))
        if reason in {Reason.REFUSED, Reason.STORAGE}:
            await self._stop_if_alike(item, reason, message, cause or reason)

    async def _stop_if_alike(self, item: Item, reason: Reason, message: str, cause: str) -> None:
        """End the run if unlike files are refused for the same reason. See `refusals`."""
        async with self._deciding:  # workers that are refused meanwhile try no further file
            refused = self.refusals.add(item, cause)
            if refused is None:
                return
            traits, scanned = refused.traits(), self.progress.scanned
            if await self.journal.read(lambda db: is_explained(db, traits, scanned=scanned)):
                return
        who = "service" if reason == Reason.REFUSED else "storage"
        self.give_up(
            "error",
            f"the {who} refuses every file: {refused.count} unlike ones in a row, for the same reason; "
            f"the last one: {message}",
        )

    async def delay(self, item: Item, judged: FailureClass) -> None:
        """The second pass takes it up."""
        log.info("%s is uploaded later: %s", _loggable(item), escape_controls(judged.message))
        self.journal.note(rows.mark_ended(item, State.RETRY, judged.reason, judged.message))
        self.progress.transition(item.fingerprint.size, item.state, State.RETRY)
        await self.stream.publish(
            FileDelayed(path=path_text(item.path), reason=judged.reason, message=judged.message)
        )

    async def mark_unknown(self, item: Item, message: str) -> Item:
        """The answer to its registration was lost: it has to be looked for."""
        log.warning(
            "%s: it is unknown whether its File was registered: %s", _loggable(item), escape_controls(message)
        )
        self.journal.note(rows.mark_unknown(item, message))
        self.progress.transition(item.fingerprint.size, item.state, State.UNKNOWN)
        await self.stream.publish(
            FileDelayed(path=path_text(item.path), reason=Reason.UNCERTAIN, message=message)
        )
        return evolve(item, state=State.UNKNOWN, unconfirmed=item.unconfirmed + 1)

    async def mark_unresolved(self, item: Item, message: str) -> None:
        """Whether there is a File could not be found out."""
        log.warning(
            "%s: whether its File was registered could not be found out: %s",
            _loggable(item),
            escape_controls(message),
        )
        self.journal.note(rows.mark_ended(item, State.UNRESOLVED, Reason.UNCERTAIN, message))
        self.progress.transition(item.fingerprint.size, item.state, State.UNRESOLVED)
        await self.stream.publish(FileUnresolved(path=path_text(item.path), message=message))

    async def register_again(self, item: Item, parent: str) -> None:
        """There is no File, for certain: its blob is registered again."""
        log.info("%s: its File was not registered, which is repeated", _loggable(item))
        self.journal.note(rows.mark_absent(item))
        self.progress.transition(item.fingerprint.size, item.state, State.STORED)
        await self.enqueue(Work(evolve(item, state=State.STORED), parent, absent=True))

    def mark_for_lookup(self, item: Item) -> Item:
        """Mark a file that was sent for registration before, so that it is looked for."""
        self.journal.note(rows.mark_looked_for(item))
        self.progress.transition(item.fingerprint.size, item.state, State.UNKNOWN)
        return evolve(item, state=State.UNKNOWN)

    def count_refusal(self, item: Item) -> Item:
        """Remember that registering a file was sent for and refused."""
        self.journal.note(rows.mark_refused(item))
        return evolve(item, unconfirmed=item.unconfirmed + 1)

    async def warn(self, message: str) -> None:
        """Something that a person should know; the report has it, too."""
        self.journal.note(rows.add_finding("warning", message))
        await self.stream.publish(Warned(message=message))

    async def enqueue(self, work: Work) -> None:
        """Queue a file for a worker."""
        await self.queue.put(work, beyond=True)


def _loggable(item: Item) -> str:
    return escape_controls(path_text(item.path))


def _duplicate_finding(item: Item, registered: Registered) -> list[Statement]:
    if not registered.duplicates:
        return []
    ids = ", ".join((registered.file_id, *registered.duplicates))
    return [rows.add_finding("duplicate", f"{path_text(item.path)}: Files {ids} are of one blob")]
