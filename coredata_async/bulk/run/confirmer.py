"""From CONFIRMED to DONE: a listing has to show each File, with the right bytes, in the right place."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from coredata_async.bulk.journal.items import JOINED, Item, item_of
from coredata_async.bulk.remote.folders import Folders
from coredata_async.bulk.remote.listing import LISTED, ListedFile
from coredata_async.bulk.remote.other_jobs import OtherJobs
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.states import Reason, State
from coredata_async.call import perform
from coredata_async.errors import APIError, AuthenticationError, NotFoundError
from coredata_async.wire import calls

OFTEN: Final = 1000
"""After so many Files in one folder a listing is read, and does not wait for the folder's end."""
FOLDERS: Final = 4
"""Folders at once."""
AT_ONCE: Final = 5000
"""Files compared with one listing, held in memory."""
FEW: Final = 2
"""As many Files, or fewer, are asked for one by one."""
PATIENCE: Final = 3
"""How often a File is asked for that the service confirmed, and does not show."""
MARGIN: Final = timedelta(seconds=5)
"""How much earlier than its reservation, by another clock of the server, a File may seem to be made."""


@define(eq=False)
class Confirmer:
    """Compares what was registered with what is listed, folder by folder: one page for some 200 Files."""

    run: RunContext
    folders: Folders
    others: OtherJobs
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _wanted: asyncio.Queue[tuple[int, bool]] = field(factory=asyncio.Queue[tuple[int, bool]], init=False)
    _locks: defaultdict[int, asyncio.Lock] = field(factory=lambda: defaultdict(asyncio.Lock), init=False)
    _since: Counter[int] = field(factory=Counter[int], init=False)

    def one_more(self, folder: int) -> None:
        """Another File of a folder was confirmed."""
        self._since[folder] += 1
        if self._since[folder] % OFTEN == 0:
            self._wanted.put_nowait((folder, False))

    def complete(self, folder: int) -> None:
        """Nothing of a folder is in flight at the moment."""
        if self._since.pop(folder, 0):
            self._wanted.put_nowait((folder, True))

    def want(self, folder: int) -> None:
        """See to all that is CONFIRMED in a folder."""
        self._wanted.put_nowait((folder, True))

    async def idle(self) -> None:
        """Wait until everything that was wanted is done."""
        await self._wanted.join()

    async def work(self) -> None:
        """Confirm what is wanted, forever."""
        while True:
            folder, complete = await self._wanted.get()
            try:
                await self.sweep(folder, complete=complete)
            finally:
                self._wanted.task_done()

    async def unconfirmed_folders(self) -> list[int]:
        """Folders with Files that are CONFIRMED: of an earlier run, too."""
        question = "SELECT DISTINCT folder FROM item WHERE state = ?"
        return await self.run.journal.read(
            lambda db: [row[0] for row in db.execute(question, (State.CONFIRMED,))]
        )

    async def sweep(self, folder: int, *, complete: bool) -> None:
        """Confirm the Files of a folder; unless it is complete, what no list shows yet is left.

        Two sweeps of one folder must not meet: each File is told of once.
        """
        async with self._locks[folder]:
            await self._swept(folder, complete=complete)

    async def _swept(self, folder: int, *, complete: bool) -> None:
        while items := await self.run.journal.read(lambda db: _confirmed_items(db, folder)):
            try:
                place = await self.folders.ready(folder)
                # Others may put Files where this job has not made the folder: a listing shows them.
                alone = len(items) <= FEW and place.made
                missing = items if alone else await self._confirm_from_listing(items, place.id)
            except APIError as exc:
                await self._warn(exc)
                return
            if not complete:
                return
            await self._confirm_by_id(missing, place.id)
            if len(items) < AT_ONCE:
                return

    async def _confirm_from_listing(self, items: Sequence[Item], inside: str) -> Sequence[Item]:
        """Compare with the listing, and give what it does not show."""
        missing = {item.file: item for item in items}
        folder = items[0].folder
        listing = self.run.remote.files(inside, since=_earliest(items))
        async with aclosing(listing.pages(prefetch=1)) as pages:
            async for page in pages:
                ours = [each for each in page.items if each.id in missing]
                files = await self.run.remote.direct_children(ours, inside)
                shown = dict.fromkeys(file.id for file in files if _is_shown(missing[file.id], file))
                if shown:
                    await self.run.finish([missing.pop(each) for each in shown])
                await self._look_for_others(folder, page.items, {each.id for each in ours}, inside)
                if not missing:
                    break
        return list(missing.values())

    async def _look_for_others(
        self, folder: int, files: Sequence[ListedFile], ours: Collection[str], inside: str
    ) -> None:
        if further := [each for each in files if each.id not in ours]:
            await self.others.check(folder, await self.run.remote.direct_children(further, inside))

    async def _confirm_by_id(self, items: Sequence[Item], inside: str) -> None:
        for item in items:
            try:
                await self._confirm_one(item, inside)
            except APIError as exc:
                await self._warn(exc)
                return

    async def _confirm_one(self, item: Item, inside: str) -> None:
        """Ask for one File by its id: lists may lag behind."""
        for attempt in range(PATIENCE):
            try:
                file = await perform(self.run.engine.api, calls.get(LISTED, item.file or ""))
            except NotFoundError:
                await self.sleep(self.run.engine.retry.probe_gap if attempt < PATIENCE - 1 else 0)
                continue
            if not await self.run.remote.direct_children([file], inside):
                words = f"File {item.file} is not where it was put, but in {file.parent}"
                await self.run.mark_unresolved(item, words)
            elif _size(file) not in {None, item.fingerprint.size} or _digest(file) not in {"", item.md5}:
                words = (
                    f"File {file.id} holds other bytes than were sent ({_size(file)} bytes with MD5 "
                    f"{_digest(file) or '?'}, not {item.fingerprint.size} with {item.md5}): replace its "
                    "content, "
                    "or delete it"
                )
                await self.run.fail(item, Reason.MISMATCH, words)
            else:  # the server may tell no digest: that the File is there has to do
                await self.run.finish([item])
            return
        await self.run.mark_unresolved(item, f"the service made File {item.file}, and does not show it")

    async def _warn(self, exc: APIError) -> None:
        await self.run.warn(f"some Files could not be confirmed yet; the next run does it: {exc}")
        if isinstance(exc, AuthenticationError):
            self.run.abort("authentication", str(exc))


def _confirmed_items(db: sqlite3.Connection, folder: int) -> list[Item]:
    rows = db.execute(
        f"{JOINED} WHERE item.folder = ? AND item.state = ? LIMIT ?",
        (folder, State.CONFIRMED, AT_ONCE),
    )
    return [item_of(row) for row in rows.fetchall()]


def _is_shown(item: Item, file: ListedFile) -> bool:
    """Return whether a list proves that the File is there, with the right bytes.

    One that shows other bytes proves nothing: it may lag behind a new version.
    """
    digest, size = _digest(file), _size(file)
    if size not in {None, item.fingerprint.size} or digest not in {"", item.md5}:
        return False
    by_blob = file.blob_name is not None and file.blob_name == item.blob
    return by_blob or bool(digest and size is not None)


def _digest(file: ListedFile) -> str:
    return (file.digest or "").lower()


def _size(file: ListedFile) -> int | None:
    return file.size or (0 if file.digest else None)  # servers of 2014 knew no sizes, and said 0


def _earliest(items: Sequence[Item]) -> datetime | None:
    """Since when the Files can exist; `None` if it is not known of all."""
    known = [item.since for item in items if item.since is not None]
    return min(known) - MARGIN if len(known) == len(items) else None
