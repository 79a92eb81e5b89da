"""Planner of shards: scans, finds or creates folders, and divides the files; all of it is in a journal."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from attrs import define, evolve, field

from coredata_async.bulk.events import Event, FileFailed, FolderCreated, Waiting, Warned
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal import items, planning, sharding
from coredata_async.bulk.journal.claims import take_over
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.planning import Planned
from coredata_async.bulk.journal.scanning import ScanPlanner
from coredata_async.bulk.journal.settle_wait import Sent, SettleWait, read_wait
from coredata_async.bulk.journal.shards import Shard, export_shard
from coredata_async.bulk.lease import Lease, wait_for_end
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.remote.folder_list import FolderMaker, NameClaims
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.report.query import read_report
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.run.context import scan_event
from coredata_async.bulk.run.failures import unwrap
from coredata_async.bulk.run.feeder import Placement
from coredata_async.bulk.run.progress import summarize
from coredata_async.bulk.scan.walk import Batches
from coredata_async.bulk.states import Ended, Reason
from coredata_async.bulk.workers.runtime import Runtime
from coredata_async.errors import APIError, AuthenticationError

WINDOW: Final = 64
"""Maximum number of folders that are found or created at the same time."""
PASSES: Final = 5
"""Maximum number of further attempts at folders that could not be found or created."""


class EndedError(Exception):
    """The plan cannot continue."""


@define(eq=False, kw_only=True)
class ShardPlanner:
    """One execution of a plan, with an open journal."""

    spec: JobSpec
    journal: Journal
    runtime: Runtime
    remote: Remote
    batches: Batches
    share: str
    root: bytes
    name: str
    """PATH for the report."""
    size: tuple[int, int]
    """Maximum number of files and bytes of a shard."""
    published: AsyncIterable[bytes] | None
    """Journals of the shards that an earlier plan published, if its own journal is lost."""
    lease: Lease
    maker: FolderMaker | None
    """Creates folders together with the other plans of the job; None if this is the only plan."""
    names: NameClaims | None
    """Gives each name in a folder to one plan of the job; None if no other plan uses the same folders."""
    on_event: Callable[[Event], Awaitable[object]] | None
    report: Report | None = field(default=None, init=False)
    _placement: Placement = field(init=False)
    _splitter: sharding.Splitter = field(init=False)
    _excluded: int = field(default=0, init=False)
    _ended: Ended = field(default="complete", init=False)
    _message: str = field(default="", init=False)
    _stopped: asyncio.Event = field(factory=asyncio.Event, init=False)
    _failed: dict[int, str] = field(factory=dict[int, str], init=False)
    """Folders that could not be found or created, with the reason."""

    async def shards(self) -> AsyncGenerator[Shard, None]:
        """Yield the unpublished shards. Each counts as published as soon as the next one is requested."""
        started, began = time.time(), time.monotonic()
        wait = SettleWait(self.runtime.engine.retry, await self._begin(), self._announce_wait)
        self._placement = Placement.build(
            self.remote,
            self.runtime.engine.retry,
            wait,
            abort=self._end,
            on_created=self._announce_folder,
            maker=self.maker,
        )
        self._splitter = sharding.Splitter(*self.size)
        try:
            async with aclosing(self._number_shards()) as numbers:
                async for number in numbers:
                    yield await self.journal.read(partial(self._export, number=number))
                    await self.journal.read(partial(sharding.mark_published, number=number))
        except EndedError:
            pass
        summary = summarize(
            self.spec,
            self.journal,
            self.runtime.limiters,
            wait,
            started=started,
            seconds=time.monotonic() - began,
            ended=self._ended,
            message=self._message,
            excluded=self._excluded,
        )
        report = await self.journal.read(lambda db: read_report(db, summary))
        self.report = evolve(report, roots=(self.name,))

    async def _begin(self) -> Sent:
        if self.published is not None:
            async for data in self.published:
                await self.journal.read(
                    partial(sharding.adopt, data=data, run=self.journal.run, root=self.root)
                )
        return await self.journal.read(self._resume)

    def _resume(self, db: sqlite3.Connection) -> Sent:
        take_over(db)
        sharding.keep_assigned(db, self.journal.run)
        assume_alone, damaged = self.spec.policy.assume_alone, self.journal.set_aside is not None
        return read_wait(db, assume_alone=assume_alone, damaged=damaged)

    def _export(self, db: sqlite3.Connection, number: int) -> Shard:
        return export_shard(db, number, self.share, self.root, (self.name,))

    async def _number_shards(self) -> AsyncGenerator[int, None]:
        """Yield the numbers of the shards, those of an earlier run first."""
        for number in await self.journal.read(sharding.list_unpublished):
            yield number
        async with aclosing(self._windows()) as windows:
            async for folders in windows:
                await self._run_unless_ended(self._open_all(folders))
                for folder in folders:
                    if folder not in self._failed:
                        async with aclosing(self._divide(folder)) as numbers:
                            async for number in numbers:
                                yield number
        if rest := self._splitter.take():
            yield await self.journal.read(partial(self._assign, rest))
        await self._run_unless_ended(self._finish())

    async def _windows(self) -> AsyncGenerator[list[int], None]:
        """Yield folders with files in the order of the scan; then, again, those that could not be opened."""
        window = sharding.FolderWindow(WINDOW, *self.size)
        async with aclosing(aiter(ScanPlanner(self.batches, self.journal))) as scanned:
            async for planned in scanned:
                await self._count(planned)
                window.add(planned, wanted=planned.pending or self.spec.policy.empty_dirs)
                if window.is_full:
                    yield window.take()
        yield window.take()
        await self.journal.read(lambda db: planning.finish(db, self.journal.run))
        for number in range(PASSES):
            if not self._failed:
                return
            await asyncio.sleep(self.runtime.engine.retry.base * 2.0**number)
            self._placement.folders.clear_failures()
            again, self._failed = list(self._failed), {}
            yield again
            if len(self._failed) == len(again):
                return

    async def _run_unless_ended(self, work: Coroutine[None, None, None]) -> None:
        """Run a part of the plan, and cancel it if the plan cannot continue.

        Raises:
            EndedError: If another job was found, the key was refused, the service was given up, or the lease
                has ended.
        """
        limiters = self.runtime.limiters
        try:
            async with asyncio.TaskGroup() as group:
                ending = [
                    group.create_task(self._stopped.wait()),
                    group.create_task(limiters.stopped.wait()),
                    group.create_task(wait_for_end(self.lease)),
                ]
                following = group.create_task(self.runtime.work(self._warn, _ignore))
                working = group.create_task(work)
                await asyncio.wait({working, *ending}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done() and limiters.stopped.is_set():
                    self._end("circuit", limiters.message or "")
                elif not working.done() and not self._stopped.is_set():
                    self._end("lease", "its lease has ended, and another process may continue")
                for task in (working, following, *ending):
                    task.cancel()
        except BaseExceptionGroup as failures:
            raise unwrap(failures) from None
        if self._ended != "complete":
            raise EndedError

    async def _open_all(self, folders: Sequence[int]) -> None:
        """Find or create folders, and list those that existed before."""
        async with asyncio.TaskGroup() as group:
            for folder in folders:
                group.create_task(self._open_folder(folder))

    async def _open_folder(self, folder: int) -> None:
        try:
            await self._placement.feeder.open_folder(folder, settled=True)
        except AuthenticationError as exc:
            self._end("authentication", str(exc))
        except APIError as exc:
            self._failed[folder] = str(exc)

    async def _divide(self, folder: int) -> AsyncGenerator[int, None]:
        after = b""
        while files := await self.journal.read(partial(sharding.list_pending, folder=folder, after=after)):
            after = files[-1].name
            for group in self._splitter.add(await self._claim(folder, files)):
                yield await self.journal.read(partial(self._assign, group))

    async def _claim(self, folder: int, files: list[sharding.PendingFile]) -> list[sharding.PendingFile]:
        """Return the files whose names no other source of the job has in this folder; fail the others."""
        if self.names is None:
            return files
        remote = await self._placement.folders.ready(folder)
        named = {file.id: self.remote.comparable(file.filename) for file in files}
        refused = await self.names.claim(remote.id, list(named.values()))
        if not refused:
            return files
        taken = {number: refused[name] for number, name in named.items() if name in refused}
        path = await self.journal.read(partial(sharding.fail_taken, folder=folder, taken=taken))
        for file in files:
            if file.id in taken:
                where = path_text(os.path.join(path, file.name))  # noqa: PTH118  # bytes
                await self._publish(FileFailed(path=where, reason=Reason.COLLISION, message=taken[file.id]))
        return [file for file in files if file.id not in taken]

    def _assign(self, group: list[int], db: sqlite3.Connection) -> int:
        return sharding.assign(db, group, self.journal.run, self.share, self.root)

    async def _finish(self) -> None:
        for folder, reason in self._failed.items():
            message = f"its folder is not ready: {reason}"
            await self.journal.read(partial(sharding.fail_folder, folder=folder, message=message))
        try:
            await self._placement.siblings.check_again()
        except APIError as exc:
            await self._warn(f"it could not be checked whether another job created the same folders: {exc}")

    async def _count(self, planned: Planned) -> None:
        self._excluded += planned.excluded
        for warning in planned.warnings:
            await self._warn(warning)
        for entry in planned.ended:
            await self._publish(scan_event(planned.path, entry))

    def _end(self, ended: Ended, message: str) -> None:
        """End the plan; the first reason is kept."""
        if self._ended == "complete":
            self._ended, self._message = ended, message
        self._stopped.set()

    async def _publish(self, event: Event) -> None:
        if self.on_event is not None:
            await self.on_event(event)

    async def _warn(self, message: str) -> None:
        self.journal.note(items.add_finding("warning", message))
        await self._publish(Warned(message=message))

    async def _announce_wait(self, seconds: float, message: str) -> None:
        await self._publish(Waiting(seconds=seconds, message=message))

    async def _announce_folder(self, path: bytes, folder_id: str) -> None:
        await self._publish(FolderCreated(path=path_text(path), folder_id=folder_id))


def _ignore(message: str) -> None:
    """Do nothing: the plan has no worker processes."""
    del message
