"""Duplicate folders: several folders of one title in one folder, created by two jobs at the same time.

The service has no locks and does not refuse a second folder of the same title. So a folder that was created
where other jobs may create folders, too, is listed again, and the oldest one counts. The job that finds an
older one, or one of about the same age, ends. Only a job whose folder is certainly older continues, because
the other one has found it by then.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Final

from attrs import define, evolve, field, frozen

from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.batching import Statement
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.remote.folder_list import FolderList
from coredata_async.bulk.remote.listing import Sibling
from coredata_async.bulk.remote.other_jobs import OtherJobs
from coredata_async.bulk.states import FolderState
from coredata_async.config import Retry
from coredata_async.errors import APIError

RESOLUTION: Final = 1.0
"""Resolution of the creation time of folders on servers, in seconds."""

SHORTEST: Final = 10.0
"""Minimum number of seconds before the folders are listed again: short jobs send no further requests."""

MANY: Final = 1000
"""Maximum number of folders that are compared at once."""


@frozen
class CreatedFolder:
    """Folder that this job created, or requested, where others may create folders, too."""

    row: int
    """Row in the journal."""
    path: bytes
    """Path of the local directory."""
    inside: str
    title: str
    id: str | None
    """`None` if the response was lost, so that it may be any of the folders found."""
    took: float = 0.0
    """Seconds between request and response, during which others may not have seen the folder."""


@define(eq=False)
class Siblings:
    """Watcher for duplicates of created folders: it lists them at once, and twice more during the run."""

    folders: FolderList
    journal: Journal
    others: OtherJobs
    retry: Retry
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    _watched: dict[int, CreatedFolder] = field(factory=dict[int, CreatedFolder], init=False)
    _reported: set[str] = field(factory=set[str], init=False)
    _first: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def check(self, made: CreatedFolder, *, listed: bool = False) -> None:
        """Check for the same folder of another job; if one exists, agree on the oldest, or end the run.

        Args:
            made: The folder.
            listed: True if the folders were listed since it was created.

        Raises:
            APIError: If the folders could not be listed.
        """
        if not listed:
            await self.folders.load_again()
        found = await self.folders.remote.siblings(made.inside, made.title)
        further = [sibling for sibling in found if sibling.id != made.id]
        if made.id is None and len(found) <= 1:
            further = []
        if further:
            await self._agree(made, found, further)
        self._watched[made.row] = evolve(made, id=made.id or found[0].id)
        self._first.set()

    async def watch(self) -> None:
        """Check twice more: a listing may lag behind, and a request of a dead job may be carried out late."""
        await self._first.wait()
        began = self.clock()
        gap, settle = self.retry.probe_gap, self.retry.settle
        for due in sorted({max(delay, SHORTEST) for delay in (gap, settle + gap)}):
            await self.sleep(began + due - self.clock())
            with suppress(APIError):
                await self.check_again()

    async def check_again(self) -> None:
        """Check for new duplicates of the folders that were created in this run.

        A duplicate with content ends the run; an empty one is noted. Sends one listing of all folders, if
        this run created any.

        Raises:
            APIError: If the folders could not be listed.
        """
        run = self.journal.run
        if bool(self._watched) or await self.journal.read(partial(_has_created, run=run)):
            await self.folders.load_again()
            for made in (
                *self._watched.values(),
                *await self.journal.read(partial(_find_duplicated, run=run)),
            ):
                await self._compare(made)

    async def _agree(self, made: CreatedFolder, found: Sequence[Sibling], further: Sequence[Sibling]) -> None:
        mine = next((sibling for sibling in found if sibling.id == made.id), None)
        self._reported.update(sibling.id for sibling in further)
        if mine is not None and all(_is_later(sibling, mine, made.took) for sibling in further):
            self.journal.note(_duplicate(made, found))
            return
        oldest = found[0]
        await self.others.stop(
            f"folder {made.title!r} for {path_text(made.path)} was created by another process at the same "
            f"time; {len(found)} exist now ({_ids(found)}), and the oldest, {oldest.id}, is the one to keep",
            (
                "UPDATE folder SET state = ?, remote = ? WHERE id = ?",
                (FolderState.READY, oldest.id, made.row),
            ),
            _duplicate(made, found),
        )

    async def _compare(self, made: CreatedFolder) -> None:
        found = await self.folders.remote.siblings(made.inside, made.title)
        for sibling in found:
            if sibling.id == made.id or sibling.id in self._reported:
                continue
            self._reported.add(sibling.id)
            self.journal.note(_duplicate(made, found))
            if await self._holds_anything(sibling.id):
                await self.others.stop(
                    f"another process uploads {path_text(made.path)} into a separate folder, {sibling.id}, "
                    f"beside {made.id}"
                )

    async def _holds_anything(self, folder: str) -> bool:
        remote = self.folders.remote
        if await remote.subfolders(folder):
            return True
        async with aclosing(remote.files(folder).pages()) as pages:
            async for page in pages:
                return bool(page.items)
        return False


def _has_created(db: sqlite3.Connection, run: int) -> bool:
    return db.execute("SELECT 1 FROM folder WHERE made = ? LIMIT 1", (run,)).fetchone() is not None


def _find_duplicated(db: sqlite3.Connection, run: int) -> list[CreatedFolder]:
    """Return the folders that were created in this run and are not the only ones of their title."""
    return [CreatedFolder(*row) for row in db.execute(_DUPLICATED, (run, MANY))]


def _is_later(other: Sibling, mine: Sibling, took: float) -> bool:
    """Return whether another folder was created so much later that its job has certainly seen this one."""
    return other.created - mine.created >= took + RESOLUTION


def _duplicate(made: CreatedFolder, found: Sequence[Sibling]) -> Statement:
    message = (
        f"{path_text(made.path)}: {len(found)} folders in one folder have the title {made.title!r}: "
        f"{_ids(found)}"
    )
    return items.add_finding("duplicate", message)


def _ids(found: Sequence[Sibling]) -> str:
    return ", ".join(sibling.id for sibling in found)


_DUPLICATED: Final = (
    "SELECT folder.id, folder.path, up.remote, folder.title, folder.remote FROM folder "
    "JOIN folder AS up ON up.id = folder.parent JOIN remote_folder ON remote_folder.parent = up.remote "
    "AND remote_folder.title = folder.title AND remote_folder.id != folder.remote WHERE folder.made = ? "
    "LIMIT ?"
)
