"""Scheduler of a run: scan, folders, workers, retry passes and confirmation; and their early end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final

from attrs import define, field

from coredata_async.bulk.events import FolderCreated, Scanned
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal import claims, planning
from coredata_async.bulk.journal.claims import claim_unknown, files_beside_unknown
from coredata_async.bulk.journal.items import Item
from coredata_async.bulk.journal.planning import Planned
from coredata_async.bulk.remote.existing import ConflictResolver
from coredata_async.bulk.run import confirmer as confirm
from coredata_async.bulk.run.confirmer import Confirmer
from coredata_async.bulk.run.context import RunContext, scan_event
from coredata_async.bulk.run.empty_files import EmptyFiles
from coredata_async.bulk.run.failures import FailureClass
from coredata_async.bulk.run.feeder import Placement
from coredata_async.bulk.run.file_worker import FileWorker
from coredata_async.bulk.run.resolver import Resolver
from coredata_async.bulk.states import Reason, State
from coredata_async.errors import APIError, AuthenticationError
from coredata_async.transfer.workers import start_in

FOLDER_WORKERS: Final = 256
"""Maximum number of folders that wait to be found, created or listed; a lost creation takes two minutes."""
FOLDERS_IN_PROGRESS: Final = 8
"""Maximum number of folders whose files are queued at once."""
LARGE_FILE_WORKERS: Final = 16
"""Maximum number of large files whose folders are waited for at once."""
PASSES: Final = 5
"""Maximum number of retry passes over files that failed transiently, while some of them succeed."""
LARGE_FIRST_EVERY: Final = 4
"""One of this many workers takes the largest file first."""


@define(eq=False, kw_only=True)
class Scheduler:
    """Starts the tasks of a run in order, and waits for them."""

    run: RunContext
    planned: AsyncIterable[Planned]
    """The folders of the job with their files, as far as they are known."""
    concurrency: int
    empty_folders: bool
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    listed: bool = False
    """True if the Files in the journal are a current listing of all folders."""
    _placement: Placement = field(init=False)
    _ready: asyncio.Queue[int] = field(factory=asyncio.Queue[int], init=False)
    """Folders whose scan is complete, and which have files to upload."""
    _large: asyncio.Queue[int | None] = field(factory=asyncio.Queue[int | None], init=False)
    """Folders with large files whose scan is complete, and None at the end of the scan."""
    _feeding: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(FOLDERS_IN_PROGRESS), init=False)
    _draining: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        run = self.run
        self._placement = Placement.build(
            run.remote,
            run.engine.retry,
            run.wait,
            abort=run.abort,
            on_created=self._folder_created,
            listed=self.listed,
        )

    def drain(self) -> None:
        """Begin no further file; `execute` ends when the files in flight have ended."""
        self._draining.set()

    async def execute(self) -> None:
        """Run all tasks. If it is cancelled, the journal can be resumed."""
        async with asyncio.TaskGroup() as group:
            resolver = Resolver(self.run, group)
            confirmer = Confirmer(self.run, self._placement.folders, self._placement.others)
            file_worker = FileWorker(
                self.run,
                resolver,
                ConflictResolver(self.run.engine.api, self.run.policy.existing),
                EmptyFiles(self.run),
            )
            workers: list[asyncio.Task[None]] = []

            def start_worker() -> None:
                large_first = len(workers) % LARGE_FIRST_EVERY == 0
                worker = start_in(group, self._worker(file_worker, confirmer, large_first=large_first))
                workers.extend([] if worker is None else [worker])

            self.run.queue.start_workers(start_worker, self.concurrency)
            sources = [
                group.create_task(source)
                for source in (self._scan(), self._look_up(resolver), self._feed_large_files())
            ]
            services = [
                group.create_task(service)
                for service in (
                    *(confirmer.work() for _ in range(confirm.FOLDERS)),
                    self._feed_folders(confirmer),
                    self._placement.siblings.watch(),
                )
            ]
            finishing = group.create_task(self._finish(resolver, confirmer, sources))
            await _either(finishing, self._draining)
            self.run.queue.close()
            if workers:
                await asyncio.wait(workers)
            for task in (finishing, *sources, *services, *resolver.tasks):
                task.cancel()

    async def _finish(
        self, resolver: Resolver, confirmer: Confirmer, sources: list[asyncio.Task[None]]
    ) -> None:
        await asyncio.wait(sources)
        await self._ready.join()
        await self._drain_resolver(resolver)
        await self._retry_passes(resolver)
        await confirmer.idle()
        if self.run.progress.count(State.CONFIRMED):
            for folder in await confirmer.list_unconfirmed_folders():
                confirmer.request(folder)
            await confirmer.idle()
        try:
            await self._placement.siblings.check_again()
        except APIError as exc:
            await self.run.warn(
                f"it could not be checked whether another job has created the same folders: {exc}"
            )

    async def _drain_resolver(self, resolver: Resolver) -> None:
        """Wait for workers and resolver, which may hand files to each other."""
        while self.run.queue.in_flight or resolver.waiting:
            await self.run.queue.empty()
            await resolver.idle()

    async def _scan(self) -> None:
        try:
            async for planned in self.planned:
                self.run.progress.add(planned.sums)
                self.run.progress.excluded += planned.excluded
                for warning in planned.warnings:
                    await self.run.warn(warning)
                for entry in planned.ended:
                    await self.run.stream.publish(scan_event(planned.path, entry))
                if planned.pending or (self.empty_folders and planned.complete):
                    self._ready.put_nowait(planned.folder)
                if planned.large:
                    self._large.put_nowait(planned.folder)
        finally:
            self._large.put_nowait(None)
        self.run.progress.add(
            await self.run.journal.read(lambda db: planning.finish(db, self.run.journal.run))
        )
        progress = self.run.progress
        progress.scanned = True
        await self.run.stream.publish(
            Scanned(files=progress.files, bytes=progress.bytes, excluded=progress.excluded)
        )

    async def _look_up(self, resolver: Resolver) -> None:
        """Look up the registrations that an earlier run had sent."""
        if not self.run.progress.count(State.UNKNOWN):
            return
        began = resolver.clock() if self.run.lost_at is None else self.run.lost_at
        run, parent = self.run.journal.run, self.run.remote.parent
        for folder, file_id in await self.run.journal.read(lambda db: files_beside_unknown(db, parent)):
            resolver.steps.remember(folder, file_id)
        for work in await self.run.journal.read(lambda db: claim_unknown(db, run, parent)):
            await resolver.take(work, began)

    async def _feed_folders(self, confirmer: Confirmer) -> None:
        """Open each completely scanned folder in a separate task, and queue its files."""
        slots = asyncio.Semaphore(FOLDER_WORKERS)
        async with asyncio.TaskGroup() as group:
            while True:
                folder = await self._ready.get()
                await slots.acquire()
                if task := start_in(group, self._feed_folder(folder, confirmer)):
                    task.add_done_callback(lambda _: slots.release())

    async def _feed_folder(self, folder: int, confirmer: Confirmer) -> None:
        try:
            await self._placement.feeder.open_folder(folder)
            async with self._feeding:
                await self._enqueue_folder(folder, confirmer)
        except APIError as exc:
            await self._not_ready(folder, exc)
        finally:
            self._ready.task_done()

    async def _enqueue_folder(self, folder: int, confirmer: Confirmer) -> None:
        """Queue the files of a folder, and have it listed when it is complete, not between two of them."""
        queue = self.run.queue
        queue.begin(folder)
        try:
            async for work in self._placement.feeder.small(folder):
                await queue.put(work)
        finally:
            if queue.end(folder):
                confirmer.complete(folder)

    async def _feed_large_files(self) -> None:
        """Claim large files, the largest first, whenever the scan has found some."""
        slots = asyncio.Semaphore(LARGE_FILE_WORKERS)
        async with asyncio.TaskGroup() as group:
            while await self._large.get() is not None:
                await slots.acquire()
                while (item := await self._placement.feeder.large_file()) is not None:
                    if task := start_in(group, self._enqueue(item, large=True)):
                        task.add_done_callback(lambda _: slots.release())
                    await slots.acquire()
                slots.release()

    async def _enqueue(self, item: Item, *, large: bool) -> None:
        try:
            work = await self._placement.feeder.ready(item, settled=not large)
            await self.run.queue.put(work, large=large)
        except APIError as exc:
            await self.run.delay(item, FailureClass(State.RETRY, Reason.FOLDER, str(exc)))
            self._check_key(exc)

    async def _not_ready(self, folder: int, exc: APIError) -> None:
        """Defer the files of a folder that cannot be found, created or listed to the retry pass."""
        message = f"its folder is not ready: {exc}"
        files, size = await self.run.journal.read(
            lambda db: claims.defer_folder(db, folder, self.run.journal.run, message)
        )
        self.run.progress.transition(size, State.PLANNED, State.RETRY, files=files)
        self._check_key(exc)

    def _check_key(self, exc: APIError) -> None:
        """End the run if the key is refused, because that concerns all files."""
        if isinstance(exc, AuthenticationError):
            self.run.abort("authentication", str(exc))

    async def _worker(self, file_worker: FileWorker, confirmer: Confirmer, *, large_first: bool) -> None:
        while (work := await self.run.queue.get(large_first=large_first)) is not None:
            await file_worker.upload(work)
            confirmer.count_confirmed(work.item.folder)
            if self.run.queue.finish(work):
                confirmer.complete(work.item.folder)

    async def _retry_passes(self, resolver: Resolver) -> None:
        """Retry files that failed transiently, while it helps; then they have failed."""
        left = self.run.progress.count(State.RETRY)
        for number in range(PASSES):
            if not left:
                return
            if self.run.clock_error is not None:  # further URLs would have expired, too
                self.run.give_up("clock", self.run.clock_error)
                return
            await self.sleep(self.run.engine.retry.base * 2.0**number)
            self._placement.folders.clear_failures()
            await self._claim_again(lambda item: self._enqueue(item, large=False))
            await self._drain_resolver(resolver)
            before, left = left, self.run.progress.count(State.RETRY)
            if left == before:
                break
        if self.run.clock_error is None:
            await self._claim_again(self._give_up)

    async def _claim_again(self, handle: Callable[[Item], Coroutine[Any, Any, None]]) -> None:
        last = 0
        while items := await self.run.journal.read(partial(claims.claim_retries, after=last)):
            for item in items:
                self.run.progress.transition(item.fingerprint.size, State.RETRY, item.state)
                await handle(item)
            last = items[-1].id

    async def _give_up(self, item: Item) -> None:
        reason, message = await self.run.journal.read(lambda db: claims.read_failure(db, item.id))
        await self.run.fail(item, reason, message, blob=item.blob)

    async def _folder_created(self, path: bytes, folder_id: str) -> None:
        await self.run.stream.publish(FolderCreated(path=path_text(path), folder_id=folder_id))


async def _either(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait for a task's end, or an event; the group raises an exception of the task."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
