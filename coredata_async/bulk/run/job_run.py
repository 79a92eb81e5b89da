"""One run of a job: what it is made of, what is told while it runs, and how it comes to an early end."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import Progress, Started, Waiting
from coredata_async.bulk.journal import resume
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.settle_wait import Sent, SettleWait
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.options import Effort, FileAttributes, Policy, Selection
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.report.query import read_report
from coredata_async.bulk.report.report import Api, Ended, Report, RunSummary
from coredata_async.bulk.report.settings import describe_settings
from coredata_async.bulk.run.context import RunContext
from coredata_async.bulk.run.earlier import earlier_files
from coredata_async.bulk.run.event_stream import EventStream
from coredata_async.bulk.run.progress import ProgressCounter
from coredata_async.bulk.run.scheduler import Scheduler
from coredata_async.bulk.scan.walk import Batches
from coredata_async.bulk.workers.runtime import Runtime, build_runtime
from coredata_async.client import CoreData

TICK: Final = 0.25
"""Seconds between two tellings of progress."""


@define(eq=False, kw_only=True)
class JobRun:
    """From an open journal to a report."""

    client: CoreData
    journal: Journal
    batches: Batches
    parent: str
    project: bool
    """Whether the parent is a Project."""
    selection: Selection
    policy: Policy
    effort: Effort
    attributes: FileAttributes
    stream: EventStream
    _ended: Ended = field(default="complete", init=False)
    _message: str = field(default="", init=False)
    _scheduler: Scheduler | None = field(default=None, init=False)
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def began(self) -> bool:
        """Return whether anything is in flight, or was."""
        return self._running is not None

    async def report(self) -> Report:
        """Do all of it; the journal is closed afterwards.

        Raises:
            JournalError: The disk failed.
        """
        started, began = time.time(), time.monotonic()
        try:
            run, working = await self._prepare()
            self._running = asyncio.create_task(self._run_observed(run, working))
            if self._ended != "complete":  # it was asked to end before it began
                self._running.cancel()
            await asyncio.wait({self._running})
            course = RunSummary(
                journal=str(self.journal.path),
                started=started,
                seconds=time.monotonic() - began,
                ended=self._ended,
                message=self._message,
                excluded=run.progress.excluded,
                api=_api_counts(working.limiters),
                waited=run.wait.waited,
                wait_left=run.wait.remaining() if run.wait.interrupted else 0.0,
                wait_reason=run.wait.reason if run.wait.waited else "",
                settings=describe_settings(self.selection, self.policy, self.effort),
            )
            if not self._running.cancelled() and (failure := self._running.exception()) is not None:
                raise _first(failure)
            if self._ended == "complete" and self.stream.is_heard and self.journal.resumed:
                async for event in earlier_files(self.journal, run.told):
                    await self.stream.publish(event)
            report = await self.journal.read(lambda db: read_report(db, course))
            await self.stream.publish(_progress(run, working))
            return report
        finally:
            await self.stream.end()
            await self.journal.aclose()

    def drain(self, ended: Ended, words: str) -> None:
        """Begin nothing new, and end when what is in flight has ended."""
        if self._scheduler is None:
            self.abort(ended, words)
        elif self._running is not None and not self._running.done():
            self._end(ended, words)
            self._scheduler.drain()
            asyncio.get_running_loop().call_later(self.effort.drain, self._running.cancel)

    def abort(self, ended: Ended, words: str) -> None:
        """End now."""
        if self._running is None:
            self._end(ended, words)
        elif not self._running.done():
            self._end(ended, words)
            self._running.cancel()

    def _give_up(self, ended: Ended, words: str) -> None:
        """Begin nothing new, and wait for uploads in flight for as long as they take."""
        if self._scheduler is not None:
            self._end(ended, words)
            self._scheduler.drain()

    async def _prepare(self) -> tuple[RunContext, Runtime]:
        meter = ProgressCounter()

        def count_bytes(count: int) -> None:
            meter.sent += count

        working = build_runtime(self.client, self.effort, count_bytes)
        sums, sent = await self.journal.read(lambda db: (resume.begin(db), self._read_sent(db)))
        meter.add(sums)
        run = RunContext(
            engine=working.engine,
            sender=working.sender,
            journal=self.journal,
            remote=Remote(working.engine.api, self.journal, self.parent, self.project, self.policy.unicode),
            policy=self.policy,
            attributes=self.attributes,
            stream=self.stream,
            progress=meter,
            abort=self.abort,
            give_up=self._give_up,
            wait=SettleWait(working.engine.retry, sent, self._waiting),
        )
        return run, working

    def _read_sent(self, db: sqlite3.Connection) -> Sent:
        """Read until when another process can have sent requests for the same files."""
        if self.policy.assume_alone:
            resume.waive(db)
        elif self.journal.set_aside is not None:
            resume.suspect(db, time.time(), "damaged")
        return resume.read_sent(db)

    async def _waiting(self, seconds: float, words: str) -> None:
        await self.stream.publish(Waiting(seconds=seconds, message=words))

    async def _run_observed(self, run: RunContext, working: Runtime) -> None:
        with run.engine.observe("upload_job") as operation:
            await self._run_scheduler(run, working)
            if self._ended != "complete":
                operation.outcome = "cancelled"

    async def _run_scheduler(self, run: RunContext, working: Runtime) -> None:
        self._scheduler = Scheduler(
            run=run,
            batches=self.batches,
            concurrency=self.effort.worker_count,
            empty_folders=self.policy.empty_dirs,
        )
        await self.stream.publish(Started(journal=str(run.journal.path), resumed=run.journal.resumed))
        if run.journal.set_aside is not None:
            await run.warn(
                f"the journal was damaged and is kept as {run.journal.set_aside}; what the server holds was "
                "taken from its lists"
            )
        async with asyncio.TaskGroup() as beside:
            watchers = [
                beside.create_task(working.work(run.warn, self._workers_lost)),
                beside.create_task(self._show(run, working)),
                beside.create_task(self._watch_circuit(working.limiters)),
                beside.create_task(self._watch_deadline()),
            ]
            await self._scheduler.execute()
            for task in watchers:
                task.cancel()

    async def _show(self, run: RunContext, working: Runtime) -> None:
        while True:
            await asyncio.sleep(TICK)
            run.progress.mark()
            self.stream.publish_progress(_progress(run, working))

    async def _watch_circuit(self, gates: Limiters) -> None:
        await gates.stopped.wait()
        self.abort("circuit", gates.message or "")

    async def _watch_deadline(self) -> None:
        if self.effort.max_duration is not None:
            await asyncio.sleep(self.effort.max_duration)
            self.drain("time", "max_duration is over")

    def _workers_lost(self, words: str) -> None:
        self.abort("error", words)

    def _end(self, ended: Ended, words: str) -> None:
        """Remember why it ends early: the first reason counts."""
        if self._ended == "complete":
            self._ended, self._message = ended, words


def _progress(run: RunContext, working: Runtime) -> Progress:
    return run.progress.progress(
        in_flight=run.queue.in_flight,
        api=working.api_width,
        storage=working.storage_width,
        retries=working.limiters.retries,
        throttled=working.limiters.throttled,
        paused=working.paused,
        wait_left=run.wait.remaining() if run.wait.is_waited_for else 0.0,
        wait_reason=run.wait.reason if run.wait.is_waited_for else "",
    )


def _api_counts(gates: Limiters) -> Api:
    return Api(requests=gates.requests, retries=gates.retries, throttled=gates.throttled)


def _first(failure: BaseException) -> BaseException:
    """Return what ended the job, out of the groups it came through: people wait for a `JournalError`."""
    inside: Sequence[BaseException] = getattr(failure, "exceptions", ())  # of a group
    return _first(inside[0]) if inside else failure
