"""Comparison of a tree with the server: per file `=`, `-`, `+`, `*` or `!`."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from attrs import define, evolve, field, frozen

from coredata_async.bulk.check.compare import Compared, FileComparer, Sample
from coredata_async.bulk.check.remote_only import (
    Branch,
    RemoteOnly,
    duplicate_folder,
    list_unmatched,
    remote_entry,
    remove_matched,
)
from coredata_async.bulk.journal.claims import PlannedFile, read_planned_files
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity
from coredata_async.bulk.journal.scanning import plan_into, scratch_journal
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.remote.folder_list import FolderList, FolderLookup, Row
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.scan import PathLike, roots, scan
from coredata_async.bulk.states import State
from coredata_async.client import CoreData
from coredata_async.ids import Id, id_of
from coredata_async.transfer.workers import map_concurrently
from coredata_async.wire.resource import segment

WIDTH: Final = 8


async def check(
    client: CoreData,
    sources: PathLike | Sequence[PathLike],
    *,
    parent: Id,
    selection: Selection | None = None,
    policy: Policy | None = None,
    width: int = WIDTH,
    sample: Sample | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[Compared, None]:
    """Compare files and trees with the content of a parent on the server. Nothing is written anywhere.

    The PATHs, their selection and names are interpreted as by `UploadJob`: after a successful job,
    everything is the same. Files are compared by folder, name, size and digest; local files are read,
    remote ones only listed. A file that an incomplete listing does not show is not compared. In the
    parent itself only objects with the name of a PATH count, unless the PATH is `DIR/.`. Skipped links
    and excluded files are not compared on either side. Memory use does not depend on the number of files.

    Args:
        client: The client to use.
        sources: Files and directories.
        parent: Id of a Project, Folder or Filespace, or the object itself.
        selection: The files to compare; names and sizes apply to both sides, ages to local files only.
        policy: The rules for links, names and unicode; the other rules have no effect.
        width: Maximum number of files that are read at once.
        sample: The share of the equal files that are downloaded and compared byte by byte.
        warn: Called with warnings, for example about a link that leads out of the tree.

    Yields:
        One result per file, and per further File of its name, after the scan is complete.

    Raises:
        APIError: If the service cannot be reached.
        ConfigurationError: If an argument is invalid.
    """
    selection, policy = selection or Selection(), policy or Policy()
    given = [sources] if isinstance(sources, str | bytes | os.PathLike) else list(sources)
    batches = scan(given, selection, policy)
    engine = client.engine()
    parent_id = id_of(parent, "parent")
    segment(parent_id, "parent")
    binding = JobIdentity(
        engine.tenant, engine.account, parent_id, tuple(root.as_given for root in roots(given))
    )
    project = await check_parent(engine.api, parent_id)
    async with scratch_journal(binding) as journal:
        await plan_into(journal, batches, warn)
        remote = Remote(engine.api, journal, parent_id, project, policy.unicode)
        checker = Checker(
            journal,
            FolderLookup(FolderList(remote), journal),
            FileComparer(client, sample),
            RemoteOnly(remote, selection),
            width,
        )
        async with aclosing(checker.all()) as results:
            async for result in results:
                yield result


@frozen
class Scope:
    """Facts about a directory that its comparison needs."""

    prefix: str
    """Path below the parent, with a final slash."""
    selected: Filter
    """Filter of the directory according to the rules."""
    is_top: bool = False
    """True if it holds the PATHs themselves, which no rule excludes."""


@define(eq=False)
class Checker:
    """Comparison of all directories, parents first."""

    journal: Journal
    folder_lookup: FolderLookup
    comparer: FileComparer
    remote_only: RemoteOnly
    width: int
    _scopes: dict[int, Scope] = field(factory=dict[int, Scope], init=False)

    async def all(self) -> AsyncGenerator[Compared, None]:
        """Yield all results."""
        await self.folder_lookup.listing.load()
        async with aclosing(self.folder_lookup.rows()) as rows:
            async for row in rows:
                self._scopes[row.id] = self._scope(row)
                async with aclosing(self._directory(row)) as found:
                    async for each in found:
                        yield each

    async def _directory(self, row: Row) -> AsyncGenerator[Compared, None]:
        folder_id, prefix, after = await self.folder_lookup.find_folder(row), self._scopes[row.id].prefix, b""
        whole = folder_id is not None and await self.journal.read(partial(_is_whole, folder=row.id))
        doubt = None if folder_id is not None else self.folder_lookup.listing.incomplete_reason
        if folder_id is not None and (whole or await self.journal.read(partial(_has_files, folder=row.id))):
            doubt = await self.folder_lookup.listing.remote.load_files(row.id, folder_id)
        while some := await self.journal.read(partial(_next_files, folder=row.id, after=after)):
            chosen = [each for each in some if each.item.state != State.SKIPPED]
            for found in await map_concurrently(
                chosen, partial(self.comparer.compare, prefix=prefix), self.width
            ):
                for each in found:
                    yield each if doubt is None else _without_conclusion(each, doubt)
            after = some[-1].name
        if folder_id is None:
            return
        include_unmatched = whole and self.remote_only.selection.files_from is None
        if include_unmatched:
            async with aclosing(self._remote_only_files(row, folder_id)) as rest:
                async for each in rest:
                    yield each
        async with aclosing(
            self._duplicate_folders(row, folder_id, include_unmatched=include_unmatched)
        ) as again:
            async for each in again:
                yield each

    async def _remote_only_files(self, row: Row, folder_id: str) -> AsyncGenerator[Compared, None]:
        scope = self._scopes[row.id]
        branch = Branch(folder_id, scope.prefix, scope.selected, row.id)
        while rest := await self.journal.read(partial(list_unmatched, folder=row.id)):
            local = await asyncio.to_thread(_existing_names, row.path, [each.filename for each in rest])
            for each in rest:
                if each.filename not in local and self.remote_only.is_selected(each, scope.selected):
                    yield remote_entry(each, branch)
        for folder, title in await self._further(row, folder_id):
            selected = scope.selected.below(title.encode("utf-8", "replace"))
            if selected is not None:
                further = Branch(folder, f"{scope.prefix}{title}/", selected)
                async with aclosing(self.remote_only.below(further)) as found:
                    async for one in found:
                        yield one

    async def _duplicate_folders(
        self, row: Row, folder_id: str, *, include_unmatched: bool
    ) -> AsyncGenerator[Compared, None]:
        """Yield further folders with the name of a local directory, as two simultaneous jobs create them."""
        for branch in await self._seconds(row, folder_id):
            found = 0
            async with aclosing(self.remote_only.below(branch, include_unmatched=include_unmatched)) as again:
                async for each in again:
                    found += 1
                    yield each
            if not found:
                yield duplicate_folder(branch)

    async def _seconds(self, row: Row, folder_id: str) -> list[Branch]:
        mirrored = await self.journal.read(partial(_titles, folder=row.id))
        scope, seen, found = self._scopes[row.id], set[str](), list[Branch]()
        for folder, title in (
            await self.folder_lookup.listing.remote.subfolders(folder_id) if mirrored else ()
        ):
            # Of several folders of one title the oldest, which comes first, is compared.
            if title in seen:
                name = title.encode("utf-8", "replace")
                selected = scope.selected if scope.is_top else scope.selected.below(name) or scope.selected
                found.append(Branch(folder, f"{scope.prefix}{title}/", selected, mirrored[title]))
            elif title in mirrored:
                seen.add(title)
        return found

    async def _further(self, row: Row, folder_id: str) -> list[tuple[str, str]]:
        """Return the remote folders in a folder that have no local directory of their name."""
        inside = await self.folder_lookup.listing.remote.subfolders(folder_id)
        mirrored = await self.journal.read(partial(_titles, folder=row.id))
        local = await asyncio.to_thread(_existing_names, row.path, [title for _, title in inside])
        return [(folder, title) for folder, title in inside if title not in local and title not in mirrored]

    def _scope(self, row: Row) -> Scope:
        if row.parent is None:
            return Scope("", Filter.of(self.remote_only.selection), is_top=not row.path)
        above = self._scopes[row.parent]
        name = os.path.basename(row.path)  # noqa: PTH119  # a path is bytes
        selected = above.selected if above.is_top else above.selected.below(name)
        return Scope(f"{above.prefix}{row.title}/", selected or above.selected)


def _without_conclusion(found: Compared, doubt: str) -> Compared:
    """Return the result of a file that an incomplete listing does not show: it may exist on the server."""
    if found.symbol != "+":
        return found
    return evolve(found, symbol="!", message=f"it is not listed, but the list is incomplete: {doubt}")


def _next_files(db: sqlite3.Connection, folder: int, after: bytes) -> list[PlannedFile]:
    found = read_planned_files(db, folder, after)
    remove_matched(db, folder, [each.item.filename for each in found if each.item.filename])
    return found


def _has_files(db: sqlite3.Connection, folder: int) -> bool:
    query = "SELECT 1 FROM item WHERE folder = ? AND state != ? LIMIT 1"
    return db.execute(query, (folder, State.SKIPPED)).fetchone() is not None


def _is_whole(db: sqlite3.Connection, folder: int) -> bool:
    """Return whether all files of a directory are known, so that a missing file does not exist locally."""
    query = "SELECT path != x'' AND scanned = (SELECT run FROM job) FROM folder WHERE id = ?"
    (whole,) = db.execute(query, (folder,)).fetchone()
    return bool(whole)


def _titles(db: sqlite3.Connection, folder: int) -> dict[str, int]:
    """Return the subdirectories of a directory, by the title of their remote folders."""
    rows = db.execute("SELECT title, id FROM folder WHERE parent = ?", (folder,))
    return dict(rows.fetchall())


def _existing_names(path: bytes, names: Iterable[str]) -> frozenset[str]:
    """Return the names that exist in a directory in any form: the selection excludes them."""
    return frozenset(each for each in names if any(_exists(path, form) for form in _forms(each)))


def _forms(name: str) -> set[bytes]:
    texts = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
    return {each.encode("utf-8", "replace") for each in texts} - {b"", b".", b".."}


def _exists(path: bytes, name: bytes) -> bool:
    try:
        return b"/" not in name and os.path.lexists(os.path.join(path, name))  # noqa: PTH118  # bytes
    except ValueError:  # it contains a NUL
        return False
