"""A tree compared with what the server holds: per file `=`, `-`, `+`, `*` or `!`."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from attrs import define, field, frozen

from coredata_async.bulk.check.compare import Compared, FileComparer, Sample
from coredata_async.bulk.check.planned_files import PlannedFile, planned_files
from coredata_async.bulk.check.remote_only import (
    Branch,
    RemoteOnly,
    list_unmatched,
    only_there,
    remove_matched,
    second_folder,
)
from coredata_async.bulk.journal.identity import JobIdentity
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.scratch import plan_into, scratch_journal
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.remote.folder_lookup import FolderLookup
from coredata_async.bulk.remote.folders import Row
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.roots import PathLike, roots
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.states import State
from coredata_async.client import CoreData
from coredata_async.transfer.workers import map_concurrently
from coredata_async.wire.lookups import segment

WIDTH: Final = 8


async def check(
    client: CoreData,
    paths: PathLike | Sequence[PathLike],
    *,
    parent: str,
    selection: Selection | None = None,
    policy: Policy | None = None,
    width: int = WIDTH,
    sample: Sample | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[Compared, None]:
    """Compare files and trees with what the server holds below a parent; nothing is written anywhere.

    The PATHs, their selection and names are taken as `UploadJob` takes them: after a job that succeeded,
    everything is the same. By folder, name, size and digest; what is here is read, what is there only listed.
    Of the parent itself only what has the name of a PATH counts, unless the PATH is `DIR/.`. Skipped links
    and what the selection leaves out are not compared, on either side. Memory does not grow with the number
    of files.

    Args:
        client: Whose service.
        paths: Files and directories.
        parent: Id of a Project, Folder or Filespace.
        selection: Which files; names and sizes are looked at on both sides, ages only here.
        policy: Only links, names and unicode matter.
        width: Files read at once.
        sample: Which of the files that seem the same are downloaded, and compared byte by byte.
        warn: Told what a person should know, as of a link that leads out of the tree.

    Yields:
        One per file, and per further File of its name, when the scan is complete.

    Raises:
        APIError: The service could not be asked.
        ConfigurationError: Something cannot be meant as it is written.
    """
    selection, policy = selection or Selection(), policy or Policy()
    every = [paths] if isinstance(paths, str | bytes | os.PathLike) else list(paths)
    batches = scan(every, selection, policy)
    engine = client.engine()
    segment(parent, "parent")
    binding = JobIdentity(
        engine.tenant, engine.account, parent, tuple(root.as_given for root in roots(every))
    )
    project = await check_parent(engine.api, parent)
    async with scratch_journal(binding) as journal:
        await plan_into(journal, batches, warn)
        remote = Remote(engine.api, journal, parent, project, policy.unicode)
        side = Checker(
            journal,
            FolderLookup(remote, journal),
            FileComparer(client, sample),
            RemoteOnly(remote, selection),
            width,
        )
        async with aclosing(side.all()) as found:
            async for each in found:
                yield each


@frozen
class Scope:
    """What is known of a directory when its turn comes."""

    prefix: str
    """Its path below the parent, with a final slash."""
    wanted: Filter
    """What of it is selected by rules."""
    is_top: bool = False
    """Whether it holds the PATHs themselves, which no rule leaves out."""


@define(eq=False)
class Checker:
    """Compares directory by directory, each after the one it is in."""

    journal: Journal
    folder_lookup: FolderLookup
    comparer: FileComparer
    remote_only: RemoteOnly
    width: int
    _scopes: dict[int, Scope] = field(factory=dict[int, Scope], init=False)

    async def all(self) -> AsyncGenerator[Compared, None]:
        """All of it."""
        await self.folder_lookup.load()
        async with aclosing(self.folder_lookup.rows()) as rows:
            async for row in rows:
                self._scopes[row.id] = self._scope(row)
                async with aclosing(self._directory(row)) as found:
                    async for each in found:
                        yield each

    async def _directory(self, row: Row) -> AsyncGenerator[Compared, None]:
        place, prefix, after = await self.folder_lookup.find_folder(row), self._scopes[row.id].prefix, b""
        whole = place is not None and await self.journal.read(partial(_is_whole, folder=row.id))
        if place is not None and (whole or await self.journal.read(partial(_has_files, folder=row.id))):
            await self.folder_lookup.remote.load_files(row.id, place)
        while some := await self.journal.read(partial(_next_files, folder=row.id, after=after)):
            chosen = [each for each in some if each.item.state != State.SKIPPED]
            for found in await map_concurrently(
                chosen, partial(self.comparer.compare, prefix=prefix), self.width
            ):
                for each in found:
                    yield each
            after = some[-1].name
        if place is None:
            return
        strays = whole and self.remote_only.selection.files_from is None
        if strays:
            async with aclosing(self._only_there(row, place)) as rest:
                async for each in rest:
                    yield each
        async with aclosing(self._second_folders(row, place, strays=strays)) as again:
            async for each in again:
                yield each

    async def _only_there(self, row: Row, place: str) -> AsyncGenerator[Compared, None]:
        scope = self._scopes[row.id]
        branch = Branch(place, scope.prefix, scope.wanted, row.id)
        while rest := await self.journal.read(partial(list_unmatched, folder=row.id)):
            here = await asyncio.to_thread(_here, row.path, [each.filename for each in rest])
            for each in rest:
                if each.filename not in here and self.remote_only.is_selected(each, scope.wanted):
                    yield only_there(each, branch)
        for folder, title in await self._further(row, place):
            wanted = scope.wanted.below(title.encode("utf-8", "replace"))
            if wanted is not None:
                further = Branch(folder, f"{scope.prefix}{title}/", wanted)
                async with aclosing(self.remote_only.below(further)) as found:
                    async for one in found:
                        yield one

    async def _second_folders(self, row: Row, place: str, *, strays: bool) -> AsyncGenerator[Compared, None]:
        """Tell further folders that have the name of a directory here, as two jobs at once make them."""
        for branch in await self._seconds(row, place):
            found = 0
            async with aclosing(self.remote_only.below(branch, strays=strays)) as again:
                async for each in again:
                    found += 1
                    yield each
            if not found:
                yield second_folder(branch)

    async def _seconds(self, row: Row, place: str) -> list[Branch]:
        mirrored = await self.journal.read(partial(_titles, folder=row.id))
        scope, seen, found = self._scopes[row.id], set[str](), list[Branch]()
        for folder, title in await self.folder_lookup.remote.subfolders(place) if mirrored else ():
            # Of several of one title the oldest, which comes first, is the counterpart.
            if title in seen:
                name = title.encode("utf-8", "replace")
                wanted = scope.wanted if scope.is_top else scope.wanted.below(name) or scope.wanted
                found.append(Branch(folder, f"{scope.prefix}{title}/", wanted, mirrored[title]))
            elif title in mirrored:
                seen.add(title)
        return found

    async def _further(self, row: Row, place: str) -> list[tuple[str, str]]:
        """List the remote folders in one that have no directory of their name here."""
        inside = await self.folder_lookup.remote.subfolders(place)
        mirrored = await self.journal.read(partial(_titles, folder=row.id))
        here = await asyncio.to_thread(_here, row.path, [title for _, title in inside])
        return [(folder, title) for folder, title in inside if title not in here and title not in mirrored]

    def _scope(self, row: Row) -> Scope:
        if row.parent is None:
            return Scope("", Filter.of(self.remote_only.selection), is_top=not row.path)
        above = self._scopes[row.parent]
        name = os.path.basename(row.path)  # noqa: PTH119  # a path is bytes
        wanted = above.wanted if above.is_top else above.wanted.below(name)
        return Scope(f"{above.prefix}{row.title}/", wanted or above.wanted)


def _next_files(db: sqlite3.Connection, folder: int, after: bytes) -> list[PlannedFile]:
    found = planned_files(db, folder, after)
    remove_matched(db, folder, [each.item.filename for each in found if each.item.filename])
    return found


def _has_files(db: sqlite3.Connection, folder: int) -> bool:
    question = "SELECT 1 FROM item WHERE folder = ? AND state != ? LIMIT 1"
    return db.execute(question, (folder, State.SKIPPED)).fetchone() is not None


def _is_whole(db: sqlite3.Connection, folder: int) -> bool:
    """Return whether all of a directory is known, so that what is missing is not here."""
    question = "SELECT path != x'' AND scanned = (SELECT run FROM job) FROM folder WHERE id = ?"
    (whole,) = db.execute(question, (folder,)).fetchone()
    return bool(whole)


def _titles(db: sqlite3.Connection, folder: int) -> dict[str, int]:
    """Read the directories in one, by the title of their remote folders."""
    rows = db.execute("SELECT title, id FROM folder WHERE parent = ?", (folder,))
    return {unicodedata.normalize("NFC", title): number for title, number in rows}


def _here(path: bytes, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that a directory has, whatever they are: the selection leaves them out."""
    return frozenset(each for each in names if any(_exists(path, form) for form in _forms(each)))


def _forms(name: str) -> set[bytes]:
    texts = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
    return {each.encode("utf-8", "replace") for each in texts} - {b"", b".", b".."}


def _exists(path: bytes, name: bytes) -> bool:
    try:
        return b"/" not in name and os.path.lexists(os.path.join(path, name))  # noqa: PTH118  # bytes
    except ValueError:  # a NUL in it
        return False
