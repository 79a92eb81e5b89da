"""Journals of shards as bytes: exported by a planner, copied as checkpoints, and restored on any machine.

In transit all paths are relative to the root of a share, which lies elsewhere on each machine. A copy notes
that it is one: its owner may have written and sent more since.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import ExitStack, closing
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final, TypeAlias, cast

from attrs import field, frozen

from coredata_async.bulk.journal.errors import DamagedError, JournalError
from coredata_async.bulk.journal.schema import APPLICATION, TABLES, check_programs, check_rows, check_schema
from coredata_async.bulk.states import FolderState
from coredata_async.errors import ConfigurationError
from coredata_async.storage.private import write_private

MAX_SIZE: Final = 256 << 20
"""Maximum size of a restored journal in bytes; that of a shard has less than one thousandth of it."""
_COMPRESSION: Final = 1

_WAL_OFFSET: Final = slice(18, 20)
"""Offset of the versions that say if a file uses a log: https://www.sqlite.org/fileformat2.html#database_header."""
_NAMESAKES: Final = (
    "item CROSS JOIN remote_file ON remote_file.folder = item.folder "
    "AND remote_file.filename = item.filename WHERE item.shard = :shard"
)
_EXPORTED: Final[Mapping[str, str]] = {
    "job": "SELECT * FROM job",
    "folder": "WITH RECURSIVE up(id) AS (SELECT DISTINCT folder FROM item WHERE shard = :shard UNION "
    "SELECT folder.parent FROM folder JOIN up ON folder.id = up.id WHERE folder.parent IS NOT NULL) "
    "SELECT id, path, parent, title, state, remote, CASE WHEN made THEN -1 ELSE 0 END, 0 "
    "FROM folder WHERE id IN (SELECT id FROM up)",
    "item": "SELECT id, folder, name, filename, size, mtime, ctime, inode, state, reason, message, blob, "
    "md5, etag, since, sent, unconfirmed, file, 0, 0, NULL FROM item WHERE shard = :shard",
    "former": "SELECT * FROM former WHERE file IN (SELECT file FROM item WHERE shard = :shard)",
    "remote_file": f"SELECT DISTINCT remote_file.* FROM {_NAMESAKES}",  # noqa: S608
    "baseline": f"SELECT DISTINCT remote_file.file FROM {_NAMESAKES}",  # noqa: S608
}
"""Rows of the journal of a new shard, by table."""


_Data: TypeAlias = bytes


@frozen
class Shard:
    """Files of one share that one process uploads, with their folders."""

    id: str
    """Same for the same files of the same share."""
    share: str
    files: int
    bytes: int
    journal: _Data = field(repr=False)
    """Journal of the shard for `restore_shard`, about 100 bytes per file."""


def export_shard(
    db: sqlite3.Connection, number: int, share: str, root: bytes, roots: tuple[str, ...]
) -> Shard:
    """Export the files of a shard with their folders and the Files that have their names.

    Args:
        db: The planner's journal. All folders of the files must be READY.
        number: The number of the shard in it.
        share: The name of the share.
        root: The root of the share on this machine.
        roots: The PATHs, for the report.
    """
    (shard_id,) = db.execute("SELECT id FROM shard WHERE number = ?", (number,)).fetchone()
    with closing(_copy(db, _EXPORTED, {"shard": number})) as copy:
        copy.execute(
            "UPDATE job SET shard = ?, roots = ?, run = 0, scanned = 0, sent_until = NULL, sent_by = 'lost'",
            (shard_id, json.dumps(roots)),
        )
        files, size = copy.execute("SELECT count(*), total(size) FROM item").fetchone()
        return Shard(shard_id, share, files, int(size), _pack(copy, root))


def checkpoint(db: sqlite3.Connection, root: bytes) -> bytes:
    """Copy the journal of a shard, of about 100 bytes per file. Holds it in memory."""
    with closing(_snapshot(db)) as copy:
        copy.execute("DELETE FROM shard")
        copy.execute("UPDATE job SET sent_until = NULL, sent_by = 'owner'")
        return _pack(copy, root)


def identify(db: sqlite3.Connection, items: list[int], share: str, root: bytes) -> str:
    """Return an id that is the same for the same files of the same share."""
    digest = hashlib.sha256(share.encode())
    for start in range(0, len(items), 500):
        part = items[start : start + 500]
        rows = db.execute(
            "SELECT folder.path, item.name FROM item JOIN folder ON folder.id = item.folder "  # noqa: S608
            f"WHERE item.id IN ({', '.join('?' * len(part))}) ORDER BY folder.path, item.name",
            part,
        )
        for folder, files in groupby(rows, itemgetter(0)):
            inside = to_relative(os.path.join(cast("bytes", folder), b"x"), root)[:-1] if folder else b""  # noqa: PTH118
            for _, name in files:
                path = inside + name if folder else to_relative(cast("bytes", name), root)
                digest.update(b"%d:%s" % (len(path), path))
    return digest.hexdigest()[:24]


def restore(data: bytes, path: Path, root: bytes) -> None:
    """Write the journal of a shard to a file, which must not exist, with the paths of this machine. Blocks.

    Raises:
        ConfigurationError: If it is not the journal of a shard of this version, or leads out of the share.
        JournalError: If the file cannot be written.
    """
    with closing(read_shard(data, root)) as copy:
        content = copy.serialize()
    _write(path, content)


