"""List of the files to upload, in one PATH: read into a temporary database, which lists its directories."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from typing import Final, Protocol

from coredata_async.bulk.formatting import printable_path
from coredata_async.bulk.scan.classify import fail_entry, unreadable
from coredata_async.bulk.scan.entries import Entry, ScannedEntry, StatEntry
from coredata_async.bulk.scan.walk import Listing
from coredata_async.bulk.states import Reason
from coredata_async.errors import ConfigurationError
from coredata_async.storage.paths import retry_stale

_BLOCK: Final = 1 << 16
"""Number of bytes read at once, and the maximum length of a path."""
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
    """Read a list of paths, and return a function that lists their directories.

    The paths are relative to `root`. They are separated by NULs if the first block contains one, otherwise by
    newlines; then empty lines and lines that begin with `#` are ignored. Memory use does not depend on the
    length of the list, because it goes into a temporary database. Batches may be read in different threads.

    Args:
        source: Path of the list; `-` is standard input.
        root: The PATH.
        follow: Treat a link as its target.

    Raises:
        ConfigurationError: If the list cannot be read, or a path in it leads out of `root`.
    """
    with closing(sqlite3.connect("", check_same_thread=False)) as db:
        db.executescript(_TABLES)
        try:
            with _open(source) as file:
                db.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", _rows(file))
        except OSError as exc:
            raise ConfigurationError(f"the list of files {source} cannot be read: {exc.strerror}") from None
        except sqlite3.Error as exc:
            raise ConfigurationError(
                f"the list of files {source} cannot be sorted in the temporary directory: {exc}; make room, "
                "or set TMPDIR to another directory"
            ) from None
        yield partial(_entries, db, root, follow=follow)


class _File(Protocol):
    """Binary stream."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to `size` bytes, none at the end, or `None` if nothing has come yet."""
        ...


def _open(source: str | os.PathLike[str]) -> AbstractContextManager[_File]:
    if source != "-":
        return open(source, "rb")
    # Without its buffer, whose lock a read holds: a read that never ends would abort the end of the process.
    return nullcontext(getattr(sys.stdin.buffer, "raw", sys.stdin.buffer))


def _rows(file: _File) -> Iterator[tuple[bytes, bytes, bool]]:
    known = set[bytes]()  # some of the directories that are in the table
    for number, path in _paths(file):
        *above, name = _parts(path, number)
        parent = b"/".join(above)
        yield parent, name, False
        if parent not in known:
            if len(known) >= _KNOWN:
                known.clear()
            known.add(parent)
            for depth, directory in enumerate(above):
                yield b"/".join(above[:depth]), directory, True


def _parts(path: bytes, number: int) -> list[bytes]:
    parts = [part for part in path.split(b"/") if part not in {b"", b"."}]
    if path.startswith(b"/") or b".." in parts or b"\0" in path or not parts:
        raise ConfigurationError(
            f"line {number} of the list of files, {printable_path(path[:200])!r}, is not a "
            "path relative to PATH without ..; correct the line"
        )
    return parts


def _paths(file: _File) -> Iterator[tuple[int, bytes]]:
    first = _read(file).removeprefix(b"\xef\xbb\xbf")  # the byte order mark of some editors
    if b"\0" in first:
        yield from ((number, path) for number, path in enumerate(_split(file, first, b"\0"), 1) if path)
        return
    for number, line in enumerate(_split(file, first, b"\n"), 1):
        path = line.removesuffix(b"\r")
        if path and not path.startswith(b"#"):
            yield number, path


def _split(file: _File, block: bytes, separator: bytes) -> Iterator[bytes]:
    rest = b""
    while block:
        *paths, rest = (rest + block).split(separator)
        yield from paths
        if len(rest) > _BLOCK:
            raise ConfigurationError(
                f"the list of files has a path of more than {_BLOCK} bytes; check that it is a list of paths"
            )
        block = _read(file)
    yield rest


def _read(file: _File) -> bytes:
    """Return a whole block, or less at the end.

    Raises:
        BlockingIOError: If the stream does not wait for its bytes, so that its end is unknown.
    """
    block = b""
    while len(block) < _BLOCK:
        more = file.read(_BLOCK - len(block))
        if more is None:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        if not more:
            break
        block += more
    return block


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
            return entry  # the walk decides about such a link
        if is_dir == entry.is_dir():
            return entry
    except (FileNotFoundError, NotADirectoryError):
        return fail_entry(
            name,
            Reason.UNREADABLE,
            "it is in the list of files, whose paths are relative to PATH, but does not exist",
        )
    except OSError as exc:
        return unreadable(name, exc)
    message = (
        "it is not a directory, but the list has files in it"
        if is_dir
        else "it is a directory; list its files"
    )
    return fail_entry(name, Reason.UNREADABLE, message)
