"""Wrappers around the library that record its steps. The library does not know them."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from functools import partial
from urllib.parse import urlsplit

from attrs import evolve, frozen

from coredata_async.bulk.journal import journal, opening, planning, scanning
from coredata_async.bulk.journal.batching import Job, Statement
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.opening import Opened
from coredata_async.bulk.run import feeder, job_run
from coredata_async.bulk.run.scheduler import Scheduler
from coredata_async.bulk.states import FolderState, State
from coredata_async.message import Body, Reply, Request, Send
from coredata_async.transport import chain

from .points import Watch

BATCH = 2
"""Entries per batch of the scan, so that a small tree has several batches."""
LARGE = 1 << 20
"""Minimum size of a large file, so that the files of a test can be small."""
UNANSWERED = 0.05
"""Seconds after which a request counts as waiting in the server."""


def install(watch: Watch) -> None:
    """Install the wrappers in this process, once."""
    scanning.ENTRIES, scanning.DIRECTORIES = BATCH, 1
    feeder.LARGE = planning.LARGE = LARGE
    # A SIGKILL takes nothing from the kernel, so these processes need not wait for the disk.
    opening._SETTINGS = ("PRAGMA synchronous = OFF", *opening._SETTINGS[1:])
    job_run.Scheduler = partial(Scheduler, sleep=_sleep_briefly)
    _watch_scan(watch)
    _watch_requests(watch)
    _watch_journal(watch)
    _watch_commits(watch)


async def _sleep_briefly(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))


def operation(request: Request) -> str:
    """Return the operation of a request, as the sandbox names it."""
    parts = [part for part in urlsplit(request.target).path.split("/") if part]
    match parts:
        case ["api", _, "blob", *_]:
            name = "blobs.reserve"
        case ["api", _, "files"] if request.method == "POST":
            name = "files.register"
        case ["api", _, noun]:
            name = f"{noun}.{'create' if request.method == 'POST' else 'list'}"
        case ["api", _, noun, _, *below]:
            name = ".".join((noun, *below)) if below else f"{noun}.get"
        case _:
            name = f"storage.{request.method.lower()}"
    return name


def label(statement: Statement) -> str:
    """Return the label of a statement: the new state of a file or folder, or the table."""
    sql, values = statement
    if sql.startswith("UPDATE item SET state"):
        return State(values[0]).name
    if sql.startswith("UPDATE folder SET state"):
        return f"folder-{FolderState(values[0]).name}"
    return sql.partition(" INTO ")[2].partition(" ")[0] or "rows"


def _watch_scan(watch: Watch) -> None:
    some = scanning.next_batches

    def watched(batches):
        found = some(batches)
        watch.at("scan.batch")
        return found

    scanning.next_batches = watched


def _watch_requests(watch: Watch) -> None:
    exchange = chain.exchange
    chain.exchange = lambda *args, **kwargs: _watched(exchange(*args, **kwargs), watch)


def _watched(send: Send, watch: Watch) -> Send:
    async def through(request: Request) -> Reply:
        name = operation(request)
        await _reach(watch, f"{name}:before")
        try:
            reply = await _sent(send, _seen_body(request, name, watch), name, watch)
        except Exception:
            await _reach(watch, f"{name}:lost")
            raise
        await _reach(watch, f"{name}:after")
        return reply

    return through


async def _sent(send: Send, request: Request, name: str, watch: Watch) -> Reply:
    if not watch.is_for(f"{name}:waiting"):
        return await send(request)
    sending = asyncio.ensure_future(send(request))
    await asyncio.wait({sending}, timeout=UNANSWERED)
    if not sending.done():
        await _reach(watch, f"{name}:waiting")
    return await sending


def _seen_body(request: Request, name: str, watch: Watch) -> Request:
    event, body = f"{name}:middle", request.body
    if name != "storage.put" or not body:
        return request
    if isinstance(body, bytes):
        if not watch.is_for(event):
            return request
        body = _Halved(body)
    return evolve(request, body=_Seen(body, watch, event))


@frozen
class _Halved:
    """Bytes as a body of two blocks."""

    data: bytes
    replayable: bool = True

    @property
    def size(self) -> int:
        return len(self.data)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        half = len(self.data) // 2
        yield self.data[:half]
        yield self.data[half:]


@frozen
class _Seen:
    """Body that records an event after each block."""

    inner: Body
    watch: Watch
    event: str

    @property
    def size(self) -> int:
        return self.inner.size

    @property
    def replayable(self) -> bool:
        return self.inner.replayable

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        first = True
        async with aclosing(self.inner.chunks()) as blocks:
            async for block in blocks:
                if not first:
                    await _reach(self.watch, self.event)
                first = False
                yield block


_open: list[Journal] = []
"""The one journal of this process."""


async def _reach(watch: Watch, event: str) -> None:
    if watch.point is not None and watch.point.flush and watch.is_for(event) and _open:
        await _open[0].read(lambda _: None)
    watch.at(event)


def _watch_journal(watch: Watch) -> None:
    open_journal, note, write, close = Journal.open, Journal.note, Journal.write, Opened.close

    async def watched_open(*args) -> Journal:
        _open[:] = [await open_journal(*args)]
        watch.at("journal.open")
        return _open[0]

    def watched_note(self: Journal, *statements: Statement) -> None:
        watch.at("note", _labels(statements))
        note(self, *statements)

    async def watched_write(self: Journal, *statements: Statement) -> None:
        for name in _labels(statements):
            await _reach(watch, f"write:{name}:before")
        await write(self, *statements)
        for name in _labels(statements):
            watch.at(f"write:{name}:after")

    def watched_close(self: Opened) -> None:
        watch.at("journal.close")
        close(self)
        watch.at("journal.closed")

    Journal.open, Journal.note, Journal.write = watched_open, watched_note, watched_write
    Opened.close = watched_close


def _watch_commits(watch: Watch) -> None:
    commit = journal.commit

    def watched(connection: sqlite3.Connection, jobs: list[Job]):
        labels = _labels(each for job in jobs for each in job.statements)
        connection.set_trace_callback(lambda sql: sql == "COMMIT" and watch.at("commit:inside", labels))
        watch.at("commit:before", labels)
        answers = commit(connection, jobs)
        watch.at("commit:after", labels)
        return answers

    journal.commit = watched


def _labels(statements: Iterable[Statement]) -> list[str]:
    return sorted({label(each) for each in statements})
