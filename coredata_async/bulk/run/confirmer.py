"""Confirmer: a file becomes DONE when a listing shows its File with the right bytes in the right folder."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from coredata_async.bulk.journal.claims import read_confirmed
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.remote.folders import Folders
from coredata_async.bulk.remote.listing import LISTED, ListedFile
from coredata_async.bulk.remote.other_jobs import OtherJobs
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.states import Reason, State
from coredata_async.call import perform
from coredata_async.errors import APIError, AuthenticationError, NotFoundError
from coredata_async.wire import calls

OFTEN: Final = 1000
"""Number of Files in one folder after which a listing is read before the folder is complete."""
FOLDERS: Final = 4
"""Maximum number of folders that are confirmed at once."""
AT_ONCE: Final = 5000
"""Maximum number of Files compared with one listing; they are held in memory."""
FEW: Final = 2
"""Maximum number of Files that are read one by one instead of by a listing."""
PATIENCE: Final = 3
"""Maximum number of reads of a File that the service confirmed and does not show."""
MARGIN: Final = timedelta(seconds=5)
"""Time by which a File may seem older than its reservation, because of another clock of the server."""


@define(eq=False)
class Confirmer:
    """Compares registered files with the listing, folder by folder: one page for about 200 Files."""

    run: RunContext
    folders: Folders
    others: OtherJobs
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _requested: asyncio.Queue[tuple[int, bool]] = field(factory=asyncio.Queue[tuple[int, bool]], init=False)
    _locks: defaultdict[int, asyncio.Lock] = field(factory=lambda: defaultdict(asyncio.Lock), init=False)
    _since: Counter[int] = field(factory=Counter[int], init=False)

    def count_confirmed(self, folder: int) -> None:
        """Count another confirmed File of a folder."""
        self._since[folder] += 1
        if self._since[folder] % OFTEN == 0:
            self._requested.put_nowait((folder, False))

    def complete(self, folder: int) -> None:
        """Confirm a folder, because none of its files is in flight now."""
        if self._since.pop(folder, 0):
            self._requested.put_nowait((folder, True))

    def request(self, folder: int) -> None:
        """Confirm all files of a folder that are CONFIRMED."""
        self._requested.put_nowait((folder, True))

    async def idle(self) -> None:
        """Wait until all requested folders are confirmed."""
        await self._requested.join()

    async def work(self) -> None:
        """Confirm the requested folders, forever."""
        while True:
            folder, complete = await self._requested.get()
            try:
                await self.sweep(folder, complete=complete)
            finally:
                self._requested.task_done()

    async def list_unconfirmed_folders(self) -> list[int]:
        """Return the folders with files that are CONFIRMED, including those of an earlier run."""
        query = "SELECT DISTINCT folder FROM item WHERE state = ?"
        return await self.run.journal.read(
            lambda db: [row[0] for row in db.execute(query, (State.CONFIRMED,))]
        )

    async def sweep(self, folder: int, *, complete: bool) -> None:
        """Confirm the files of a folder; unless it is complete, files that no listing shows yet are left.

        Only one sweep of a folder runs at a time, so that each file is reported once.
        """
        async with self._locks[folder]:
            await self._confirm_folder(folder, complete=complete)

    async def _confirm_folder(self, folder: int, *, complete: bool) -> None:
        while items := await self.run.journal.read(lambda db: read_confirmed(db, folder, AT_ONCE)):
            try:
                remote = await self.folders.ready(folder)
                # In a folder that this job has not created, others may put Files, which only a listing shows.
                alone = len(items) <= FEW and remote.made
                missing = items if alone else await self._confirm_from_listing(items, remote.id)
            except APIError as exc:
                await self._warn(exc)
                return
            if not complete:
                return
            await self._confirm_by_id(missing, remote.id)
            if len(items) < AT_ONCE:
                return

    async def _confirm_from_listing(self, items: Sequence[Item], inside: str) -> Sequence[Item]:
        """Compare files with the listing, and return those that it does not show."""
        missing = {item.file: item for item in items}
        folder = items[0].folder
        listing = self.run.remote.files(inside, since=_earliest(items))
        async with aclosing(listing.pages(prefetch=1)) as pages:
            async for page in pages:
                ours = [file for file in page.items if file.id in missing]
                files = await self.run.remote.direct_children(ours, inside)
                shown = dict.fromkeys(file.id for file in files if _is_shown(missing[file.id], file))
                if shown:
                    await self.run.finish([missing.pop(file_id) for file_id in shown])
                await self._look_for_others(folder, page.items, {file.id for file in ours}, inside)
                if not missing:
                    break
        return list(missing.values())

    async def _look_for_others(
        self, folder: int, files: Sequence[ListedFile], ours: Collection[str], inside: str
    ) -> None:
        if further := [file for file in files if file.id not in ours]:
            await self.others.check(folder, await self.run.remote.direct_children(further, inside))

    async def _confirm_by_id(self, items: Sequence[Item], inside: str) -> None:
        for item in items:
            try:
                await self._confirm_one(item, inside)
            except APIError as exc:
                await self._warn(exc)
                return

    async def _confirm_one(self, item: Item, inside: str) -> None:
        """Confirm one file by the id of its File, because listings may lag behind."""
        for attempt in range(PATIENCE):
            try:
                file = await perform(self.run.engine.api, calls.get(LISTED, item.file or ""))
            except NotFoundError:
                await self.sleep(self.run.engine.retry.probe_gap if attempt < PATIENCE - 1 else 0)
                continue
            if not await self.run.remote.direct_children([file], inside):
                where = f"is in folder {file.parent}" if file.parent else "is shown without its folder"
                message = f"File {item.file} {where}, and not in the one it was registered for"
                await self.run.mark_unresolved(item, message)
            elif _size(file) not in {None, item.fingerprint.size} or _digest(file) not in {"", item.md5}:
                message = (
                    f"File {file.id} has other bytes than were sent ({_size(file)} bytes with MD5 "
                    f"{_digest(file) or '?'}, not {item.fingerprint.size} with {item.md5}): replace its "
                    "content, "
                    "or delete it"
                )
                await self.run.fail(item, Reason.MISMATCH, message)
            else:  # if the server reports no digest, the existence of the File must suffice
                await self.run.finish([item])
            return
        await self.run.mark_unresolved(item, f"the service confirmed File {item.file}, but does not show it")

    async def _warn(self, exc: APIError) -> None:
        await self.run.warn(f"some Files could not be confirmed yet; the next run confirms them: {exc}")
        if isinstance(exc, AuthenticationError):
            self.run.abort("authentication", str(exc))


def _is_shown(item: Item, file: ListedFile) -> bool:
    """Return whether a listing proves that the File exists with the right bytes.

    A listing with other bytes proves nothing: it may lag behind a new version.
    """
    digest, size = _digest(file), _size(file)
    if size not in {None, item.fingerprint.size} or digest not in {"", item.md5}:
        return False
    by_blob = file.blob_name is not None and file.blob_name == item.blob
    return by_blob or bool(digest and size is not None)


def _digest(file: ListedFile) -> str:
    return (file.digest or "").lower()


def _size(file: ListedFile) -> int | None:
    return file.size if file.size or file.digest else None  # servers of 2014 do not know sizes, and report 0


def _earliest(items: Sequence[Item]) -> datetime | None:
    """Return the earliest creation time of the Files; `None` if it is unknown for one of them."""
    known = [item.since for item in items if item.since is not None]
    return min(known) - MARGIN if len(known) == len(items) else None
