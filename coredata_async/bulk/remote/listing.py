"""Listings of the folders and Files below the parent, read page by page into the journal."""

from __future__ import annotations

import sqlite3
import time
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final, Protocol, TypeVar

from attrs import frozen

from coredata_async.bulk.journal import items
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.options import Unicode
from coredata_async.bulk.scan.entries import MAX_SIZE
from coredata_async.bulk.states import State
from coredata_async.call import perform
from coredata_async.errors import NotFoundError
from coredata_async.listing import Listing, list_resource
from coredata_async.message import Send
from coredata_async.resources.containers import FOLDERS, Folder, FolderWhere
from coredata_async.resources.files import FILES, FileWhere
from coredata_async.resources.projects import PROJECTS
from coredata_async.wire import calls
from coredata_async.wire.resource import Resource

PAGE: Final = 200
"""Objects per page; a server with a smaller maximum reports it."""
AHEAD: Final = 2
"""Number of pages that are requested in advance."""
READINGS: Final = 3
"""Maximum number of times that a listing is read, if the collection changes meanwhile."""


@frozen(kw_only=True)
class ListedFile:
    """Fields of a File that a job needs, without `extra`: creating it takes 9 us, a complete `File` 26."""

    id: str
    parent: str = ""
    filename: str = ""
    size: int | None = None
    digest: str | None = None
    blob_name: str | None = None
    snapshot_id: str = ""
    created: datetime | None = None


LISTED: Final = Resource(path=FILES.path, model=ListedFile, where=FileWhere, source=FILES.source)


@frozen
class Sibling:
    """Folder, one of perhaps several of the same title in one folder."""

    id: str
    created: float
    """Seconds since the epoch by the server's clock; 0 if it is not reported."""


class _ListedFolder(Protocol):
    """Object in a folder."""

    @property
    def parent(self) -> str:
        """Id of the folder."""
        ...


T = TypeVar("T")
P = TypeVar("P", bound=_ListedFolder)


@frozen
class Remote:
    """Server below the job's parent, as read into the journal."""

    api: Send
    journal: Journal
    parent: str
    project: bool
    """True if the parent is a Project: its children show its workspace as their parent, not the project."""
    unicode: Unicode = "nfc"
    """Form in which names are compared, see `Policy.unicode`: with `nfc`, any form on the server matches."""

    def comparable(self, name: str) -> str:
        """Return the form in which the name of a File, or a title, is compared with the names of the job."""
        return unicodedata.normalize("NFC", name) if self.unicode == "nfc" else name

    def is_project(self, folder: str) -> bool:
        """Return whether an id belongs to a Project and not to a folder: only the parent can be one."""
        return self.project and folder == self.parent

    async def load_folders(self) -> str | None:
        """Read all folders of the server, because it has no filter on them.

        Returns:
            The reason why a folder may exist that was not listed, or `None` if the listing was complete.

        Raises:
            APIError: If the listing failed.
        """
        # Old rows are deleted last, so that a concurrent reader never mistakes "not listed yet" for "absent".
        stamp = time.time_ns()

        async def take(folders: Sequence[Folder]) -> None:
            rows = (_folder_row(folder, self.comparable(folder.title)) for folder in folders)
            self.journal.note(*((_INSERT_FOLDER, (*row, stamp)) for row in rows))

        doubt = await _read(list_resource(self.api, FOLDERS, FolderWhere(page_size=PAGE)), take)
        if doubt is None:
            self.journal.note(("DELETE FROM remote_folder WHERE listed != ?", (stamp,)))
        else:  # earlier folders may still exist
            self._warn(f"the list of folders is incomplete: {doubt}; one that it hides may be created again")
        return doubt

    async def find_folders(self, inside: str, title: str) -> list[str]:
        """Return the ids of the folders of this title in a folder, the oldest first, as last read."""
        return [sibling.id for sibling in await self.siblings(inside, title)]

    async def siblings(self, inside: str, title: str) -> list[Sibling]:
        """Return the folders of this title in a folder, the oldest first, as last read."""
        wanted = self.comparable(title)
        project = self.is_project(inside)
        query = _IN_PROJECT if project else _IN_FOLDER
        values = (self.parent, self.parent, wanted) if project else (inside, wanted)
        return await self.journal.read(lambda db: [Sibling(*row) for row in db.execute(query, values)])

    async def subfolders(self, folder: str) -> list[tuple[str, str]]:
        """Return id and title of the folders in a folder, the oldest first, as last read."""
        project = self.is_project(folder)
        query, values = (_ALL_IN_PROJECT, (folder, folder)) if project else (_ALL_IN_FOLDER, (folder,))
        return await self.journal.read(lambda db: db.execute(query, values).fetchall())

    async def load_files(self, folder: int, inside: str) -> str | None:
        """Read all Files of one folder.

        Files that the server counts and does not show may be uploaded a second time, which causes a warning.

        Returns:
            The reason why a File may exist that was not listed, or `None` if the listing was complete.

        Raises:
            APIError: If the listing failed.
        """
        doubtful = await self.journal.read(lambda db: _forget(db, folder))
        nameless = set[str]()

        async def take(files: Sequence[ListedFile]) -> None:
            own = await self.direct_children(await self._with_names(files, nameless), inside)
            named = [(self.comparable(file.filename), file) for file in own]
            self.journal.note(
                *((_INSERT_FILE, _file_row(folder, *pair)) for pair in named if pair[0] not in doubtful)
            )

        doubt = await _read(self.files(inside), take) or _describe_nameless(nameless)
        if doubt is not None:
            self._warn(
                f"the list of the Files in folder {inside} is incomplete: {doubt}; a File that it hides may "
                "be uploaded a second time"
            )
        return doubt

    async def _with_names(self, files: Sequence[ListedFile], nameless: set[str]) -> Sequence[ListedFile]:
        """Return the Files whose folder is known, and add the ids of those without it, or without name.

        If a list does not show name and folder of a File, it is read by its id.
        """
        if all(file.filename and file.parent for file in files):
            return files
        known: list[ListedFile] = []
        for file in files:
            shown = file
            if not (shown.filename and shown.parent):
                try:
                    shown = await perform(self.api, calls.get(LISTED, file.id))
                except NotFoundError:
                    continue  # deleted since it was listed
            if not (shown.filename and shown.parent):
                nameless.add(file.id)
            if shown.parent:
                known.append(shown)
        return known

    def files(self, inside: str, *, since: datetime | None = None) -> Listing[ListedFile]:
        """Return a listing of the Files of a folder; that of a project includes its subfolders."""
        if self.is_project(inside):
            path = f"{PROJECTS.object_path(self.parent)}files/"
            return list_resource(self.api, LISTED, FileWhere(created__gt=since, page_size=PAGE), path=path)
        return list_resource(self.api, LISTED, FileWhere(parent=inside, created__gt=since, page_size=PAGE))

    def _warn(self, message: str) -> None:
        self.journal.note(items.add_finding("warning", message))

    async def direct_children(self, files: Sequence[P], inside: str) -> list[P]:
        """Return the objects that lie in this folder itself, and not in one below it."""
        if not self.is_project(inside):
            return [file for file in files if file.parent == inside]
        others = {file.parent for file in files} - {inside}
        below = await self.journal.read(lambda db: {key for key in others if _is_known_folder(db, key)})
        return [file for file in files if file.parent not in below]


