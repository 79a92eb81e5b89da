"""Context that the parts of a run share. Each result of a file is written, counted and published here."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress

from attrs import define, evolve, field

from coredata_async.bulk.events import (
    EventStream,
    FileDelayed,
    FileDone,
    FileFailed,
    FileSkipped,
    FileUnresolved,
    Warned,
)
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal import items as rows
from coredata_async.bulk.journal.batching import Statement
from coredata_async.bulk.journal.claims import Work
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.settle_wait import SettleWait
from coredata_async.bulk.limits.admission import EXPIRED
from coredata_async.bulk.options import FileAttributes, Policy
from coredata_async.bulk.remote.existing import Skip
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.run.failures import FailureClass, RefusedFiles, count_refusal, is_explained
from coredata_async.bulk.run.progress import ProgressCounter
from coredata_async.bulk.run.work_queue import WorkQueue
from coredata_async.bulk.scan.entries import ScannedEntry
from coredata_async.bulk.states import Ended, Reason, State
from coredata_async.bulk.workers.sender import FileSender
from coredata_async.errors import SourceError, URLExpiredError
from coredata_async.escapes import escape_controls
from coredata_async.storage.paths import Fingerprint, stat_file
from coredata_async.transfer.engine import Engine
from coredata_async.transfer.steps import Registered

log = logging.getLogger("coredata_async.bulk")


class BitSet:
    """Set of small numbers, one bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        """Add a number."""
        index = number >> 3
        if index >= len(self._bits):
            self._bits.extend(bytes(index + 1024 - len(self._bits)))
        self._bits[index] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        index = number >> 3
        return index < len(self._bits) and bool(self._bits[index] >> (number & 7) & 1)


