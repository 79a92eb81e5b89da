"""Folders of a run: found by a scan in a thread and planned in the journal, or planned before.

The journal of a dry run or of a check is a temporary one.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from attrs import define

from coredata_async.bulk.journal.claims import take_over
from coredata_async.bulk.journal.errors import DamagedError
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity, check_kind, check_path
from coredata_async.bulk.journal.opening import reason
from coredata_async.bulk.journal.planning import Planned, finish, list_folders, plan_batch, see_all
from coredata_async.bulk.scan.entries import DirectoryBatch
from coredata_async.bulk.scan.walk import Batches
from coredata_async.errors import ConfigurationError

T = TypeVar("T")

ENTRIES: Final = 1000
"""Maximum number of entries taken from the scan at once."""
DIRECTORIES: Final = 200
"""Maximum number of directories taken from the scan at once: most hold a few files only."""
STOP: Final = 1.0
"""Timeout for the scan to notice its end, in seconds; after that its thread is abandoned."""


@define(eq=False)
class ScanPlanner:
    """Iterator over the planned batches of a scan."""

    batches: Batches
    journal: Journal

    async def __aiter__(self) -> AsyncGenerator[Planned, None]:
        running: asyncio.Future[list[DirectoryBatch]] | None = None
        try:
            while True:
                running = _start_thread(partial(next_batches, self.batches))
                taken = await asyncio.shield(running)
                if not taken:
                    return
                for planned in await self.journal.read(partial(_all, taken, self.journal.run)):
                    yield planned
        finally:
            if running is not None:
                await asyncio.wait({running}, timeout=STOP)
                if running.done():
                    await asyncio.to_thread(self.batches.close)
                running.cancel()


@define(eq=False)
class PlannedFolders:
    """Iterator over the folders of a journal whose files were planned by another process."""

    journal: Journal

    async def __aiter__(self) -> AsyncIterator[Planned]:
        await self.journal.read(partial(see_all, run=self.journal.run))
        for planned in await self.journal.read(list_folders):
            yield planned


def _start_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Call a function in a thread that may never return, and then keeps neither loop nor process alive.

    Lists of files that never end and file systems that do not answer block it.
    """
    result: Future[T] = Future()
    result.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as exc:  # noqa: BLE001  # raised again in the task that waits
            result.set_exception(exc)

    threading.Thread(target=run, name="coredata-scan", daemon=True).start()
    return asyncio.wrap_future(result)


def next_batches(batches: Batches) -> list[DirectoryBatch]:
    """Return the next batches, together about a thousand entries; none at the end."""
    taken: list[DirectoryBatch] = []
    entries = 0
    for batch in batches:
        taken.append(batch)
        entries += len(batch.entries)
        if entries >= ENTRIES or len(taken) >= DIRECTORIES:
            break
    return taken


def _all(batches: Sequence[DirectoryBatch], run: int, db: sqlite3.Connection) -> list[Planned]:
    return [plan_batch(db, batch, run) for batch in batches]


@asynccontextmanager
async def scratch_journal(binding: JobIdentity, kept: Path | None = None) -> AsyncGenerator[Journal, None]:
    """Open a temporary journal, and delete it at the end in every case.

    Args:
        binding: The job that it is for.
        kept: The journal of the job. If it exists, the temporary journal begins as a copy of it.

    Raises:
        ConfigurationError: If the job is running, `kept` belongs to another job, or the temporary directory
            lies within the files to read.
    """
    with tempfile.TemporaryDirectory(prefix="coredata-draft-") as folder:
        path = Path(folder, "draft.sqlite")
        _check(path, binding)
        opening = asyncio.create_task(_open(path, binding, kept))
        try:
            yield await asyncio.shield(opening)
        finally:
            await asyncio.wait({opening})  # otherwise its thread would write into the deleted directory
            if not opening.cancelled() and opening.exception() is None:
                await opening.result().aclose()


async def plan_into(journal: Journal, batches: Batches, warn: Callable[[str], None]) -> None:
    """Plan all that a scan finds, in addition to the items that the journal has already."""
    await journal.read(take_over)
    async for planned in ScanPlanner(batches, journal):
        for warning in planned.warnings:
            warn(warning)
    await journal.read(lambda db: finish(db, journal.run))


def _check(path: Path, binding: JobIdentity) -> None:
    try:
        check_path(path, binding.roots)
    except ConfigurationError:
        raise ConfigurationError(
            f"the temporary directory {path.parent.parent} is within the files to read, or on a network "
            "file system; set TMPDIR to another directory"
        ) from None


async def _open(path: Path, binding: JobIdentity, kept: Path | None) -> Journal:
    if kept is not None:
        await asyncio.to_thread(_copy, kept, path)
    try:
        return await Journal.open(path, binding)
    except ConfigurationError as exc:  # the message is about the original
        raise ConfigurationError(_about(kept, path, exc)) from None


def _about(kept: Path | None, path: Path, exc: ConfigurationError) -> str:
    return str(exc).replace(str(path.resolve()), str(kept))


def _copy(kept: Path, to: Path) -> None:
    """Copy a journal if it exists.

    Only SQLite opens it, because closing any other handle would drop a running job's lock. SQLite merges the
    log that a crash left into the file meanwhile, which does not change the content.
    """
    try:
        kept.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as exc:
        raise ConfigurationError(f"the journal {kept} cannot be read: {exc.strerror}") from None
    check_kind(kept)
    try:
        with (
            closing(sqlite3.connect(f"{kept.resolve().as_uri()}?mode=rw", uri=True, timeout=0)) as source,
            closing(sqlite3.connect(to)) as target,
        ):
            source.isolation_level = None
            source.execute("PRAGMA locking_mode = EXCLUSIVE")
            source.execute("BEGIN EXCLUSIVE")  # `backup` itself would wait for a running job forever
            source.execute("COMMIT")
            source.backup(target)
    except (sqlite3.Error, UnicodeDecodeError) as exc:
        error = reason(kept, exc)
        if not isinstance(error, DamagedError):
            raise error from None
        to.unlink(missing_ok=True)  # the job would create a new one, too
