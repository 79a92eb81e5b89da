"""State of an archive between its runs: its names, the fetched files, and the job's journal.

A name of an object of 5pm is chosen once, and kept in every later run.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from coredata_async.bulk.journal.errors import sqlite_name
from coredata_async.errors import ConfigurationError, CoreDataError
from coredata_async.storage.filenames import fold, insert_before_suffix, safe_filename
from coredata_async.storage.private import write_private

NOTES: Final = "activities"
"""Folder within the archive that contains the documents; files cannot have this name."""


def _none() -> Mapping[str, str]:
    return {}


@frozen(kw_only=True)
class NameRequest:
    """Object that needs a name."""

    key: str
    """Unique key: `file:17`."""
    name: str
    """Name in 5pm."""
    id: str
    """Id, which distinguishes objects of the same name."""


@frozen(kw_only=True)
class Names:
    """All names given so far, and the files that are in CoreData."""

    folder: str
    """Name of the archive's folder."""
    given: Mapping[str, str] = field(factory=_none)
    """Names by key."""
    done: frozenset[str] = frozenset()
    """Keys of files that are known to be in CoreData."""

    def assign(self, requests: Iterable[NameRequest]) -> Names:
        """Return these names, and a new one for each request without one.

        Of two equal names, the later gets its 5pm id added. Names that differ only in case count as equal,
        because they are equal on some systems, and so do Unicode forms, because they are equal in CoreData.
        """
        found = dict(self.given)
        taken = {fold(NOTES), *(fold(name) for name in found.values())}
        for request in requests:
            if request.key in found:
                continue
            name = safe(request.name, request.id)
            if fold(name) in taken:
                name = _with_number(name, request.id)
            while fold(name) in taken:  # a file may have such a name in 5pm, too
                name = _with_number(name, request.id)
            taken.add(fold(name))
            found[request.key] = name
        return evolve(self, given=found)

    def with_known(self, keys: Iterable[str]) -> Names:
        """Return these names, with these files recorded as in CoreData."""
        return evolve(self, done=self.done | frozenset(keys))


def folder_name(name: str, project_id: str) -> str:
    """Return the name of a project's folder.

    It contains the id, because two projects of one name must not be merged in one folder, regardless of the
    user and the machine.
    """
    return safe(name, project_id, f" (5pm {project_id})")


def safe(name: str, otherwise: str, suffix: str = "") -> str:
    """Return a name without a path, valid on any file system, and not too long; see `safe_filename`."""
    return safe_filename(name, f"5pm {otherwise}", suffix=suffix)


def _with_number(name: str, number: str) -> str:
    return insert_before_suffix(name, f" (5pm {number})")


@frozen
class Workspace:
    """Directory for one archive, private to this user."""

    path: Path

    @property
    def tree(self) -> Path:
        """Directory of the tree to be uploaded."""
        return self.path / "tree"

    @property
    def journal(self) -> Path:
        """Journal of the bulk upload; it remembers uploaded files after they are removed from the tree."""
        return self.path / "journal.sqlite"

    @property
    def incoming(self) -> Path:
        """Directory for incomplete files; those in the tree are complete."""
        return self.path / "coming"

    def clear_incoming(self) -> None:
        """Create the directory, and remove the remains of a crash."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir(mode=0o700)

    def folder(self, names: Names) -> Path:
        """Return the directory of the files that wait for the upload."""
        return self.tree / names.folder

    @contextmanager
    def lock(self) -> Generator[None]:
        """Lock out every other process. The lock is SQLite's, which ends with its process in every case.

        Raises:
            ConfigurationError: If the directory cannot be created.
            CoreDataError: If another process runs the same archive, or the file of the lock cannot be used.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.tree.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(
                f"the directory {self.path} of the archive cannot be created: {exc.strerror}"
            ) from None
        with closing(_acquire_lock(self.path / "lock.sqlite")):
            yield

    def names(self) -> Names | None:
        """Return the names of earlier runs; `None` if there was none.

        Raises:
            CoreDataError: If they exist and cannot be read, because new names could create duplicates.
        """
        path = self.path / "names.json"
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return Names(folder=found["folder"], given=found["given"], done=frozenset(found["done"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise CoreDataError(
                f"{path} cannot be read ({type(exc).__name__}): remove {self.path} to start this archive "
                "again; files that are already in CoreData are compared, and not uploaded again"
            ) from None

    def save(self, names: Names) -> None:
        """Write the names to the disk, atomically."""
        found = {"folder": names.folder, "given": dict(names.given), "done": sorted(names.done)}
        self._replace(self.path / "names.json", json.dumps(found, indent=1).encode())

    def write(self, names: Names, name: str, text: str) -> None:
        """Write a document into the tree; an equal one is left alone."""
        folder = self.folder(names) / NOTES
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, data = folder / name, text.encode("utf-8", "backslashreplace")
        if not path.is_file() or path.read_bytes() != data:
            self._replace(path, data)

    def clear(self, names: Names) -> None:
        """Remove the files, which CoreData has. The documents are small, and stay for comparison."""
        for path in self.folder(names).iterdir():
            if path.is_file():
                path.unlink()

    def _replace(self, path: Path, data: bytes) -> None:
        # Not beside it: anything that a crash leaves in the tree would be uploaded.
        write_private(path, data, temporary=self.path / "new")


def _acquire_lock(path: Path) -> sqlite3.Connection:
    lock: sqlite3.Connection | None = None
    try:
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as exc:
        failure = exc
    else:
        return lock
    if lock is not None:
        lock.close()
    if sqlite_name(failure).startswith("SQLITE_BUSY"):
        raise CoreDataError(f"another process runs this archive: {path.parent} is locked")
    raise CoreDataError(f"the lock {path} of the archive cannot be used: {failure}; remove it, or make room")
