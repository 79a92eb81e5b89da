"""Where an archive is kept between its runs: its names, the files on their way, and the job's journal."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from coredata_async.archive.names import NOTES, Names
from coredata_async.errors import ConfigurationError, CoreDataError


@frozen
class Workspace:
    """A directory for one archive, private to this user."""

    path: Path

    @property
    def tree(self) -> Path:
        """Return what is to be uploaded."""
        return self.path / "tree"

    @property
    def journal(self) -> Path:
        """Of the bulk upload; it remembers what is done when the files are gone from the tree."""
        return self.path / "journal.sqlite"

    @property
    def incoming(self) -> Path:
        """Return where files are while they come; what is in the tree is whole."""
        return self.path / "coming"

    def clear_incoming(self) -> None:
        """Make it, and remove what a crash has left in it."""
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir(mode=0o700)

    def folder(self, names: Names) -> Path:
        """Return where files wait to be uploaded."""
        return self.tree / names.folder

    @contextmanager
    def lock(self) -> Generator[None]:
        """Keep every other process out; the lock is SQLite's, which ends with its process however it dies.

        Raises:
            ConfigurationError: The directory cannot be made.
            CoreDataError: The same archive is being made by another process.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.tree.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(f"{self.path} cannot be made: {exc.strerror}") from None
        lock = sqlite3.connect(self.path / "lock.sqlite", timeout=0, isolation_level=None)
        try:
            _acquire_lock(lock, self.path)
            yield
        finally:
            lock.close()

    def names(self) -> Names | None:
        """The names of earlier runs; `None` if there was none.

        Raises:
            CoreDataError: They are there and cannot be read: new ones could put a file there twice.
        """
        place = self.path / "names.json"
        try:
            found: dict[str, Any] = json.loads(place.read_text("utf-8"))
            return Names(folder=found["folder"], given=found["given"], done=frozenset(found["done"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise CoreDataError(
                f"{place} cannot be read ({type(exc).__name__}): remove {self.path} to begin this archive "
                "again; what CoreData has by then is compared, and not uploaded again"
            ) from None

    def keep(self, names: Names) -> None:
        """Write the names down, all of them or nothing."""
        found = {"folder": names.folder, "given": dict(names.given), "done": sorted(names.done)}
        self._replace(self.path / "names.json", json.dumps(found, ensure_ascii=False, indent=1).encode())

    def write(self, names: Names, name: str, text: str) -> None:
        """Put a document into the tree; one that is there already and the same is left alone."""
        folder = self.folder(names) / NOTES
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place, data = folder / name, text.encode("utf-8", "backslashreplace")
        if not place.is_file() or place.read_bytes() != data:
            self._replace(place, data)

    def clear(self, names: Names) -> None:
        """Remove the files: CoreData has them. The documents are small, and stay for comparison."""
        for place in self.folder(names).iterdir():
            if place.is_file():
                place.unlink()

    def _replace(self, place: Path, data: bytes) -> None:
        # Not beside it: whatever a crash leaves in the tree would be uploaded.
        _write_atomically(data, self.path / "new", place)


def _acquire_lock(lock: sqlite3.Connection, path: Path) -> None:
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        raise CoreDataError(f"another process is making this archive: {path} is locked") from None


def _write_atomically(data: bytes, new: Path, place: Path) -> None:
    """Write a file, all of it or nothing."""
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(place)
