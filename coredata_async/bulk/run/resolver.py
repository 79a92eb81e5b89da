"""Resolver: looks up registrations whose response was lost, while other files are uploaded."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from array import array
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any, Final

from attrs import define, evolve, field

from coredata_async.bulk.journal import items as rows
from coredata_async.bulk.journal.claims import Work, previous_version, read_unknown
from coredata_async.bulk.journal.errors import JournalError
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.run.failures import FailureClass
from coredata_async.bulk.states import Reason, State
from coredata_async.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    SourceError,
)
from coredata_async.resources.files import File
from coredata_async.services.steps import UploadSteps
from coredata_async.transfer.comparison import UndecidableError
from coredata_async.transfer.probe import Parent, ProbeRequest
from coredata_async.transfer.steps import ROUNDS, Registered
from coredata_async.transfer.workers import start_in

WAITING: Final = 1000
"""Maximum number of files in memory during their lookup. Of further ones only the id is kept."""
FAILURES: Final = 5
"""Number of consecutive failed listings after which a file is left for the next run."""
CLOSE: Final = timedelta(seconds=5)
"""Difference between the clocks that stamp a reservation and a File, up to which their order counts."""
SKEW: Final = timedelta(hours=48)
"""Maximum difference between the clocks that stamp a reservation and a File, time zone errors included."""


@define(eq=False)
class Resolver:
    """Looks up the File of each blob, without guessing: found, proven absent, or unresolved.

    A worker that hands over a file never waits. All files of a folder share listings: see
    `transfer.lookup`.
    """

    run: RunContext
    group: asyncio.TaskGroup
    clock: Callable[[], float] = time.monotonic
    steps: UploadSteps = field(init=False)
    """Steps of this process, which search for Files."""
    tasks: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]], init=False)
    """Tasks that are cancelled when the run ends early."""
    _held: int = field(default=0, init=False)
    """Number of files in memory."""
    _further: array[int] = field(factory=lambda: array("q"), init=False)
    """Ids of files that are only in the journal."""
    _further_at: float = field(default=0.0, init=False)
    """Latest time at which the response for one of them was lost."""
    _fetching: bool = field(default=False, init=False)
    _waiting: int = field(default=0, init=False)
    _idle: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self.steps = UploadSteps(self.run.engine.uploader)
        self._idle.set()

    async def take(self, work: Work, lost_at: float) -> None:
        """Begin to look up a file. Returns at once."""
        self._waiting += 1
        self._idle.clear()
        if self._held < WAITING:
            self._hold(work, lost_at)
        else:
            self._further.append(work.item.id)
            self._further_at = max(self._further_at, lost_at)

    async def idle(self) -> None:
        """Wait until all lookups have ended."""
        await self._idle.wait()

    @property
    def waiting(self) -> int:
        """Number of files whose lookup is in progress."""
        return self._waiting

    def _hold(self, work: Work, lost_at: float) -> None:
        self._held += 1
        self._start(self._resolve(work, lost_at))

    def _start(self, lookup: Coroutine[Any, Any, None]) -> None:
        if task := start_in(self.group, lookup):  # otherwise the next run looks it up
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _resolve(self, work: Work, lost_at: float) -> None:
        try:
            await self._settle(work, lost_at)
        finally:
            self._held -= 1
            self._leave(1)
        # Not after a cancellation, which ends the run.
        if self._further and not self._fetching and self._held <= WAITING // 2:
            self._fetching = True
            self._start(self._fetch())

    def _leave(self, count: int) -> None:
        self._waiting -= count
        if not self._waiting:
            self._idle.set()

    async def _fetch(self) -> None:
        """Read files from the journal that did not fit into memory."""
        try:
            while self._further and (room := WAITING - self._held) > 0:
                ids, self._further = self._further[:room], self._further[room:]
                read = partial(read_unknown, ids=ids.tolist(), parent=self.run.remote.parent)
                works = await self.run.journal.read(read)
                for work in works:
                    self._hold(work, self._further_at)
                self._leave(len(ids) - len(works))
        finally:
            self._fetching = False

    async def _settle(self, work: Work, lost_at: float) -> None:
        item = work.item
        try:
            await self._conclude(work, await self._find(work, lost_at))
        except UndecidableError as exc:
            ids = f"; candidates: {', '.join(exc.candidates)}" if exc.candidates else ""
            await self.run.mark_unresolved(item, f"{exc}{ids}; blob {item.blob}")
        except AuthenticationError as exc:
            self.run.abort("authentication", str(exc))  # it stays UNKNOWN: the next run looks it up
        except (APIError, ConfigurationError) as exc:
            await self.run.mark_unresolved(item, f"the lookup of blob {item.blob} failed: {exc}")
        except JournalError:
            raise
        except Exception as exc:  # noqa: BLE001  # it concerns this file alone, whose File may exist
            message = f"the lookup of blob {item.blob} failed: unexpected {type(exc).__name__}"
            await self.run.mark_unresolved(item, message)

    async def _conclude(self, work: Work, found: Registered | None) -> None:
        item = work.item
        if found is not None:
            await self._record_found(work, found)
        elif self._is_stuck(work):
            message = (
                f"its registration was not confirmed {item.unconfirmed} times, and each time the File was "
                f"proven absent; blob {item.blob}"
            )
            await self.run.delay(item, FailureClass(State.RETRY, Reason.REFUSED, message))
        else:
            await self.run.register_again(item, work.parent)

    def _is_stuck(self, work: Work) -> bool:
        """Return whether a file was registered often without success, while no other file succeeded.

        Each round ends with a proof, so their number is not a reason for doubt. As long as the server
        registers other files, another round is worthwhile.
        """
        often = not work.refused and work.item.unconfirmed >= ROUNDS
        return often and self.run.successes == work.successes

    async def _record_found(self, work: Work, found: Registered) -> None:
        """Record the found File. If the local file has changed since, its new content is uploaded as well."""
        item = evolve(work.item, file=found.file_id)
        try:
            now = self.run.stat(item)  # before anything is recorded: if it raises, the file stays as it is
        except SourceError:
            now = item.fingerprint  # the file no longer exists: the upload is its last state
        await self.run.confirm(item, found)
        if now != item.fingerprint:
            self.run.journal.note(*rows.mark_planned(evolve(item, blob=None), now))
            self.run.progress.transition(item.fingerprint.size, State.CONFIRMED, State.PLANNED)
            again_item = evolve(item, state=State.PLANNED, fingerprint=now, blob=None, unconfirmed=0)
            again = Work(again_item, work.parent, (previous_version(again_item),))
            await self.run.queue.put(again, unlimited=True)

    async def _find(self, work: Work, lost_at: float) -> Registered | None:
        remote = self.run.remote
        if remote.is_project(work.parent):
            parent = Parent(work.parent, "project")
        else:  # the kind of the job's parent is unknown; the others come from the list of folders
            parent = Parent(work.parent, "unknown" if work.parent == remote.parent else "folder")
        request = ProbeRequest(
            stored=work.item.to_stored(""),
            new=rows.new_file(work.item, work.parent, self.run.attributes),
            parent=parent,
            matcher=partial(self._is_created if work.item.blob is None else self._is_ours, work),
            patience=FAILURES,
            in_flight=not work.refused,
        )
        return await self.steps.look_up(request, lost_at)

    def _has_name(self, work: Work, file: File) -> bool:
        return self.run.remote.comparable(file.filename) == work.item.filename

    async def _is_created(self, work: Work, file: File) -> bool:
        """Return whether an empty File was created by this job without a blob: by folder and name."""
        _require_name_and_folder(file)
        if not (self._has_name(work, file) and await self.run.remote.direct_children([file], work.parent)):
            return False
        return not await self.run.journal.read(partial(is_taken, item=work.item, file_id=file.id))

    async def _is_ours(self, work: Work, file: File) -> bool:
        """Return whether a File belongs to a blob, by other facts, if the server does not show blob names.

        It does if it has the same bytes and the same name in the same folder, was created since the
        reservation, and did not exist before this job or as another file of it.
        """
        stored = work.item.to_stored("")
        if not (file.digest and file.size is not None and file.created and stored.since):
            raise UndecidableError("the server does not show blob name and digest of", (file.id,))
        if file.digest.lower() != stored.md5 or file.size not in {0, stored.plan.size}:  # 0: unknown
            return False
        _require_name_and_folder(file)
        if not self._has_name(work, file) or file.created < stored.since - SKEW:
            return False
        if not await self.run.remote.direct_children([file], work.parent):
            return False
        if await self.run.journal.read(partial(is_taken, item=work.item, file_id=file.id)):
            return False
        if file.created < stored.since - CLOSE:
            message = "the server shows no blob names, and by its clocks one is older than the blob"
            raise UndecidableError(message, (file.id,))
        return True


def _require_name_and_folder(file: File) -> None:
    """Refuse to decide about a File that may have any name, or be in any folder."""
    if not (file.filename and file.parent):
        raise UndecidableError("the server does not show blob name, name and folder of", (file.id,))


def is_taken(db: sqlite3.Connection, item: Item, file_id: str) -> bool:
    """Return whether a File existed before this job, or belongs to another of its files."""
    before = "SELECT 1 FROM remote_file WHERE folder = ? AND filename = ? AND file = ?"
    other = "SELECT 1 FROM item WHERE folder = ? AND file = ? AND id != ?"
    return (
        db.execute(before, (item.folder, item.filename, file_id)).fetchone() is not None
        or db.execute(other, (item.folder, file_id, item.id)).fetchone() is not None
    )
