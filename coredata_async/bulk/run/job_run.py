"""One run of a job: setup, progress events, and early ends."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterable, AsyncIterator
from functools import partial
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import EventStream, FileDone, FileSkipped, Progress, Started, Waiting
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal.claims import take_over
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.planning import Planned, Sums
from coredata_async.bulk.journal.settle_wait import Sent, SettleWait, is_copy, read_sent, read_wait
from coredata_async.bulk.journal.sharding import refuse_divided
from coredata_async.bulk.lease import Lease, wait_for_end
from coredata_async.bulk.limits.budget import Budget, Bulletin
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.report.query import read_report
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.run.context import BitSet, RunContext
from coredata_async.bulk.run.failures import unwrap
from coredata_async.bulk.run.progress import ProgressCounter, summarize
from coredata_async.bulk.run.scheduler import Scheduler
from coredata_async.bulk.states import Ended, Reason, State
from coredata_async.bulk.workers.runtime import Runtime, build_runtime
from coredata_async.client import CoreData

TICK: Final = 0.25
"""Seconds between two progress events."""
_PAGE: Final = 500
_FINISHED: Final = f"""
SELECT item.id, folder.path, item.name, item.size, item.state, item.file
FROM item LEFT JOIN folder ON folder.id = item.folder
WHERE item.id > ? AND item.seen = ? AND item.file IS NOT NULL
AND (item.state = {int(State.DONE)} OR (item.state = {int(State.SKIPPED)} AND item.reason = '{Reason.SAME}'))
ORDER BY item.id LIMIT {_PAGE}
"""  # noqa: S608  # built from constants


@define(eq=False, kw_only=True)
class JobRun:
    """Run of a job, from the open journal to the report."""

    client: CoreData
    journal: Journal
    planned: AsyncIterable[Planned]
    """Folders with their files, in the order in which they are planned in `journal`."""
    parent: str
    project: bool
    """True if the parent is a Project."""
    spec: JobSpec
    stream: EventStream
    lease: Lease | None = None
    """Lease without which no request to the service begins; None is unlimited."""
    budget: Budget | None = None
    bulletin: Bulletin | None = None
    sent_until: float | None = None
    """Last time at which a former owner of this shard may have sent a request, in seconds since the epoch."""
    _ended: Ended = field(default="complete", init=False)
    _message: str = field(default="", init=False)
    _scheduler: Scheduler | None = field(default=None, init=False)
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def began(self) -> bool:
        """True if the run has begun to send requests."""
        return self._running is not None

    async def execute(self) -> Report:
        """Run the job, and return the report. The journal stays open for its caller.

        Raises:
            JournalError: If the disk failed.
        """
        started, began = time.time(), time.monotonic()
        try:
            run, runtime = await self._prepare()
            self._running = asyncio.create_task(self._run_observed(run, runtime))
            if self._ended != "complete":  # it was asked to end before it began
                self._running.cancel()
            await asyncio.wait({self._running})
            summary = summarize(
                self.spec,
                self.journal,
                runtime.limiters,
                run.wait,
                started=started,
                seconds=time.monotonic() - began,
                ended=self._ended,
                message=self._message,
                excluded=run.progress.excluded,
            )
            if not self._running.cancelled() and (failure := self._running.exception()) is not None:
                raise unwrap(failure)
            if self._ended == "complete" and self.stream.has_listener and run.reported is not None:
                async for event in earlier_files(self.journal, run.reported):
                    await self.stream.publish(event)
            report = await self.journal.read(lambda db: read_report(db, summary))
            await self.stream.publish(_progress(run, runtime))
            return report
        finally:
            await self.stream.end()

    def drain(self, ended: Ended, message: str) -> None:
        """Begin no further file, and end when the files in flight have ended."""
        if self._scheduler is None:
            self.abort(ended, message)
        elif self._running is not None and not self._running.done():
            self._end(ended, message)
            self._scheduler.drain()
            asyncio.get_running_loop().call_later(self.spec.effort.drain, self._running.cancel)

    def abort(self, ended: Ended, message: str) -> None:
        """End the run now."""
        if self._running is None:
            self._end(ended, message)
        elif not self._running.done():
            self._end(ended, message)
            self._running.cancel()

    def _give_up(self, ended: Ended, message: str) -> None:
        """Begin no further file, and wait for uploads in flight without a timeout."""
        if self._scheduler is not None:
            self._end(ended, message)
            self._scheduler.drain()

    async def _prepare(self) -> tuple[RunContext, Runtime]:
        progress = ProgressCounter()
        runtime = build_runtime(
            self.client, self.spec.effort, self.lease, budget=self.budget, bulletin=self.bulletin
        )
        sums, sent = await self.journal.read(self._begin)
        progress.add(sums)
        wait = SettleWait(runtime.engine.retry, sent, self._announce_wait)
        run = RunContext(
            engine=runtime.engine,
            sender=runtime.sender,
            journal=self.journal,
            remote=Remote(
                runtime.engine.api, self.journal, self.parent, self.project, self.spec.policy.unicode
            ),
            policy=self.spec.policy,
            attributes=self.spec.attributes,
            stream=self.stream,
            progress=progress,
            abort=self.abort,
            give_up=self._give_up,
            wait=wait,
            lost_at=None if self.sent_until is None else wait.origin,
        )
        return run, runtime

    def _begin(self, db: sqlite3.Connection) -> tuple[Sums, Sent]:
        """Take over the items, and read when another process may have sent requests for the same files."""
        refuse_divided(db)
        if self.sent_until is None and is_copy(db):
            self.sent_until = time.time()
        sums = take_over(db, self.sent_until, "owner")
        if self.sent_until is not None:
            return sums, read_sent(db)
        assume_alone, damaged = self.spec.policy.assume_alone, self.journal.set_aside is not None
        return sums, read_wait(db, assume_alone=assume_alone, damaged=damaged)

    async def _announce_wait(self, seconds: float, message: str) -> None:
        await self.stream.publish(Waiting(seconds=seconds, message=message))

    async def _run_observed(self, run: RunContext, runtime: Runtime) -> None:
        with run.engine.observe("upload_job") as operation:
            await self._run_scheduler(run, runtime)
            if self._ended != "complete":
                operation.outcome = "cancelled"

    async def _run_scheduler(self, run: RunContext, runtime: Runtime) -> None:
        self._scheduler = Scheduler(
            run=run,
            planned=self.planned,
            listed=bool(self.journal.shard) and self.journal.run == 1 and self.sent_until is None,
            concurrency=self.spec.effort.worker_count,
            empty_folders=self.spec.policy.empty_dirs,
        )
        await self.stream.publish(Started(journal=str(run.journal.path), resumed=run.journal.resumed))
        if run.journal.set_aside is not None:
            await run.warn(
                f"the journal was damaged and is kept as {run.journal.set_aside}; the state of the server "
                "was taken from its listings"
            )
        async with asyncio.TaskGroup() as watching:
            watchers = [
                watching.create_task(runtime.work(run.warn, partial(self.abort, "error"))),
                watching.create_task(self._publish_progress(run, runtime)),
                watching.create_task(self._watch_circuit(runtime.limiters)),
                watching.create_task(self._watch_deadline()),
                watching.create_task(self._watch_lease()),
            ]
            await self._scheduler.execute()
            for task in watchers:
                task.cancel()

    async def _publish_progress(self, run: RunContext, runtime: Runtime) -> None:
        while self.stream.has_listener:
            await asyncio.sleep(TICK)
            run.progress.mark(runtime.limiters.sent)
            self.stream.publish_progress(_progress(run, runtime))

    async def _watch_circuit(self, limiters: Limiters) -> None:
        await limiters.stopped.wait()
        self.abort("circuit", limiters.message or "")

    async def _watch_deadline(self) -> None:
        if self.spec.effort.max_duration is not None:
            await asyncio.sleep(self.spec.effort.max_duration)
            self.drain("time", "max_duration has passed")

    async def _watch_lease(self) -> None:
        """End the run when its lease ends; requests in flight are given up."""
        if self.lease is not None:
            await wait_for_end(self.lease)
            self.abort("lease", "its lease has ended, and another process may continue")

    def _end(self, ended: Ended, message: str) -> None:
        """Keep the reason for an early end: the first one counts."""
        if self._ended == "complete":
            self._ended, self._message = ended, message


def _progress(run: RunContext, runtime: Runtime) -> Progress:
    return run.progress.progress(runtime, run.wait, run.queue.in_flight)


async def earlier_files(journal: Journal, reported: BitSet) -> AsyncIterator[FileDone | FileSkipped]:
    """Yield an event for each file that was finished before this run. Holds one page of them in memory."""
    last = 0
    while True:
        rows = await journal.read(partial(_page, last=last, run=journal.run))
        for item, event in rows:
            if item not in reported:  # a file that was registered earlier may have been confirmed in this run
                yield event
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def _page(db: sqlite3.Connection, last: int, run: int) -> list[tuple[int, FileDone | FileSkipped]]:
    return [
        (number, _event(path_text(b"/".join(filter(None, (folder, name)))), size, state, file))
        for number, folder, name, size, state, file in db.execute(_FINISHED, (last, run))
    ]


def _event(path: str, size: int, state: int, file: str) -> FileDone | FileSkipped:
    if state == State.DONE:
        return FileDone(path=path, file_id=file, size=size, earlier=True)
    return FileSkipped(path=path, reason=Reason.SAME, file_id=file, earlier=True)
