"""Readers of foreign bytes. A target takes any bytes; whatever it raises is a finding.

An error that a reader documents (`CoreDataError`, `Http11Error`, `ValueError`) is caught here.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from coredata_async.bulk.journal.claims import take_over
from coredata_async.bulk.journal.items import JOINED, item_of
from coredata_async.bulk.journal.location import JobIdentity
from coredata_async.bulk.journal.opening import open_journal
from coredata_async.bulk.report.query import read_report
from coredata_async.bulk.report.report import RunSummary, as_json
from coredata_async.call import Call, read_created_id, refusal
from coredata_async.errors import CoreDataError
from coredata_async.escapes import json_line
from coredata_async.fivepm import Activity, Project, Task
from coredata_async.fivepm.codec.shape import flag, many, one
from coredata_async.fivepm.replies import ask
from coredata_async.fivepm.replies import refusal as fivepm_refusal
from coredata_async.message import Reply, Request
from coredata_async.resources.registry import ROWS
from coredata_async.storage.disposition import filename_from
from coredata_async.storage.filenames import LONGEST, safe_filename
from coredata_async.transfer.ranges import (
    content_coding,
    content_range_of,
    is_same_content,
    read_unsatisfied_size,
)
from coredata_async.transport.http11.decompress import decompress
from coredata_async.transport.http11.errors import Http11Error
from coredata_async.transport.http11.parser import HEAD_LIMIT, ResponseParser
from coredata_async.wire.calls import get, list_page

BINDING: Final = JobIdentity("https://acme.coredata.is", "anna", "p1", (b"/data",))
COURSE: Final = RunSummary(journal="", started=0.0, seconds=1.0, ended="complete")
STATUSES: Final = (200, 201, 204, 206, 302, 400, 404, 409, 416, 500)
GET: Final = Request("GET", "/api/v2/files/")


def http(data: bytes) -> None:
    """Read parser as a connection does: cut at any place, they are the same; then unpack the body."""
    flags, cut, stream = int.from_bytes(data[:1], "big"), int.from_bytes(data[1:3], "big"), data[3:]
    bodiless = bool(flags & 1)
    whole = _answer([stream], bodiless=bodiless)
    pieces = _answer([stream[:cut], stream[cut:]], bodiless=bodiless)
    if isinstance(whole, tuple) and isinstance(pieces, tuple) and whole[0] and pieces[0]:
        assert whole[1:] == pieces[1:], "the answer depends on how the bytes were cut"
    if isinstance(whole, tuple) and whole[0]:
        _, status, headers, body = whole
        coding = dict(headers).get("content-encoding", "")
        with suppress(Http11Error):
            asyncio.run(decompress(body, coding, status))
        _conclude(Reply(status, dict(headers), body))


def _answer(pieces: list[bytes], *, bodiless: bool) -> tuple[bool, int, list[tuple[str, str]], bytes] | None:
    parser = ResponseParser()
    parser.expect(bodiless=bodiless)
    try:
        for piece in pieces:
            if not parser.complete and piece:
                parser.feed(piece)
        parser.ends_at_eof()
    except Http11Error:
        return None
    headers = [(name.lower(), value) for name, value in parser.headers.items()]
    assert sum(len(name) + len(value) for name, value in headers) <= 3 * HEAD_LIMIT
    return parser.complete, parser.status, headers, parser.take()


def _conclude(reply: Reply) -> None:
    str(refusal(GET, reply, 999))
    with suppress(ValueError, CoreDataError):
        content_range_of(reply)
    with suppress(ValueError, CoreDataError):
        read_created_id(reply)


def json(data: bytes) -> None:
    """Read a body as objects, listings and errors of the service."""
    status, body = STATUSES[data[0] % len(STATUSES)] if data else 200, data[1:]
    reply = Reply(status, {"Content-Type": "application/json", "Location": "/api/v2/files/1/"}, body)
    str(refusal(GET, reply, 999))
    good = Reply(200, reply.headers, body)
    for kind in ROWS.values():
        for call in (list_page(kind.path, kind.model, kind.where(), limit=None, offset=0), get(kind, "1")):
            _answered(call, good)


def _answered(call: Call[Any], reply: Reply) -> None:
    with suppress(CoreDataError):
        found = call.answer(reply)
        repr(found)


def xml(data: bytes) -> None:
    """Read a body as 5pm's objects, lists, flags and errors, in XML or JSON."""
    status, body = STATUSES[data[0] % len(STATUSES)] if data else 200, data[1:]
    reply = Reply(status, {"Content-Type": "text/xml"}, body)
    str(fivepm_refusal(GET, reply, 200))
    readers: tuple[Callable[[Any], object], ...] = (
        flag,
        *(lambda tree, model=model: one(tree, model) for model in (Project, Task, Activity)),  # type: ignore[misc]
        *(lambda tree, model=model: many(tree, model) for model in (Project, Task, Activity)),  # type: ignore[misc]
    )
    for read in readers:
        _answered(ask(GET, read), Reply(200, reply.headers, body))


def content_range(data: bytes) -> None:
    """Read the headers that say which bytes of a file a response holds."""
    text = data.decode("utf-8", "surrogateescape")
    names = (
        "Content-Range",
        "Content-Length",
        "Content-Encoding",
        "ETag",
        "Last-Modified",
        "Transfer-Encoding",
    )
    headers = dict(zip(names, text.split("\n"), strict=False))
    for status in (200, 206, 416):
        reply = Reply(status, headers, data)
        with suppress(ValueError):
            found = content_range_of(reply)
            assert found.first >= 0
            assert found.stop is None or found.first <= found.stop
            assert status != 206 or found.total is None or found.stop is None or found.stop <= found.total
            is_same_content(found, found, digest_decides=False)
            found.condition()
        read_unsatisfied_size(reply)
        content_coding(headers)


