"""Files that exist only on the server, or also in a second folder of the same name."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from attrs import frozen

from coredata_async.bulk.check.compare import Compared
from coredata_async.bulk.options import Selection
from coredata_async.bulk.remote.listing import AHEAD, Remote
from coredata_async.bulk.scan.filters import Filter

BATCH: Final = 200
"""Number of Files read from the scratch journal at once."""


@frozen
class UnmatchedFile:
    """A File that was not compared with a local file."""

    file: str
    filename: str
    size: int | None


@frozen
class Branch:
    """Remote folder whose Files are yielded, with all below it."""

    folder_id: str
    prefix: str
    """Path below the parent, with a final slash."""
    selected: Filter
    local_folder: int | None = None
    """Row of the local directory of which it is a second folder, if there is one."""


@frozen
class RemoteOnly:
    """Walk over remote folders that are not compared with a local directory."""

    remote: Remote
    selection: Selection

    async def below(self, top: Branch, *, include_unmatched: bool = True) -> AsyncGenerator[Compared, None]:
        """Yield the Files of a folder, and of those below it.

        A File with the path and size of a local file, in a second folder of the same name, is yielded as a
        duplicate; all others as existing only on the server.

        Args:
            top: The folder.
            include_unmatched: Also yield Files that exist only on the server.

        Raises:
            APIError: If the service cannot be reached.
        """
        stack, seen = [top], {self.remote.parent}
        while stack:
            branch = stack.pop()
            if branch.folder_id in seen:  # a folder in itself
                continue
            seen.add(branch.folder_id)
            async with aclosing(self._files(branch)) as files:
                async for result in files:
                    if include_unmatched or result.duplicates:
                        yield result
            for inside, title in await self.remote.subfolders(branch.folder_id):
                if (filtered := branch.selected.below(title.encode("utf-8", "replace"))) is not None:
                    local_folder = await self.remote.journal.read(partial(_child, branch.local_folder, title))
                    stack.append(Branch(inside, f"{branch.prefix}{title}/", filtered, local_folder))

    async def _files(self, branch: Branch) -> AsyncGenerator[Compared, None]:
        async with aclosing(self.remote.files(branch.folder_id).pages(prefetch=AHEAD)) as pages:
            async for page in pages:
                files = await self.remote.direct_children(page.items, branch.folder_id)
                unmatched = [
                    UnmatchedFile(file.id, self.remote.comparable(file.filename), file.size) for file in files
                ]
                matched = await self.remote.journal.read(partial(_pair, branch.local_folder, unmatched))
                for file in unmatched:
                    if self.is_selected(file, branch.selected):
                        entry_of = duplicate_entry if file.file in matched else remote_entry
                        yield entry_of(file, branch)

    def is_selected(self, file: UnmatchedFile, selected: Filter) -> bool:
        """Return whether the selection would include a File by name and size if it were local."""
        minimum, maximum = self.selection.min_size, self.selection.max_size
        return (
            selected.takes(file.filename.encode("utf-8", "replace"))
            and (minimum is None or file.size is None or file.size >= minimum)
            and (maximum is None or file.size is None or file.size <= maximum)
        )


def remote_entry(file: UnmatchedFile, branch: Branch) -> Compared:
    """Return the result for a File that does not exist locally."""
    return Compared(symbol="-", path=f"{branch.prefix}{file.filename}", size=file.size, file=file.file)


def duplicate_entry(file: UnmatchedFile, branch: Branch) -> Compared:
    """Return the result for a File that exists again in a second folder of the same name."""
    return Compared(
        symbol="=",
        path=f"{branch.prefix}{file.filename}",
        size=file.size,
        file=file.file,
        duplicates=(file.file,),
        message=f"again as {file.file}, in {branch.folder_id}, a second folder of this name",
    )


def duplicate_folder(branch: Branch) -> Compared:
    """Return the result for a second folder without Files to report."""
    message = f"{branch.folder_id} is a second folder of this name; delete it if it is empty"
    return Compared(
        symbol="=", path=branch.prefix, file=branch.folder_id, duplicates=(branch.folder_id,), message=message
    )


def remove_matched(db: sqlite3.Connection, folder: int, filenames: Sequence[str]) -> None:
    """Delete the compared Files from the list of a folder."""
    statement = "DELETE FROM remote_file WHERE folder = ? AND filename = ?"
    db.executemany(statement, [(folder, filename) for filename in filenames])


def list_unmatched(db: sqlite3.Connection, folder: int) -> list[UnmatchedFile]:
    """Return the next Files on the list of a folder, and delete them from it."""
    query = "SELECT file, filename, size FROM remote_file WHERE folder = ? ORDER BY filename, file LIMIT ?"
    files = [UnmatchedFile(*row) for row in db.execute(query, (folder, BATCH))]
    delete = "DELETE FROM remote_file WHERE folder = ? AND filename = ? AND file = ?"
    db.executemany(delete, [(folder, file.filename, file.file) for file in files])
    return files


def _child(local_folder: int | None, title: str, db: sqlite3.Connection) -> int | None:
    """Return the row of a local directory by its title."""
    if local_folder is None:
        return None
    query = "SELECT id FROM folder WHERE parent = ? AND title = ?"
    row = db.execute(query, (local_folder, title)).fetchone()
    return None if row is None else int(row[0])


def _pair(local_folder: int | None, files: Sequence[UnmatchedFile], db: sqlite3.Connection) -> frozenset[str]:
    """Return the ids of Files that have the name and size of a file in a local directory."""
    if local_folder is None:
        return frozenset()
    query = "SELECT 1 FROM item WHERE folder = ? AND name IN (?, ?) AND filename = ? AND size = ?"

    def is_paired(file: UnmatchedFile) -> bool:
        # Compared by the name on disk, which has an index; most are NFC, as filenames are, and others NFD.
        forms = (file.filename, unicodedata.normalize("NFD", file.filename))
        names = (each.encode("utf-8", "replace") for each in forms)
        row = db.execute(query, (local_folder, *names, file.filename, file.size or 0)).fetchone()
        return row is not None

    return frozenset(file.file for file in files if is_paired(file))
