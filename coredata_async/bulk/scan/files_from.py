"""A list of the only files to take, in place of what directories hold."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from typing import BinaryIO, Final

from coredata_async.bulk.formatting import escape_unprintable, path_text
from coredata_async.bulk.scan.classify import Entry, StatEntry, fail_entry, unreadable
from coredata_async.bulk.scan.found import ScannedEntry
from coredata_async.bulk.scan.walk import Listing
from coredata_async.bulk.states import Reason
from coredata_async.errors import ConfigurationError
from coredata_async.storage.stale import retry_stale

_BLOCK: Final = 1 << 16
"""Bytes that are read at once; and no path is longer."""
_KNOWN: Final = 10_000
_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -16384;  -- kilobytes
CREATE TABLE entry (
    parent BLOB NOT NULL,
    name BLOB NOT NULL,
    dir INTEGER NOT NULL,   -- whether it is there for files in it, or for itself
    PRIMARY KEY (parent, name, dir)
) WITHOUT ROWID;
"""


@contextmanager
def read_list(source: str | os.PathLike[str], root: bytes, *, follow: bool) -> Generator[Listing, None, None]:
    """Read a list of paths, and give its directories' entries as a listing would.

    The paths are relative to `root`, and separated by NULs if there is one in the first of them, else by
    newlines, with empty lines and such that begin with `#` left out. Memory is flat: the list goes
    into a temporary database, which a batch may read from another thread than the one before.

    Args:
        source: `-` is standard input.
        root: The PATH.
        follow: Whether a link counts as what it leads to.

    Raises:
        ConfigurationError: It cannot be read, or a path in it leads out of `root`.
    """
    with closing(sqlite3.connect("", check_same_thread=False)) as db:
        db.executescript(_TABLES)
        try:
            with _open(source) as file:
                db.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", _rows(file))
        except OSError as exc:
            raise ConfigurationError(f"the list of files {source} cannot be read: {exc.strerror}") from None
        yield partial(_entries, db, root, follow=follow)


def _open(source: str | os.PathLike[str]) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if source == "-" else open(source, "rb")


def _rows(file: BinaryIO) -> Iterator[tuple[bytes, bytes, bool]]:
    known = set[bytes]()  # a few of the directories that are in the table
    for number, path in _paths(file):
        *above, name = _parts(path, number)
        parent = b"/".join(above)
        yield parent, name, False
        if parent not in known:
            if len(known) >= _KNOWN:
                known.clear()
            known.add(parent)
            for depth, each in enumerate(above):
                yield b"/".join(above[:depth]), each, True


def _parts(path: bytes, number: int) -> list[bytes]:
    parts = [part for part in path.split(b"/") if part not in {b"", b"."}]
    if path.startswith(b"/") or b".." in parts or b"\0" in path or not parts:
        raise ConfigurationError(
            f"line {number} of the list of files, {escape_unprintable(path_text(path[:200]))!r}: write the "
            "path of a file "
            "relative to PATH, and without .."
        )
    return parts


def _paths(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    first = file.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")  # some editors begin a file so
    if b"\0" in first:
        yield from ((number, path) for number, path in enumerate(_split(file, first, b"\0"), 1) if path)
        return
    for number, line in enumerate(_split(file, first, b"\n"), 1):
        path = line.removesuffix(b"\r")
        if path and not path.startswith(b"#"):
            yield number, path


def _split(file: BinaryIO, block: bytes, separator: bytes) -> Iterator[bytes]:
    rest = b""
    while block:
        *paths, rest = (rest + block).split(separator)
        yield from paths
        if len(rest) > _BLOCK:
            raise ConfigurationError(
                f"the list of files has a path of more than {_BLOCK} bytes: is it a list?"
            )
        block = file.read(_BLOCK)
    yield rest


def _entries(
    db: sqlite3.Connection, root: bytes, path: bytes, *, follow: bool
) -> Iterator[Entry | ScannedEntry]:
    parent = path.removeprefix(root).lstrip(b"/")
    for name, is_dir in db.execute("SELECT name, dir FROM entry WHERE parent = ?", (parent,)):
        yield _entry(name, os.path.join(path, name), follow=follow, is_dir=bool(is_dir))


def _entry(name: bytes, path: bytes, *, follow: bool, is_dir: bool) -> Entry | ScannedEntry:
    try:
        entry = StatEntry(name, path, retry_stale(partial(os.lstat, path)))
        if entry.is_symlink() and not (follow and os.path.exists(path)):
            return entry  # for the walk to say what is done about such a link
        if is_dir == entry.is_dir():
            return entry
    except (FileNotFoundError, NotADirectoryError):
        return fail_entry(name, Reason.UNREADABLE, "it is in the list of files, and not there")
    except OSError as exc:
        return unreadable(name, exc)
    words = (
        "no directory, though files in it are in the list" if is_dir else "a directory; list the files in it"
    )
    return fail_entry(name, Reason.UNREADABLE, words)
