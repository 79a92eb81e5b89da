"""Opening of a journal's file: lock, checks, comparison with the job, and quarantine of a damaged file."""

from __future__ import annotations

import itertools
import json
import os
import platform
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from coredata_async.bulk.journal.errors import DamagedError, JournalError, is_fatal, sqlite_name
from coredata_async.bulk.journal.location import Identity, JobIdentity, check_kind
from coredata_async.bulk.journal.schema import (
    APPLICATION,
    TABLES,
    VERSION,
    check_programs,
    check_rows,
    check_schema,
)
from coredata_async.errors import ConfigurationError, JournalInUseError
from coredata_async.storage.private import create_private

_APPLICATION_OFFSET: Final = 68
"""Offset of the application id in the file: https://www.sqlite.org/fileformat2.html#application_id."""
_ELSE: Final = "use another --job file"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")

_SETTINGS: Final = (
    "PRAGMA synchronous = FULL",  # an intent is on disk before its effect; NORMAL loses it in a power failure
    "PRAGMA fullfsync = ON",  # macOS: its plain fsync leaves the data in the drive's cache
    "PRAGMA wal_autocheckpoint = 2000",
    "PRAGMA journal_size_limit = 16777216",
    "PRAGMA cache_size = -8192",
    "PRAGMA temp_store = MEMORY",
)


@frozen
class Opened:
    """Journal that only this process has open. Belongs to the thread that opened it."""

    path: Path
    connection: sqlite3.Connection
    run: int
    resumed: bool
    shard: str = ""
    set_aside: Path | None = None

    def close(self) -> None:
        """Write the log back into the file, and release the lock."""
        _remove_owner(self.path)
        self.connection.close()


def open_journal(path: Path, binding: Identity, *, checked: bool = False) -> Opened:
    """Open a journal, or create one. That of a shard must exist, because only its planner knows the files.

    Args:
        path: The file.
        binding: The job or shard that it belongs to.
        checked: True if this process has just written it after a check of its rows.

    Raises:
        JournalInUseError: If a process holds it open.
        ConfigurationError: If it belongs to another job, or is not a journal.
        JournalError: If the disk is full or failed.
    """
    path = Path(os.path.realpath(path))
    try:
        return _open_translating_errors(path, binding, checked=checked)
    except DamagedError:
        aside = _quarantine(path)
    try:
        return evolve(_open_translating_errors(path, binding), set_aside=aside)
    except DamagedError as exc:
        raise JournalError(path, f"a new journal is damaged at once ({exc}); use another disk") from None


def _open_translating_errors(path: Path, binding: Identity, *, checked: bool = False) -> Opened:
    try:
        return _open(path, binding, checked=checked)
    except (sqlite3.Error, UnicodeDecodeError) as exc:
        raise reason(path, exc) from None
    except OSError as exc:
        if is_fatal(exc):
            raise JournalError(path, exc) from exc
        raise ConfigurationError(f"the journal {path} cannot be created: {exc.strerror}; {_ELSE}") from exc


def reason(path: Path, exc: Exception) -> Exception:
    """Return the error for a failure of SQLite while a journal is opened."""
    if sqlite_name(exc).startswith("SQLITE_BUSY"):
        return _in_use(path)
    damaged = sqlite_name(exc).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
    damaged = damaged or isinstance(exc, UnicodeDecodeError)  # SQLite's message quotes the damaged schema
    if is_fatal(exc) and not damaged:
        return JournalError(path, exc)
    if _was_journal(path):
        return DamagedError(str(exc))
    if damaged:
        return ConfigurationError(f"{path} is not a journal; {_ELSE}")
    return JournalError(path, exc)


def _in_use(path: Path) -> JournalInUseError:
    message, pid, host = "another program", None, None
    with suppress(OSError, ValueError, KeyError, TypeError):
        fields = json.loads(_owner_file(path).read_text("utf-8"))
        node, number, since = str(fields["host"]), int(fields["pid"]), str(fields["since"])
        is_here = (node, str(fields["boot"]), number) == (platform.node(), _boot(), os.getpid())
        message = f"{'this process' if is_here else f'process {number} on {node}'}, since {since}"
        pid, host = number, node
    error = JournalInUseError(f"the journal {path} is in use by {message}; wait for it, or {_ELSE}")
    error.pid, error.host = pid, host
    return error


def _open(path: Path, binding: Identity, *, checked: bool) -> Opened:
    check_kind(path)
    create_private(path)  # SQLite would make it readable for all users
    # From here on only SQLite may open the file: closing any other handle drops the POSIX locks on it.
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        if _is_journal(connection, path):
            _check(connection, path, binding)
            if not checked:
                _check_content(connection)
        else:
            _begin(connection, path, binding)
        found = _count(connection)
    except BaseException:
        connection.close()
        raise
    _write_owner(path)
    return Opened(path, connection, *found, shard=binding.shard)


