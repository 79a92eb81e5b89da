"""One run of a job: what it is made of, what is told while it runs, and how it comes to an early end."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from typing import Final

from attrs import define, field

from coredata_async.bulk import resume
from coredata_async.bulk.conductor import Conductor
from coredata_async.bulk.earlier import earlier_files
from coredata_async.bulk.events import Progress, Started, Waiting
from coredata_async.bulk.gates.gates import Gates
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.meter import Meter
from coredata_async.bulk.options import Effort, Policy, Selection, Terms
from coredata_async.bulk.processes.staff import Staff, staff
from coredata_async.bulk.remote import Remote
from coredata_async.bulk.report.report import Api, Course, Ended, Report
from coredata_async.bulk.report.settings import described
from coredata_async.bulk.report.tally import read_report
from coredata_async.bulk.run import Run
from coredata_async.bulk.scan.walk import Batches
from coredata_async.bulk.settle_wait import Sent, SettleWait
from coredata_async.bulk.telling import Stream
from coredata_async.client import CoreData

TICK: Final = 0.25
"""Seconds between two tellings of progress."""


@define(eq=False, kw_only=True)
class Session:
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
    terms: Terms
    stream: Stream
    processes: int = 1
    """Workers besides this process, or 1 for this process alone."""
    _ended: Ended = field(default="complete", init=False)
    _words: str = field(default="", init=False)
    _conductor: Conductor | None = field(default=None, init=False)
    _conducting: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def began(self) -> bool:
        """Whether anything is under way, or was."""
        return self._conducting is not None

    async def report(self) -> Report:
        """Do all of it; the journal is closed afterwards.

        Raises:
            JournalError: The disk failed.
        """
        started, began = time.time(), time.monotonic()
        try:
            run, working = await self._prepared()
            self._conducting = asyncio.create_task(self._conducted(run, working))
            if self._ended != "complete":  # it was asked to end before it began
                self._conducting.cancel()
            await asyncio.wait({self._conducting})
            course = Course(
                journal=str(self.journal.path),
                started=started,
                seconds=time.monotonic() - began,
                ended=self._ended,
                words=self._words,
                excluded=run.meter.excluded,
                api=_counted(working.gates),
                waited=run.wait.waited,
                wait_left=run.wait.left() if run.wait.interrupted else 0.0,
                wait_reason=run.wait.reason if run.wait.waited else "",
                settings=described(self.selection, self.policy, self.effort, self.processes),
            )
            if not self._conducting.cancelled() and (failure := self._conducting.exception()) is not None:
                raise _first(failure)
            if self._ended == "complete" and self.stream.is_heard:
                async for event in earlier_files(self.journal, run.told):
                    await self.stream.tell(event)
            report = await self.journal.read(lambda db: read_report(db, course))
            await self.stream.tell(_progress(run, working))
            return report
        finally:
            await self.stream.end()
            await self.journal.aclose()

    def drain(self, ended: Ended, words: str) -> None:
        """Begin nothing new, and end when what is under way has ended."""
        if self._conductor is None:
            self.halt(ended, words)
        elif self._conducting is not None and not self._conducting.done():
            self._end(ended, words)
            self._conductor.drain()
            asyncio.get_running_loop().call_later(self.effort.drain, self._conducting.cancel)

    def halt(self, ended: Ended, words: str) -> None:
        """End now."""
        if self._conducting is None:
            self._end(ended, words)
        elif not self._conducting.done():
            self._end(ended, words)
            self._conducting.cancel()

    def _give_up(self, ended: Ended, words: str) -> None:
        """Begin nothing new, and wait for uploads under way for as long as they take."""
        if self._conductor is not None:
            self._end(ended, words)
            self._conductor.drain()

    async def _prepared(self) -> tuple[Run, Staff]:
        meter = Meter()

        def moved(count: int) -> None:
            meter.sent += count

        working = staff(self.client, self.effort, self.processes, moved)
        meter.add(await self.journal.read(resume.begin))
        sent = await self.journal.read(self._sent)
        run = Run(
            engine=working.engine,
            hands=working.hands,
            journal=self.journal,
            remote=Remote(working.engine.api, self.journal, self.parent, self.project, self.policy.unicode),
            policy=self.policy,
            terms=self.terms,
            stream=self.stream,
            meter=meter,
            halt=self.halt,
            give_up=self._give_up,
            wait=SettleWait(working.engine.retry, sent, self._waiting),
        )
        return run, working

    def _sent(self, db: sqlite3.Connection) -> Sent:
        """Read until when another process can have sent requests for the same files."""
        if self.policy.assume_alone:
            resume.waive(db)
        elif self.journal.set_aside is not None:
            resume.suspect(db, time.time(), "damaged")
        return resume.sent(db)

    async def _waiting(self, seconds: float, words: str) -> None:
        await self.stream.tell(Waiting(seconds=seconds, words=words))

    async def _conducted(self, run: Run, working: Staff) -> None:
        self._conductor = Conductor(
            run=run,
            batches=self.batches,
            lanes=self.effort.abreast(self.processes),
            empty_folders=self.policy.empty_folders,
        )
        await self.stream.tell(Started(journal=str(run.journal.path), resumed=run.journal.resumed))
        if run.journal.set_aside is not None:
            await run.warn(
                f"the journal was damaged and is kept as {run.journal.set_aside}; what the server holds was "
                "taken from its lists"
            )
        async with asyncio.TaskGroup() as beside:
            watchers = [
                beside.create_task(working.work(run.warn, self._no_more_hands)),
                beside.create_task(self._show(run, working)),
                beside.create_task(self._given_up(working.gates)),
                beside.create_task(self._out_of_time()),
            ]
            await self._conductor.conduct()
            for task in watchers:
                task.cancel()

    async def _show(self, run: Run, working: Staff) -> None:
        while True:
            await asyncio.sleep(TICK)
            run.meter.mark()
            self.stream.show(_progress(run, working))

    async def _given_up(self, gates: Gates) -> None:
        await gates.stopped.wait()
        self.halt("circuit", gates.words or "")

    async def _out_of_time(self) -> None:
        if self.effort.max_duration is not None:
            await asyncio.sleep(self.effort.max_duration)
            self.drain("time", "max_duration is over")

    def _no_more_hands(self, words: str) -> None:
        self.halt("error", words)

    def _end(self, ended: Ended, words: str) -> None:
        """Remember why it ends early: the first reason counts."""
        if self._ended == "complete":
            self._ended, self._words = ended, words


def _progress(run: Run, working: Staff) -> Progress:
    return run.meter.progress(
        under_way=run.belt.under_way,
        api=working.api_width,
        storage=working.storage_width,
        retries=working.gates.retries,
        throttled=working.gates.throttled,
        paused=working.paused,
        wait_left=run.wait.left() if run.wait.is_waited_for else 0.0,
        wait_reason=run.wait.reason if run.wait.is_waited_for else "",
    )


def _counted(gates: Gates) -> Api:
    return Api(requests=gates.requests, retries=gates.retries, throttled=gates.throttled)


def _first(failure: BaseException) -> BaseException:
    """What ended the job, out of the groups it came through: people wait for a `JournalError`."""
    inside: Sequence[BaseException] = getattr(failure, "exceptions", ())  # of a group
    return _first(inside[0]) if inside else failure
