"""Files on the server that are not here, or are there in a second folder of the same name."""

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
"""Files read from the draft at once."""


@frozen
class UnmatchedFile:
    """A File that nothing here was compared with."""

    file: str
    filename: str
    size: int | None


@frozen
class Branch:
    """A remote folder whose Files are told, with all below it."""

    folder_id: str
    prefix: str
    """Its path below the parent, with a final slash."""
    selected: Filter
    local_folder: int | None = None
    """Row of the local directory that it is a second folder of, if there is one."""


@frozen
class RemoteOnly:
    """Goes through remote folders that no local directory is compared with."""

    remote: Remote
    selection: Selection

    async def below(self, top: Branch, *, strays: bool = True) -> AsyncGenerator[Compared, None]:
        """Tell all Files of a folder, and of those in it.

        A File that has the path and size of a file here, in a second folder of the same name, is told as a
        duplicate; all others as being only there.

        Args:
            top: The folder.
            strays: Whether to tell those that are only there.

        Raises:
            APIError: The service could not be asked.
        """
        stack, seen = [top], {self.remote.parent}
        while stack:
            branch = stack.pop()
            if branch.folder_id in seen:  # a folder in itself
                continue
            seen.add(branch.folder_id)
            async with aclosing(self._files(branch)) as files:
                async for each in files:
                    if strays or each.duplicates:
                        yield each
            for inside, title in await self.remote.subfolders(branch.folder_id):
                if (filtered := branch.selected.below(title.encode("utf-8", "replace"))) is not None:
                    twin = await self.remote.journal.read(partial(_child, branch.local_folder, title))
                    stack.append(Branch(inside, f"{branch.prefix}{title}/", filtered, twin))

    async def _files(self, branch: Branch) -> AsyncGenerator[Compared, None]:
        async with aclosing(self.remote.files(branch.folder_id).pages(prefetch=AHEAD)) as pages:
            async for page in pages:
                files = await self.remote.direct_children(page.items, branch.folder_id)
                rests = [
                    UnmatchedFile(each.id, self.remote.comparable(each.filename), each.size) for each in files
                ]
                twins = await self.remote.journal.read(partial(_pair, branch.local_folder, rests))
                for rest in rests:
                    if self.is_selected(rest, branch.selected):
                        told = second_file if rest.file in twins else only_there
                        yield told(rest, branch)

    def is_selected(self, rest: UnmatchedFile, wanted: Filter) -> bool:
        """Return whether a File would be selected by name and size, were it here."""
        least, most = self.selection.min_size, self.selection.max_size
        return (
            wanted.takes(rest.filename.encode("utf-8", "replace"))
            and (least is None or rest.size is None or rest.size >= least)
            and (most is None or rest.size is None or rest.size <= most)
        )


def only_there(rest: UnmatchedFile, branch: Branch) -> Compared:
    """Make the entry of a File that is not here."""
    return Compared(symbol="-", path=f"{branch.prefix}{rest.filename}", size=rest.size, file=rest.file)


def second_file(rest: UnmatchedFile, branch: Branch) -> Compared:
    """Make the entry of a File that is there again, in a second folder of the same name."""
    return Compared(
        symbol="=",
        path=f"{branch.prefix}{rest.filename}",
        size=rest.size,
        file=rest.file,
        duplicates=(rest.file,),
        message=f"again as {rest.file}, in {branch.folder_id}, a second folder of this name",
    )


def second_folder(branch: Branch) -> Compared:
    """Make the entry of a second folder that holds nothing that is told."""
    words = f"{branch.folder_id} is a second folder of this name; delete it if it is empty"
    return Compared(
        symbol="=", path=branch.prefix, file=branch.folder_id, duplicates=(branch.folder_id,), message=words
    )


def remove_matched(db: sqlite3.Connection, folder: int, filenames: Sequence[str]) -> None:
    """Strike the Files of these names off the list of a folder: they are compared."""
    question = "DELETE FROM remote_file WHERE folder = ? AND filename = ?"
    db.executemany(question, [(folder, each) for each in filenames])


def list_unmatched(db: sqlite3.Connection, folder: int) -> list[UnmatchedFile]:
    """The next Files that are left on the list of a folder; they are struck off, too."""
    question = "SELECT file, filename, size FROM remote_file WHERE folder = ? ORDER BY filename, file LIMIT ?"
    found = [UnmatchedFile(*row) for row in db.execute(question, (folder, BATCH))]
    strike = "DELETE FROM remote_file WHERE folder = ? AND filename = ? AND file = ?"
    db.executemany(strike, [(folder, each.filename, each.file) for each in found])
    return found


def _child(twin: int | None, title: str, db: sqlite3.Connection) -> int | None:
    """Find the local directory of a title in another one."""
    if twin is None:
        return None
    wanted = unicodedata.normalize("NFC", title)
    rows = db.execute("SELECT id, title FROM folder WHERE parent = ?", (twin,))
    return next((number for number, name in rows if unicodedata.normalize("NFC", name) == wanted), None)


def _pair(twin: int | None, rests: Sequence[UnmatchedFile], db: sqlite3.Connection) -> frozenset[str]:
    """Find those that have the name and size of a file of a local directory."""
    if twin is None:
        return frozenset()
    question = "SELECT 1 FROM item WHERE folder = ? AND name IN (?, ?) AND filename = ? AND size = ?"

    def is_paired(rest: UnmatchedFile) -> bool:
        # By the name on disk, for which there is an index; most are NFC, as filenames are, and others NFD.
        forms = (rest.filename, unicodedata.normalize("NFD", rest.filename))
        names = (each.encode("utf-8", "replace") for each in forms)
        found = db.execute(question, (twin, *names, rest.filename, rest.size or 0)).fetchone()
        return found is not None

    return frozenset(rest.file for rest in rests if is_paired(rest))