def _is_journal(connection: sqlite3.Connection, path: Path) -> bool:
    """Take the lock, and return whether it is a journal or an empty file. Other files are not touched.

    Raises:
        ConfigurationError: If it is the database of another program.
    """
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    [(application,)] = connection.execute("PRAGMA application_id")
    if application != APPLICATION:
        [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_master")
        if application or tables or path.stat().st_size == 1:  # SQLite treats one byte as empty
            raise ConfigurationError(f"{path} is the database of another program; {_ELSE}")
    connection.execute("COMMIT")
    return bool(application == APPLICATION)


def _settle(connection: sqlite3.Connection, path: Path) -> None:
    [(mode,)] = connection.execute("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise JournalError(
            path, f"its file system does not support write-ahead logs; {_ELSE} on a local disk"
        )
    for setting in _SETTINGS:
        connection.execute(setting)


def _begin(connection: sqlite3.Connection, path: Path, binding: Identity) -> None:
    if not isinstance(binding, JobIdentity):
        raise ConfigurationError(
            f"the journal {path} of shard {binding.shard} is missing or empty; restore it first"
        )
    _settle(connection, path)
    connection.executescript(f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION}; {TABLES}")
    now = time.time()
    connection.execute(
        "INSERT INTO job (one, schema, tenant, account, parent, roots, created, run, sent_until) "
        "VALUES (1, ?, ?, ?, ?, ?, ?, 0, ?)",
        (VERSION, *binding.row().values(), now, now),
    )
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path, binding: Identity) -> None:
    """Check that a journal has this version, and belongs to this job."""
    check_programs(connection)  # before anything is read or written
    _settle(connection, path)
    (schema,) = _one(connection, "SELECT schema FROM job")
    if not isinstance(schema, int):
        raise DamagedError(f"its schema is {schema!r}")
    if schema != VERSION:
        raise ConfigurationError(
            f"the journal {path} was written by another version of this library (schema {schema}, "
            f"here {VERSION}); finish it with that version, or {_ELSE}"
        )
    check_schema(connection)
    wanted = {**binding.row(), "shard": binding.shard}
    _compare(path, wanted, _one(connection, f"SELECT {', '.join(wanted)} FROM job"))  # noqa: S608


def _check_content(connection: sqlite3.Connection) -> None:
    """Check that a journal is not damaged. Takes longer the more files it has."""
    (found,) = _one(connection, "PRAGMA integrity_check(1)")
    if found != "ok":
        raise DamagedError(found)
    check_rows(connection)


def _one(connection: sqlite3.Connection, query: str) -> tuple[object, ...]:
    row: tuple[object, ...] | None = connection.execute(query).fetchone()
    if row is None:
        raise DamagedError(f"the result of {query} is empty")
    return row


def _compare(path: Path, wanted: Mapping[str, str], row: tuple[object, ...]) -> None:
    for (name, value), has in zip(wanted.items(), row, strict=True):
        if value != has:
            raise ConfigurationError(
                f"the journal {path} belongs to a job with another {name}: {has} instead of {value}; {_ELSE}"
            )


def _count(connection: sqlite3.Connection) -> tuple[int, bool]:
    connection.execute("UPDATE job SET run = run + 1")
    [(run, resumed)] = connection.execute("SELECT run, run > 1 AND EXISTS (SELECT 1 FROM item) FROM job")
    return run, bool(resumed)


def _was_journal(path: Path) -> bool:
    """Return whether a file that SQLite cannot read was a journal.

    Do not call it for a file that SQLite can read: closing the file here drops this process's locks on it.
    """
    try:
        with path.open("rb") as file:
            file.seek(_APPLICATION_OFFSET)
            return file.read(4) == APPLICATION.to_bytes(4, "big")
    except OSError:
        return False


def _quarantine(path: Path) -> Path:
    """Rename a damaged journal and its log to a free name, and return the new path."""
    names = (path.with_name(f"{path.name}.damaged-{n}") for n in itertools.count(1))
    aside = next(name for name in names if not os.path.lexists(name))
    try:
        path.rename(aside)
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}-wal").rename(aside.with_name(f"{aside.name}-wal"))
    except OSError as exc:
        trouble = f"it is damaged and cannot be moved aside ({exc.strerror}); move it away and run again"
    else:
        return aside
    raise JournalError(path, trouble)


def _owner_file(journal: Path) -> Path:
    """Return the path of the file that names the process that holds a journal, for error messages.

    The lock itself is SQLite's, which ends with its process. A file that a crash leaves behind has no effect.
    """
    return journal.with_name(f"{journal.name}.owner")


def _write_owner(journal: Path) -> None:
    fields = {
        "host": platform.node(),
        "pid": os.getpid(),
        "boot": _boot(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with suppress(OSError):  # it serves error messages only
        _owner_file(journal).unlink(missing_ok=True)
        handle = os.open(_owner_file(journal), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(fields, file)


def _remove_owner(journal: Path) -> None:
    with suppress(OSError):
        _owner_file(journal).unlink(missing_ok=True)


def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:  # Linux only
        return ""