def read_shard(data: bytes, root: bytes) -> sqlite3.Connection:
    """Check the journal of a shard, and return it in memory with the paths of this machine.

    Raises:
        ConfigurationError: If it is not the journal of a shard of this version, or leads out of the share.
    """
    with ExitStack() as opened:
        try:
            copy = opened.enter_context(closing(_unpack(data)))
            _check(copy)
            copy.create_function("absolute", 1, partial(to_absolute, root=root))
            _convert(copy, "absolute")
        except (zlib.error, sqlite3.Error, DamagedError, UnicodeDecodeError, ValueError) as exc:
            trouble = f"the copy of a shard's journal cannot be used: {exc}"
        else:
            opened.pop_all()
            return copy
    raise ConfigurationError(trouble)


def to_relative(path: bytes, root: bytes) -> bytes:
    """Return a path below the root relative to it; empty for an empty path."""
    if path in {b"", root}:
        return b"." if path else b""
    above = root.rstrip(b"/") + b"/"
    if not path.startswith(above):
        raise ValueError(f"{path!r} is not below the root of the share")
    return path[len(above) :]


def to_absolute(path: bytes, root: bytes) -> bytes:
    """Return a relative path below the root; empty for an empty path.

    Raises:
        ValueError: If it leads out of the root.
    """
    if path == b"":
        return path
    if path == b".":
        return root
    if path.startswith(b"/") or {b"..", b".", b""} & set(path.split(b"/")):
        raise ValueError("a path leads out of its share")
    return os.path.join(root, path)  # noqa: PTH118  # bytes


def _copy(
    db: sqlite3.Connection, tables: Mapping[str, str], values: Mapping[str, object]
) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    copy.executescript(f"PRAGMA application_id = {APPLICATION}; {TABLES}")
    copy.execute("BEGIN")
    for table, query in tables.items():
        rows = db.execute(query, values)
        places = ", ".join("?" * len(rows.description))
        copy.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608  # a constant
    return copy


def _snapshot(db: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy of a journal in memory, in a transaction, without the list of the server's folders."""
    content = bytearray(db.serialize())
    content[_WAL_OFFSET] = b"\x01\x01"  # a database in memory has no log
    copy = _in_memory(bytes(content))
    copy.execute("BEGIN")
    if copy.execute("SELECT 1 FROM remote_folder LIMIT 1").fetchone() is not None:
        copy.execute("DELETE FROM remote_folder")
        copy.execute("COMMIT")
        copy.execute("VACUUM")
        copy.execute("BEGIN")
    return copy


def _in_memory(content: bytes) -> sqlite3.Connection:
    """Open the content of a database file in memory."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        copy.deserialize(content)
    except BaseException:
        copy.close()
        raise
    return copy


def _pack(copy: sqlite3.Connection, root: bytes) -> bytes:
    copy.create_function("relative", 1, partial(to_relative, root=root))
    _convert(copy, "relative")
    copy.execute("COMMIT")
    return zlib.compress(copy.serialize(), _COMPRESSION)


def _convert(copy: sqlite3.Connection, function: str) -> None:
    copy.execute(f"UPDATE folder SET path = {function}(path)")  # noqa: S608
    # The names of single PATHs are whole paths.
    copy.execute(
        f"UPDATE item SET name = {function}(name) "  # noqa: S608
        "WHERE folder IN (SELECT id FROM folder WHERE path = x'')"
    )


def _unpack(data: bytes) -> sqlite3.Connection:
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(data, MAX_SIZE)
    if not unpacking.eof:
        raise ValueError("it is incomplete, or too large")
    return _in_memory(content)


def _check(copy: sqlite3.Connection) -> None:
    [(application,)] = copy.execute("PRAGMA application_id")
    if application != APPLICATION:
        raise ValueError("it is not a journal")
    check_programs(copy)
    check_schema(copy)
    [(found,)] = copy.execute("PRAGMA integrity_check(1)")
    if found != "ok":
        raise DamagedError(found)
    check_rows(copy)
    for query, trouble in _IMPOSSIBLE.items():
        if copy.execute(query).fetchone() is not None:
            raise ValueError(trouble)


_IMPOSSIBLE: Final[Mapping[str, str]] = {
    "SELECT 1 FROM job WHERE shard = ''": "it is not that of a shard",
    f"SELECT 1 FROM folder WHERE parent IS NOT NULL AND state != {FolderState.READY:d}": (  # noqa: S608
        "a folder in it does not exist yet"
    ),
    "SELECT 1 FROM item JOIN folder ON folder.id = item.folder WHERE folder.path != x'' "
    "AND (instr(item.name, x'2f') OR item.name IN (x'2e', x'2e2e'))": "a name in it is a path",
}
"""Questions that a usable journal answers with no row, and the fault if it does."""


def _write(path: Path, content: bytes) -> None:
    """Write a file completely, or not at all."""
    try:
        if path.exists():
            raise FileExistsError(f"{path} exists")
        for log in ("-wal", "-shm", "-journal"):  # of a deleted journal: SQLite would apply it to this one
            path.with_name(f"{path.name}{log}").unlink(missing_ok=True)
        write_private(path, content, temporary=path.with_name(f"{path.name}.new"))
    except OSError as exc:
        raise JournalError(path, exc) from exc