async def _read(listing: Listing[T], take: Callable[[Sequence[T]], Awaitable[None]]) -> str | None:
    """Read a listing completely, again if a change leaves a doubt; return the doubt that remains."""
    doubt = None
    for _ in range(READINGS):
        walk = listing.walk()
        async with aclosing(listing.pages(prefetch=AHEAD, walk=walk)) as pages:
            async for page in pages:
                await take(page.items)
        doubt = walk.incomplete_reason
        if doubt is None or not walk.changed:
            break
    return doubt


def _describe_nameless(ids: set[str]) -> str | None:
    """Return the doubt that Files of unknown name or folder cause, if there are any."""
    return f"{len(ids)} Files are shown without name or folder, such as {min(ids)}" if ids else None


def _is_known_folder(db: sqlite3.Connection, key: str) -> bool:
    """Return whether it is a folder of the server's last listing, or one that this job created."""
    return db.execute(_IS_KNOWN_FOLDER, (key, key)).fetchone() is not None


def _folder_row(folder: Folder, title: str) -> tuple[object, ...]:
    project = folder.project.id if folder.project else None
    created = folder.created.timestamp() if folder.created else 0.0
    return _storable(folder.id, folder.parent, title, project, created)


def _forget(db: sqlite3.Connection, folder: int) -> set[str]:
    """Delete the listed Files of a folder, except those of names whose registration is being looked up.

    A File that is listed under such a name may be the registered one, which was not there before.
    """
    unknown = "SELECT filename FROM item WHERE folder = ? AND state = ?"
    scope = (folder, State.UNKNOWN)
    db.execute(f"DELETE FROM remote_file WHERE folder = ? AND filename NOT IN ({unknown})", (folder, *scope))  # noqa: S608
    return {filename for (filename,) in db.execute(unknown, scope)}


def _file_row(folder: int, filename: str, file: ListedFile) -> tuple[object, ...]:
    digest = (file.digest or "").lower() or None
    created = file.created.timestamp() if file.created else 0.0
    return _storable(
        folder,
        file.id,
        filename,
        file.size if file.size is not None and 0 <= file.size <= MAX_SIZE else None,
        digest,
        file.blob_name,
        file.snapshot_id or None,
        created,
    )


def _storable(*values: object) -> tuple[object, ...]:
    """Return the values of a row in a form that SQLite accepts: one bad value would fail the whole batch."""
    return tuple([_storable_value(value) for value in values])


def _storable_value(value: object) -> object:
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()  # half a surrogate pair becomes a question mark
    return value


_INSERT_FOLDER: Final = "INSERT OR REPLACE INTO remote_folder VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_FILE: Final = "INSERT OR REPLACE INTO remote_file VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_OF_PROJECT: Final = "(parent = ? OR (project = ? AND parent NOT IN (SELECT id FROM remote_folder)))"
_IN_FOLDER: Final = (
    "SELECT id, created FROM remote_folder WHERE parent = ? AND title = ? ORDER BY created, id"
)
_IN_PROJECT: Final = (
    f"SELECT id, created FROM remote_folder WHERE {_OF_PROJECT} AND title = ? ORDER BY created, id"  # noqa: S608
)
_ALL_IN_FOLDER: Final = "SELECT id, title FROM remote_folder WHERE parent = ? ORDER BY created, id"
_ALL_IN_PROJECT: Final = f"SELECT id, title FROM remote_folder WHERE {_OF_PROJECT} ORDER BY created, id"  # noqa: S608
_IS_KNOWN_FOLDER: Final = (
    "SELECT 1 FROM remote_folder WHERE id = ? UNION ALL SELECT 1 FROM folder WHERE remote = ? AND parent IS "
    "NOT NULL"
)
