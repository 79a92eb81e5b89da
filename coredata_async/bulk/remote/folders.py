"""Remote folders of the local directories: each is found or created once, parents first."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import define, field, frozen

from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.batching import Statement
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.remote.folder_list import (
    FolderList,
    FolderMaker,
    LocalFolderMaker,
    Row,
    lineage,
    row_of,
)
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.remote.other_jobs import QuietCheck
from coredata_async.bulk.remote.siblings import CreatedFolder, Siblings
from coredata_async.bulk.states import FolderState
from coredata_async.call import perform
from coredata_async.config import Retry
from coredata_async.errors import APIError, OutcomeUnknownError
from coredata_async.message import Request
from coredata_async.resources.containers import FOLDERS, NewFolder
from coredata_async.transfer.probe import probe_schedule
from coredata_async.wire import calls

AT_ONCE: Final = 4
"""Maximum number of folders that are created or listed at once."""
BY_OTHER_PROCESS: Final = -1
"""Value of `folder.made` in the journal: another process of this job has created the folder."""
ROUNDS: Final = 3
"""Maximum number of creations whose response is lost."""


@frozen
class RemoteFolder:
    """Existing remote folder."""

    id: str
    fresh: bool
    """True if this run created it, so that it contains only what this run uploaded."""
    made: bool
    """True if a request of this journal created it, so no earlier job could have used it."""


@define(eq=False)
class Folders:
    """Finds the remote folder of a local directory, and creates it if necessary.

    A creation is on disk before its request is sent. If its response is lost, the folder is looked up like a
    File: at once, and twice more when no request can be in flight inside the server. It did not exist before
    the intent was written, so a folder that is found then belongs to this job.

    If this journal has not created the folder above, other jobs may create folders in it, too. There a
    creation waits until the requests of an earlier job have ended, except in the parent itself, and
    `Siblings` checks the result.
    """

    listing: FolderList
    journal: Journal
    policy: Retry
    quiet: QuietCheck
    siblings: Siblings
    made: Callable[[bytes, str], Awaitable[None]]
    """Called for each folder that was created."""
    maker: FolderMaker = field(factory=LocalFolderMaker, kw_only=True)
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    width: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)
    """Slots for requests. A task that waits for the end of a lost one holds none: other folders continue."""
    _began: float = field(init=False)
    _lost: dict[int, float] = field(factory=dict[int, float], init=False)
    """Times in this run at which the response to a creation was lost."""
    _refused: set[int] = field(factory=set[int], init=False)
    """Rows whose creation was refused in this run; they are looked up before another creation is sent."""
    _remote_folders: dict[int, RemoteFolder] = field(factory=dict[int, RemoteFolder], init=False)
    _failures: dict[int, APIError] = field(factory=dict[int, APIError], init=False)
    _locks: defaultdict[int, asyncio.Lock] = field(factory=lambda: defaultdict(asyncio.Lock), init=False)

    def __attrs_post_init__(self) -> None:
        # An earlier run may have sent requests up to the moment at which this one opened its journal.
        self._began = self.clock()

    @property
    def remote(self) -> Remote:
        """Parent below which all folders are."""
        return self.listing.remote

    async def ready(self, folder: int) -> RemoteFolder:
        """Return the remote folder of a journal's row, and create it if necessary.

        Raises:
            APIError: If it cannot be found or created; the same error again until `clear_failures`.
        """
        if (remote := self._remote_folders.get(folder)) is not None:
            return remote
        root, *below = await self.journal.read(lambda db: lineage(db, folder))
        self._remote_folders[root] = RemoteFolder(self.remote.parent, fresh=False, made=False)
        for row in below:
            await self._resolve_once(row)
        return self._remote_folders[folder]

    async def _resolve_once(self, folder: int) -> RemoteFolder:
        async with self._locks[folder]:
            if folder not in self._remote_folders:
                if folder in self._failures:
                    raise self._failures[folder]
                try:
                    self._remote_folders[folder] = await self._ready(folder)
                except APIError as exc:
                    self._failures[folder] = exc
                    raise
        self._locks.pop(folder, None)
        return self._remote_folders[folder]

    def clear_failures(self) -> None:
        """Forget the failures, so that they are tried again."""
        self._failures.clear()

    async def _ready(self, folder: int) -> RemoteFolder:
        row = await self.journal.read(lambda db: row_of(db, folder))
        if row.state == FolderState.READY and row.remote:
            return RemoteFolder(row.remote, fresh=False, made=row.made)
        assert row.parent is not None  # noqa: S101  # `ready` has resolved all folders above
        inside = self._remote_folders[row.parent]
        if row.state == FolderState.CREATING:
            found = await self._look_for(row, inside, self._lost.get(folder, self._began))
            return await self._own(row, inside, found) if found else await self._create(row, inside)
        if folder in self._refused:  # a gateway may have reported the refusal wrongly
            await self.listing.load_again()
            if found := await self.remote.find_folders(inside.id, row.title):
                return await self._own(row, inside, found)
        known = await self.maker.get(inside.id, row.title)
        if known is not None:
            return self._share(row, known)
        found = await self._find(row, inside)
        return await self._take(row, found) if found else await self._create(row, inside)

    async def _find(self, row: Row, inside: RemoteFolder) -> list[str]:
        """Find a folder that no request of this journal can have created."""
        if inside.fresh:
            return []
        await self.listing.load()
        found = await self.remote.find_folders(inside.id, row.title)
        # In the parent only a superfluous empty folder is at stake: a dead job that had just requested its
        # first folder has put nothing into it.
        is_harmless = inside.id == self.remote.parent and not self.quiet.wait.is_certain
        if found or inside.made or is_harmless or not self.quiet.is_needed:
            return found
        await self.quiet.wait.over()
        await self.quiet.check_folders()
        return await self.remote.find_folders(inside.id, row.title)

    async def _create(self, row: Row, inside: RemoteFolder) -> RemoteFolder:
        """Create a folder, unless another process of this job has created it."""
        created: list[RemoteFolder] = []

        async def create() -> str:
            created.append(await self._create_here(row, inside))
            return created[0].id

        async def find() -> str | None:
            await self.listing.load_again()
            return next(iter(await self.remote.find_folders(inside.id, row.title)), None)

        folder_id = await self.maker.make(inside.id, row.title, create, find)
        return created[0] if created else self._share(row, folder_id)

    def _share(self, row: Row, folder_id: str) -> RemoteFolder:
        """Use the folder that another process of this job has created."""
        self.journal.note(_update_row(row, FolderState.READY, folder_id, run=BY_OTHER_PROCESS))
        return RemoteFolder(folder_id, fresh=False, made=True)

    async def _create_here(self, row: Row, inside: RemoteFolder) -> RemoteFolder:
        lost: APIError | None = None
        for _ in range(ROUNDS):
            began = self.clock()
            try:
                async with self.width:
                    # Written when the request may be sent, not earlier: after a crash, an intent on disk
                    # causes a wait.
                    await self.journal.write(_update_row(row, FolderState.CREATING, None))
                    made = await perform(
                        self.remote.api,
                        calls.create(FOLDERS.path, NewFolder(title=row.title, parent=inside.id)),
                    )
            except APIError as exc:
                if not isinstance(exc, OutcomeUnknownError):
                    self._refused.add(row.id)
                    self.journal.note(_update_row(row, FolderState.WANTED, None))
                    raise
                lost = exc
                self._lost[row.id] = self.clock()
                found = await self._look_for(row, inside, self._lost[row.id])
                if found:
                    return await self._own(row, inside, found)
            else:
                await self.made(row.path, made)
                if not inside.made:
                    took = self.clock() - began
                    await self.siblings.check(
                        CreatedFolder(row.id, row.path, inside.id, row.title, made, took)
                    )
                self.journal.note(_update_row(row, FolderState.READY, made, run=self.journal.run))
                return RemoteFolder(made, fresh=True, made=True)
        assert lost is not None  # noqa: S101  # there is at least one round
        raise lost

    async def _take(self, row: Row, found: list[str]) -> RemoteFolder:
        """Use an existing folder."""
        if len(found) > 1:
            message = f"{len(found)} folders in one folder have the title {row.title!r}: {', '.join(found)}"
            self.journal.note(items.add_finding("warning", message))
        self.journal.note(_update_row(row, FolderState.READY, found[0]))
        return RemoteFolder(found[0], fresh=False, made=False)

    async def _own(self, row: Row, inside: RemoteFolder, found: list[str]) -> RemoteFolder:
        """Use the folder that a request of this journal created, whose response was lost."""
        own = found[0] if len(found) == 1 else None
        if own is None or not inside.made:
            made = CreatedFolder(row.id, row.path, inside.id, row.title, own)
            await self.siblings.check(made, listed=True)
        self.journal.note(_update_row(row, FolderState.READY, found[0], run=self.journal.run))
        return RemoteFolder(found[0], fresh=False, made=True)

    async def _look_for(self, row: Row, inside: RemoteFolder, lost_at: float) -> list[str]:
        """Look up the folder until the lost request has been carried out, or can no longer be.

        Raises:
            OutcomeUnknownError: If it was not found, and the list of folders is incomplete.
        """
        for due in probe_schedule(self.policy):
            await self.sleep(max(0.0, lost_at + due - self.clock()))
            await self.listing.load_again()
            if found := await self.remote.find_folders(inside.id, row.title):
                return found
        if self.listing.incomplete_reason is not None:
            raise OutcomeUnknownError(
                f"it is unknown whether folder {row.title!r} was created in {inside.id}, because the list of "
                f"folders is incomplete: {self.listing.incomplete_reason}; look for it before creating it "
                "again",
                Request("POST", FOLDERS.path),
            )
        return []


def _update_row(row: Row, state: FolderState, remote: str | None, *, run: int = 0) -> Statement:
    """Return the statement that changes a folder; `run` is the run of this journal that created it."""
    return "UPDATE folder SET state = ?, remote = ?, made = ? WHERE id = ?", (state, remote, run, row.id)
