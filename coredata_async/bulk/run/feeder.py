"""Feeder: claims the pending files of a ready folder in the journal, in batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from attrs import define, field, frozen

from coredata_async.bulk.journal.claims import (
    BATCH,
    Work,
    claim_large,
    claim_small,
    is_complete,
    remote_namesakes,
)
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.settle_wait import SettleWait
from coredata_async.bulk.remote.folder_list import FolderList, FolderMaker, LocalFolderMaker
from coredata_async.bulk.remote.folders import Folders, RemoteFolder
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.remote.other_jobs import OtherJobs, QuietCheck, count_others
from coredata_async.bulk.remote.siblings import Siblings
from coredata_async.bulk.states import Ended
from coredata_async.config import Retry
from coredata_async.errors import OutcomeUnknownError
from coredata_async.message import Request
from coredata_async.resources.files import FILES


@define(eq=False)
class Feeder:
    """Claims the files of folders for the workers, each once in a run: the claim is in the journal."""

    journal: Journal
    folders: Folders
    remote: Remote
    quiet: QuietCheck
    others: OtherJobs
    listed: bool = field(default=False, kw_only=True)
    """True if the Files in the journal are a current listing of all folders, so that none is read."""
    _open: dict[int, RemoteFolder] = field(factory=dict[int, RemoteFolder], init=False)
    _early: set[int] = field(factory=set[int], init=False)
    """Open folders in which a request of an earlier job may still be in flight."""
    _locks: dict[int, asyncio.Lock] = field(factory=dict[int, asyncio.Lock], init=False)

    async def small(self, folder: int) -> AsyncIterator[Work]:
        """Yield the files of one folder, except the large ones.

        Raises:
            APIError: If the folder cannot be found, created or listed.
        """
        remote = await self.open_folder(folder)
        last = b""
        while True:
            batch = await self.journal.read(
                partial(claim_small, run=self.journal.run, folder=folder, after=last)
            )
            last = batch.last
            for item, namesakes in batch.files:
                yield Work(item, remote.id, namesakes, settled=folder not in self._early)
            if len(batch.files) < BATCH:
                return

    async def large_file(self) -> Item | None:
        """Claim the largest unclaimed file of all scanned folders."""
        return await self.journal.read(lambda db: claim_large(db, self.journal.run))

    async def ready(self, item: Item, *, settled: bool = False) -> Work:
        """Return a single file with the facts that a worker needs.

        Args:
            item: The file.
            settled: Wait first until no request of an earlier job can be in flight in its folder.

        Raises:
            APIError: If its folder cannot be found, created or listed.
        """
        remote = await self.open_folder(item.folder, settled=settled)
        namesakes = await self.journal.read(lambda db: remote_namesakes(db, item))
        return Work(item, remote.id, namesakes, settled=item.folder not in self._early)

    async def open_folder(self, folder: int, *, settled: bool = False) -> RemoteFolder:
        """Return a folder that exists, and whose Files are listed."""
        if self._is_open(folder, settled=settled):
            return self._open[folder]
        async with self._locks.setdefault(folder, asyncio.Lock()):
            if not self._is_open(folder, settled=settled):
                remote = await self.folders.ready(folder)
                self._early.discard(folder)
                if not (remote.fresh or self.listed):
                    await self._list_settled(folder, remote, settled=settled)
                if folder not in self._early:  # otherwise Files of a dead job may still appear in it
                    self.others.watch(folder)
                self._open[folder] = remote
        self._locks.pop(folder, None)
        return self._open[folder]

    def _is_open(self, folder: int, *, settled: bool) -> bool:
        return folder in self._open and not (settled and folder in self._early)

    async def _list(self, folder: int, remote: RemoteFolder) -> None:
        if self.remote.is_project(remote.id):
            await self.folders.listing.load()
        async with self.folders.width:
            doubt = await self.remote.load_files(folder, remote.id)
        if doubt is not None and self._is_moved:
            raise OutcomeUnknownError(
                f"it is unknown which Files of folder {remote.id} a former owner of this shard has uploaded, "
                f"because the list of its Files is incomplete: {doubt}; run it again",
                Request("GET", FILES.path),
            )

    @property
    def _is_moved(self) -> bool:
        """True if another process may have uploaded files of this journal: a listing is the only proof."""
        return self.quiet.wait.sent.by == "owner"

    async def _list_settled(self, folder: int, remote: RemoteFolder, *, settled: bool) -> None:
        early = self.quiet.wait.remaining() > 0
        await self._list(folder, remote)
        if not remote.made:
            await self._settle(folder, remote, settled=settled, early=early)

    async def _settle(self, folder: int, remote: RemoteFolder, *, settled: bool, early: bool) -> None:
        """Wait until no request of an earlier job, whose journal is lost, can be in flight in a folder.

        It does not wait if all pending files of the folder seem to exist: workers then compare, and defer the
        others. In the parent itself the wait is short if nothing in it suggests an earlier job. The former
        owner of a shard has lost its lease, so no second listing is needed to detect that it is at work.
        """
        if not self.quiet.is_needed:
            return
        if not settled and await self._is_complete(folder):
            self._early.add(folder)
            return
        wait = self.quiet.wait
        if remote.id == self.remote.parent and not wait.is_certain and not await self._others(folder):
            await wait.over(full=False)
            await self._list(folder, remote)
            if not await self._others(folder):
                return
        if await wait.over() or early:
            await self._list(folder, remote)
        if not self._is_moved and not await self._is_complete(folder):
            await self.quiet.check(folder, partial(self._list, folder, remote))

    async def _others(self, folder: int) -> int:
        return await self.journal.read(partial(count_others, folder=folder))

    async def _is_complete(self, folder: int) -> bool:
        return await self.journal.read(partial(is_complete, folder=folder))


@frozen
class Placement:
    """Folders of a run, and the protection against other jobs in them."""

    others: OtherJobs
    siblings: Siblings
    folders: Folders
    feeder: Feeder

    @classmethod
    def build(
        cls,
        remote: Remote,
        retry: Retry,
        wait: SettleWait,
        *,
        abort: Callable[[Ended, str], None],
        on_created: Callable[[bytes, str], Awaitable[None]],
        maker: FolderMaker | None = None,
        listed: bool = False,
    ) -> Placement:
        """Connect the parts.

        Args:
            remote: The server below the parent.
            retry: The retry policy.
            wait: The wait for requests of other processes.
            abort: Ends the run.
            on_created: Called for each folder that was created.
            maker: Creates folders; by default those of a job in one process.
            listed: True if the Files in the journal are a current listing of all folders.
        """
        listing, journal = FolderList(remote), remote.journal
        others = OtherJobs(journal, abort)
        siblings = Siblings(listing, journal, others, retry)
        maker = maker or LocalFolderMaker()
        quiet = QuietCheck(wait, listing, journal, others, retry.probe_gap, maker=maker)
        folders = Folders(listing, journal, retry, quiet, siblings, on_created, maker=maker)
        return cls(others, siblings, folders, Feeder(journal, folders, remote, quiet, others, listed=listed))