@define(eq=False, kw_only=True)
class RunContext:
    """Context of one run of a job."""

    engine: Engine
    sender: FileSender
    journal: Journal
    remote: Remote
    policy: Policy
    attributes: FileAttributes
    stream: EventStream
    progress: ProgressCounter
    abort: Callable[[Ended, str], None]
    """Ends the run at once, for a reason that concerns all files."""
    give_up: Callable[[Ended, str], None]
    """Ends the run for such a reason, after the uploads in flight."""
    wait: SettleWait
    lost_at: float | None = None
    """Latest monotonic time at which an earlier run may have sent a request; None: until this run began."""
    queue: WorkQueue = field(factory=WorkQueue)
    refused: dict[str, RefusedFiles] = field(factory=dict[str, RefusedFiles], init=False)
    """Files refused since the last success, by reason."""
    clock_error: str | None = field(default=None, init=False)
    """Error of the last file whose URLs had expired on arrival, if nothing was stored since."""
    reported: BitSet | None = field(init=False)
    """Items whose end this run has published; None if no earlier run can have finished any."""
    _expired: int = field(default=0, init=False)
    _deciding: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self.reported = BitSet() if self.journal.resumed else None

    def stat(self, item: Item) -> Fingerprint:
        """Return the present state of a file. It may have become a symbolic link since the scan.

        Raises:
            SourceError: If it no longer exists, or is not a file that may be uploaded.
        """
        if self.policy.links == "skip" and not item.given:
            # One `lstat` takes 6 us; `Path.is_symlink` and `Path.stat` took 40.
            with suppress(OSError, ValueError):  # `stat_file` raises it with a message
                status = os.lstat(item.path)
                if stat.S_ISREG(status.st_mode):
                    return Fingerprint.of(status)
                if stat.S_ISLNK(status.st_mode):
                    message = f"{rows.path_of(item)} has become a link, and links are not followed"
                    raise SourceError(message, stage="source")
        return stat_file(rows.path_of(item))

    @property
    def successes(self) -> int:
        """Number of files that are registered."""
        return self.progress.count(State.CONFIRMED, State.DONE)

    async def confirm(self, item: Item, registered: Registered) -> None:
        """Record that the service returned the id of a File."""
        self.refused.clear()
        self.journal.note(
            rows.mark_confirmed(item, registered.file_id), *_duplicate_finding(item, registered)
        )
        self.progress.transition(item.fingerprint.size, item.state, State.CONFIRMED)

    async def record_replacement(self, item: Item, file_id: str, md5: str) -> None:
        """Record that an existing File has the content of a file now."""
        self.refused.clear()
        self.journal.note(rows.mark_replaced(item, file_id, md5))
        self.progress.transition(item.fingerprint.size, item.state, State.CONFIRMED)

    async def finish(self, items: Sequence[Item]) -> None:
        """Record that a listing showed the Files of these items."""
        self.journal.note(*rows.mark_done([item.id for item in items]))
        size = sum([item.fingerprint.size for item in items])
        self.progress.transition(size, State.CONFIRMED, State.DONE, files=len(items))
        for item in items:
            if self.reported is not None:
                self.reported.add(item.id)
            if self.stream.has_listener:
                await self.stream.publish(
                    FileDone(path=path_text(item.path), file_id=item.file or "", size=item.fingerprint.size)
                )

    async def skip(self, item: Item, decision: Skip) -> None:
        """Record that a file is skipped: the server has it, or another File of its name."""
        if decision.reason == Reason.SAME:
            self.journal.note(rows.mark_same(item, decision.file, decision.md5))
            if self.journal.shard:  # a former owner may have registered a blob that counts as an orphan here
                self.journal.note(rows.unmark_orphan(item, decision.file))
            if decision.duplicates:
                message = f"{path_text(item.path)}: Files {', '.join(decision.duplicates)} are the same"
                self.journal.note(rows.add_finding("duplicate", message))
        else:
            message = f"File {decision.file} has this name"
            self.journal.note(rows.mark_ended(item, State.SKIPPED, decision.reason, message))
        if self.reported is not None:
            self.reported.add(item.id)
        self.progress.transition(item.fingerprint.size, item.state, State.SKIPPED)
        await self.stream.publish(
            FileSkipped(path=path_text(item.path), reason=decision.reason, file_id=decision.file)
        )

    def record_stored(self) -> None:
        """Record that the storage accepted a file, so that its URL was valid."""
        self._expired, self.clock_error = 0, None

    def record_expired(self, exc: URLExpiredError) -> None:
        """Record that every URL of a file had expired; if repeatedly on arrival, a clock is wrong."""
        if not exc.on_arrival:
            return
        self._expired += 1
        self.clock_error = str(exc)
        if self._expired == EXPIRED:
            self.give_up("clock", self.clock_error)

    async def fail(
        self, item: Item, reason: Reason, message: str, *, blob: str | None = None, cause: str = ""
    ) -> None:
        """Record that a file is not uploaded in this run; the arguments are those of `FailureClass`."""
        self.journal.note(*rows.mark_failed(item, reason, message, blob=blob))
        self.progress.transition(item.fingerprint.size, item.state, State.FAILED)
        await self.stream.publish(FileFailed(path=path_text(item.path), reason=reason, message=message))
        if reason in {Reason.REFUSED, Reason.STORAGE}:
            await self._stop_if_alike(item, reason, message, cause or reason)

    async def _stop_if_alike(self, item: Item, reason: Reason, message: str, cause: str) -> None:
        """End the run if different files are refused for the same reason. See `failures`."""
        async with self._deciding:  # workers with a refused file begin no further one meanwhile
            refused = count_refusal(self.refused, item, cause)
            if refused is None:
                return
            traits, scanned = refused.traits(), self.progress.scanned
            if await self.journal.read(lambda db: is_explained(db, traits, scanned=scanned)):
                return
        host = "service" if reason == Reason.REFUSED else "storage"
        self.give_up(
            "error",
            f"the {host} refuses every file: {refused.count} consecutive, different files for the same "
            f"reason; the last one: {message}",
        )

    async def delay(self, item: Item, failure: FailureClass) -> None:
        """Record that a file failed transiently; the retry pass claims it."""
        log.info("%s is uploaded later: %s", _loggable(item), escape_controls(failure.message))
        self.journal.note(rows.mark_ended(item, State.RETRY, failure.reason, failure.message))
        self.progress.transition(item.fingerprint.size, item.state, State.RETRY)
        await self.stream.publish(
            FileDelayed(path=path_text(item.path), reason=failure.reason, message=failure.message)
        )

    async def mark_unknown(self, item: Item, message: str) -> Item:
        """Record that the response to a registration was lost; the file must be looked up."""
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
        """Record that it could not be determined whether the File exists."""
        log.warning(
            "%s: it could not be determined whether its File was registered: %s",
            _loggable(item),
            escape_controls(message),
        )
        self.journal.note(rows.mark_ended(item, State.UNRESOLVED, Reason.UNCERTAIN, message))
        self.progress.transition(item.fingerprint.size, item.state, State.UNRESOLVED)
        await self.stream.publish(FileUnresolved(path=path_text(item.path), message=message))

    async def register_again(self, item: Item, parent: str) -> None:
        """Register a blob again, because its File is proven absent."""
        log.info("%s: its File is proven absent; it is registered again", _loggable(item))
        self.journal.note(rows.mark_absent(item))
        self.progress.transition(item.fingerprint.size, item.state, State.STORED)
        again = Work(evolve(item, state=State.STORED), parent, absent=True)
        await self.queue.put(again, unlimited=True)

    def mark_for_lookup(self, item: Item) -> Item:
        """Mark a file that was sent for registration before; it must be looked up."""
        self.journal.note(rows.mark_lookup(item))
        self.progress.transition(item.fingerprint.size, item.state, State.UNKNOWN)
        return evolve(item, state=State.UNKNOWN)

    def count_refusal(self, item: Item) -> Item:
        """Record that a registration was sent and refused."""
        self.journal.note(rows.mark_refused(item))
        return evolve(item, unconfirmed=item.unconfirmed + 1)

    async def warn(self, message: str) -> None:
        """Publish a warning for people, and add it to the report."""
        self.journal.note(rows.add_finding("warning", message))
        await self.stream.publish(Warned(message=message))


def scan_event(directory: bytes, entry: ScannedEntry) -> FileSkipped | FileFailed:
    """Return the event for a file that the scan alone has skipped or failed."""
    path = path_text(os.path.join(directory, entry.name))  # noqa: PTH118  # bytes
    reason = entry.reason or Reason.INTERNAL
    kind = FileSkipped if entry.state == State.SKIPPED else FileFailed
    return kind(path=path, reason=reason, message=entry.message)


def _loggable(item: Item) -> str:
    return escape_controls(path_text(item.path))


def _duplicate_finding(item: Item, registered: Registered) -> list[Statement]:
    if not registered.duplicates:
        return []
    ids = ", ".join((registered.file_id, *registered.duplicates))
    return [rows.add_finding("duplicate", f"{path_text(item.path)}: Files {ids} have the same blob")]