def disposition(data: bytes) -> None:
    """Read the name of a file in a header, and make it safe."""
    name = filename_from(data.decode("utf-8", "surrogateescape"))
    safe = safe_filename(name or "", "1")
    assert safe not in {"", ".", ".."}
    assert len(safe.encode()) <= LONGEST
    assert not set(safe) & set('/\\\0\r\n<>:"|?*')


def journal(data: bytes) -> None:
    """Open a journal in which bytes were changed, and read all of it."""
    with tempfile.TemporaryDirectory(prefix="coredata-fuzz-", dir=_memory()) as folder:
        path = Path(folder, "j.sqlite")
        path.write_bytes(_damaged(_journal(), data))
        _opened_and_read(path)


def rows(data: bytes) -> None:
    """Open a journal in which values, columns and tables were changed by SQL, and read all of it."""
    with tempfile.TemporaryDirectory(prefix="coredata-fuzz-", dir=_memory()) as folder:
        path = Path(folder, "j.sqlite")
        path.write_bytes(_journal())
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            _change(db, data)
        _opened_and_read(path)


def _opened_and_read(path: Path) -> None:
    with suppress(CoreDataError):
        store = open_journal(path, BINDING)
        try:
            take_over(store.connection)
            items = [item_of(row) for row in store.connection.execute(JOINED)]
            assert store.set_aside or len(items) == ITEMS, "files are missing, and nothing says so"
            json_line(as_json(read_report(store.connection, COURSE)))
        finally:
            store.close()


def _damaged(whole: bytes, edits: bytes) -> bytes:
    """Apply edits of four bytes: a place and a value each; the first two bytes say how much is cut off."""
    found = bytearray(whole)
    cut = int.from_bytes(edits[:2], "big")
    for at in range(2, len(edits) - 3, 4):
        found[int.from_bytes(edits[at : at + 3], "big") % len(found)] = edits[at + 3]
    return bytes(found[: len(found) - cut] if cut % 5 == 1 else found)


def _change(db: sqlite3.Connection, data: bytes) -> None:
    """Change single values: a table, a column and a value each. Some are not possible."""
    columns = _columns()
    for at in range(0, len(data) - 3, 4):
        table, column = columns[data[at] % len(columns)]
        value = VALUES[data[at + 1] % len(VALUES)]
        row = data[at + 2] % 4
        match data[at + 3] % 16:
            case 0:
                statement = f"ALTER TABLE {table} RENAME COLUMN {column} TO other"
            case 1:
                statement = f"DROP TABLE {table}"
            case 2:
                statement = f"CREATE TRIGGER t AFTER UPDATE ON {table} BEGIN DELETE FROM item; END"
            case 3:
                statement = f"ALTER TABLE {table} RENAME TO other; CREATE VIEW {table} AS SELECT * FROM other"
            case 4:
                statement = f"DELETE FROM {table} WHERE {column} IS NOT NULL"
                if table in {"item", "job"}:
                    continue  # a file that is gone from the journal is found again by the scan
            case _:
                statement = f"UPDATE OR IGNORE {table} SET {column} = {value} WHERE rowid % 4 = {row}"
        with suppress(sqlite3.Error):
            db.executescript(statement)


ITEMS: Final = 11
VALUES: Final = (
    *("NULL", "0", "1", "-1", "99", "1e300", "9e999", "-9e999", "9223372036854775807", "''", "'x'", "x''"),
    *("x'ff'", "CAST(x'ff80' AS TEXT)", "CAST(x'00' AS TEXT)", "0.5", "'1'", "zeroblob(100)", "char(55296)"),
)


@cache
def _columns() -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder, "j.sqlite")
        path.write_bytes(_journal())
        with closing(sqlite3.connect(path)) as db:
            tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return [(table, row[1]) for table in tables for row in db.execute(f"PRAGMA table_info({table})")]


@cache
def _journal() -> bytes:
    """Make a journal with a file in every state."""
    with tempfile.TemporaryDirectory(prefix="coredata-fuzz-", dir=_memory()) as folder:
        path = Path(folder, "j.sqlite")
        store = open_journal(path, BINDING)
        store.connection.executescript(FILLED)
        store.close()
        return path.read_bytes()


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # a journal waits for its disk


FILLED: Final = """
BEGIN;
INSERT INTO folder (id, path, parent, title, state, remote) VALUES (1, x'2f64617461', NULL, 'data', 2, 'f1'),
    (2, x'2f646174612f61', 1, 'a', 0, NULL);
WITH RECURSIVE n (state) AS (SELECT 0 UNION ALL SELECT state + 1 FROM n WHERE state < 10)
INSERT INTO item (folder, name, filename, size, mtime, ctime, inode, state, reason, message, blob, md5, etag,
    since, sent, file, seen)
SELECT 1 + state % 2, CAST('n' || state AS BLOB), 'n' || state, state, 1, 1, 1, state, 'network', 'message',
    'b', 'd', 1, 1.7e9, 1.7e9, 'i', 1 FROM n;
INSERT INTO orphan VALUES (1, 'b', 1.7e9);
INSERT INTO remote_file VALUES (1, 'i', 'n1', 5, 'd', 'b', 's', 1.7e9);
INSERT INTO remote_folder VALUES ('f1', 'p1', 'data', 'p1', 1.7e9, 1);
INSERT INTO finding VALUES ('warning', 'message');
COMMIT;
"""

TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "http": http,
    "json": json,
    "xml": xml,
    "content-range": content_range,
    "content-disposition": disposition,
    "journal": journal,
    "journal-rows": rows,
}
