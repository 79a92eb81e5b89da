"""Scan of the PATHs of a job, or of a list of files in one of them: a lazy stream of batches."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from typing import BinaryIO, Final

from coredata_async.bulk.formatting import printable_path
from coredata_async.bulk.options import Policy, Selection
from coredata_async.bulk.scan.classify import EntryClassifier, Subdirectory, fail_entry, identity, unreadable
from coredata_async.bulk.scan.entries import Directory, DirectoryBatch, Entry, Root, ScannedEntry, StatEntry
from coredata_async.bulk.scan.filters import Filter
from coredata_async.bulk.scan.walk import Batcher, Batches, Branch, Listing, Walk, on_disk, split_collisions
from coredata_async.bulk.states import JobInputError, Reason
from coredata_async.errors import ConfigurationError
from coredata_async.storage.paths import retry_stale

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_TOP: Final = Directory(b"", None)
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


def scan(paths: Iterable[PathLike], selection: Selection, policy: Policy) -> Batches:
    """Find the files to upload. Blocks, so iterate in a thread; `close` ends it early.

    PATHs are interpreted as `cp -r` interprets them: a directory becomes a folder of its name, unless it is
    written as `DIR/.`. The first batch belongs to `Directory(b"")`, which holds the PATHs. A directory comes
    before its subdirectories. A directory that proves unreadable becomes an entry of a further batch of the
    directory above. Memory use does not depend on the number of files; the subdirectories of one directory
    are held.

    Raises:
        ConfigurationError: If a PATH or a rule is invalid, at once; if a list of files is invalid, with the
            first batch.
    """
    given = roots(paths)
    selected = Filter.of(selection)
    classifier = EntryClassifier(selection, policy, [os.path.realpath(root.path) for root in given])
    if selection.files_from is None:
        return _batches(given, selected, Walk(classifier, on_disk))
    if len(given) > 1 or not given[0].is_dir:
        raise ConfigurationError(
            "files_from needs exactly one PATH: the directory that the list is relative to"
        )
    return _batches_of_list(selection.files_from, given[0], selected, classifier)


def roots(paths: Iterable[PathLike]) -> Sequence[Root]:
    """Examine the PATHs of a job.

    Raises:
        JobInputError: If one does not exist.
        ConfigurationError: If one cannot be used for another reason, two have the same name, one lies in
            another, or `DIR/.` is not the only one.
    """
    result = [_root(path) for path in paths]
    if not result:
        raise ConfigurationError("no PATH was given; name the files or directories to upload")
    if len(result) > 1:
        for root in result:
            if root.contents:
                raise ConfigurationError(
                    f"{printable_path(root.path)}/. stands for the parent, so it must be the only PATH"
                )
        _check_distinct(result)
    return result


def _root(given: PathLike) -> Root:
    try:
        path = os.fsencode(given)
        absolute = os.path.abspath(path)  # not `realpath`: the user may have named a link
        if absolute.startswith(b"//"):  # POSIX leaves its meaning to the system; known systems treat it as /
            absolute = absolute[1:]
        status = retry_stale(partial(os.stat, absolute))
    except (OSError, ValueError) as exc:  # ValueError: it contains a NUL, or cannot be encoded in this locale
        reason = (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
        missing = isinstance(exc, FileNotFoundError | NotADirectoryError)
        kind = JobInputError if missing else ConfigurationError
        raise kind(f"{_quote(given)} cannot be uploaded: {reason}") from None
    if not path:
        raise ConfigurationError("a PATH is empty; use . for the current directory")
    last = os.path.basename(path.rstrip(b"/"))
    contents = stat.S_ISDIR(status.st_mode) and (last == b"." or not os.path.basename(absolute))
    return Root(absolute, status, contents)


def _quote(given: PathLike) -> str:
    """Return a PATH for a message, also one that cannot be encoded in this locale."""
    try:
        return f"'{printable_path(os.fsencode(given))}'"
    except UnicodeEncodeError:
        return ascii(os.fspath(given))


def _check_distinct(given: Sequence[Root]) -> None:
    names = dict[bytes, Root]()
    paths = {root.path for root in given}
    for root in given:
        other = names.setdefault(root.name, root)
        if other is not root:
            raise ConfigurationError(
                f"{printable_path(other.path)} and {printable_path(root.path)} have the same name; "
                "upload them in two jobs"
            )
        below, above = root.path, os.path.dirname(root.path)
        while above != below:
            if above in paths:
                raise ConfigurationError(
                    f"{printable_path(root.path)} is in {printable_path(above)}, which is also a PATH; "
                    "remove one"
                )
            below, above = above, os.path.dirname(above)


def _batches_of_list(
    source: str | os.PathLike[str], root: Root, selected: Filter, classifier: EntryClassifier
) -> Batches:
    with read_list(source, root.path, follow=classifier.policy.links == "follow") as listing:
        yield from _batches([root], selected, Walk(classifier, listing, expected=True))


def _batches(given: Sequence[Root], selected: Filter, walk: Walk) -> Batches:
    batcher, below = Batcher(_TOP), list[Subdirectory]()
    for root in given:
        entry = _classify(root, selected, walk.classifier)
        if isinstance(entry, Subdirectory):
            below.append(entry)
        else:
            batcher.put(entry)
        if batcher.is_full:
            yield batcher.take(complete=False)
    below, same = split_collisions(below)
    for entry in same:
        batcher.put(entry)
    yield batcher.take(complete=True)
    yield from walk.batches(
        _branch(subdirectory, selected, straight=given[0].contents) for subdirectory in below
    )


def _classify(
    root: Root, selected: Filter, classifier: EntryClassifier
) -> ScannedEntry | Subdirectory | None:
    if root.contents:
        return Subdirectory(root.path, "", identity(root.status))
    if root.is_dir:
        return classifier.subdirectory(root.path, root.name, identity(root.status))
    return classifier.file(root.path, root.name, root.status) if selected.takes(root.name) else None


def _branch(subdirectory: Subdirectory, selected: Filter, *, straight: bool) -> Branch:
    directory = Directory(subdirectory.name, None if straight else _TOP.path, subdirectory.title)
    chain = frozenset({subdirectory.identity} if subdirectory.identity else ())
    return Branch(directory, subdirectory.name, DirectoryBatch(_TOP), selected, chain, expected=True)


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


def _open(source: str | os.PathLike[str]) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if source == "-" else open(source, "rb")


def _rows(file: BinaryIO) -> Iterator[tuple[bytes, bytes, bool]]:
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


def _paths(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    first = file.read(_BLOCK).removeprefix(b"\xef\xbb\xbf")  # the byte order mark of some editors
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
                f"the list of files has a path of more than {_BLOCK} bytes; check that it is a list of paths"
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
