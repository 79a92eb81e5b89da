"""The bulk upload as its users see it: start it, watch it, end it early, run it again."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from coredata_async.bulk import plan
from coredata_async.bulk.actions import Action
from coredata_async.bulk.bandwidth import Bandwidth, limited
from coredata_async.bulk.conductor import Conductor
from coredata_async.bulk.dry_run import rehearsed
from coredata_async.bulk.events import Event, Progress, Started
from coredata_async.bulk.gates import Gates
from coredata_async.bulk.journal import Binding, Journal
from coredata_async.bulk.meter import Meter
from coredata_async.bulk.options import Effort, Policy, Selection, Terms
from coredata_async.bulk.place import check_place, default_place
from coredata_async.bulk.remote import Remote, look_at
from coredata_async.bulk.report import Api, Course, Ended, Report
from coredata_async.bulk.roots import PathLike, roots
from coredata_async.bulk.run import Run
from coredata_async.bulk.scan import scan
from coredata_async.bulk.settings import described
from coredata_async.bulk.tally import read_report
from coredata_async.bulk.telling import Stream
from coredata_async.bulk.walk import Batches
from coredata_async.client import CoreData
from coredata_async.wire.lookups import segment

TICK: Final = 0.25
"""Seconds between two tellings of progress."""


class UploadJob:
    """Uploads files and trees: each file once, whatever happens, and again from where it was left.

    `report = await UploadJob(client, ["photos"], parent=folder_id).run()`, or, to watch it:

        async with UploadJob(client, ["photos"], parent=folder_id) as job:
            async for event in job:
                ...
        print(job.report.counts)

    The same job made again, with the same client, PATHs and parent, goes on where the last one ended,
    however it ended. A journal on disk remembers each step before it is taken; it holds no key and no
    signed URL. A file is DONE only when the server has listed its File.

    Per file: three exchanges, and a share of a listing's page. Memory does not grow with the number of
    files.

    Args:
        client: Whose service; it stays open.
        paths: Files and directories. `photos` becomes a folder of that name, `photos/.` only its contents.
        parent: Id of a Project, Folder or Filespace.
        journal: File to keep the job in; by default one in the user's state directory, found again by
            server, user, parent and PATHs.
        selection: Which files.
        policy: What to do about whatever is out of the ordinary.
        effort: How hard to work.
        dynatype: Name of a dynatype for all Files.
        contacts: Ids; they need a dynatype other than `File`.
        tags: None may hold a comma.

    Raises:
        ConfigurationError: Something cannot be meant as it is written, or the journal is another job's.
    """

    def __init__(
        self,
        client: CoreData,
        paths: PathLike | Sequence[PathLike],
        *,
        parent: str,
        journal: str | os.PathLike[str] | None = None,
        selection: Selection | None = None,
        policy: Policy | None = None,
        effort: Effort | None = None,
        dynatype: str | None = None,
        contacts: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> None:
        segment(parent, "parent")
        self._client = client
        self._paths = [paths] if isinstance(paths, str | bytes | os.PathLike) else list(paths)
        self._parent = parent
        self._place = None if journal is None else Path(journal)
        self._selection = selection or Selection()
        self._policy = policy or Policy()
        self._effort = effort or Effort()
        self._terms = Terms(dynatype=dynatype, contacts=contacts, tags=tags)
        self._stream = Stream()
        self._ended: Ended = "complete"
        self._words = ""
        self._report: Report | None = None
        self._journal: Journal | None = None
        self._conductor: Conductor | None = None
        self._running: asyncio.Task[None] | None = None
        self._conducting: asyncio.Task[None] | None = None

    @property
    def report(self) -> Report:
        """What came of it, once the events have ended."""
        if self._report is None:
            raise RuntimeError("there is no report yet: iterate the job to its end first")
        return self._report

    async def run(self) -> Report:
        """Do all of it, and say what came of it. Failures of files are in the report, not raised.

        Raises:
            APIError: The service could not be asked at all; nothing has begun.
            JournalError: The disk failed.
        """
        async with self:
            async for _ in self:
                pass
        return self.report

    async def plan(self) -> AsyncGenerator[Action, None]:
        """Say what `run` would do; nothing is written, neither to the server nor to the job's journal.

        Reads what the job would read: the disk, the lists of the folders concerned, and the bytes of files
        whose name and size the server has. Memory does not grow with the number of files.

        Yields:
            An action per file, and per folder that is not there, when the scan is complete.

        Raises:
            APIError: The service could not be asked.
            ConfigurationError: The job is running, or cannot run.
        """
        actions = rehearsed(
            self._client.engine(),
            self._paths,
            parent=self._parent,
            place=self._place,
            selection=self._selection,
            policy=self._policy,
        )
        async with aclosing(actions):
            async for action in actions:
                yield action

    def drain(self, ended: Ended = "drained", words: str = "") -> None:
        """Begin nothing new. It ends when what is under way has ended, `Effort.drain` seconds at most."""
        if self._conductor is None:
            self._halt(ended, words)
        elif self._conducting is not None and not self._conducting.done():
            self._end(ended, words)
            self._conductor.drain()
            asyncio.get_running_loop().call_later(self._effort.drain, self._conducting.cancel)

    def stop(self) -> None:
        """End now, within two seconds. What is under way is left to the next run, which looks for it."""
        self._halt("stopped", "")

    async def __aenter__(self) -> Self:
        began = time.time(), time.monotonic()
        batches = scan(self._paths, self._selection, self._policy)
        engine = self._client.engine()
        found = roots(self._paths)
        binding = Binding(engine.tenant, engine.account, self._parent, tuple(root.meant for root in found))
        place = self._place or default_place(binding)
        check_place(place, binding.roots)
        project = await look_at(engine.api, self._parent)
        self._journal = journal = await Journal.open(place, binding)
        running = self._run(journal, batches, began, project=project)
        self._running = asyncio.create_task(running, name="coredata-upload-job")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.unheard()
        if self._running is None:
            return
        self.stop()
        if self._conducting is None:
            self._running.cancel()  # it had not begun
        await asyncio.wait({self._running})
        if self._journal is not None:
            await self._journal.aclose()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        """Give the next event.

        Raises:
            Exception: What ended the job, if it is no failure of a file.
        """
        if self._running is None:
            raise RuntimeError("open it first: `async with UploadJob(…) as job:`")
        event = await self._stream.next()
        if event is not None:
            return event
        await self._running
        raise StopAsyncIteration

    async def _run(
        self, journal: Journal, batches: Batches, began: tuple[float, float], *, project: bool
    ) -> None:
        try:
            run, gates = await self._prepared(journal, project=project)
            self._conducting = asyncio.create_task(self._conducted(run, gates, batches))
            if self._ended != "complete":  # it was asked to end before it began
                self._conducting.cancel()
            await asyncio.wait({self._conducting})
            course = Course(
                journal=str(journal.path),
                started=began[0],
                seconds=time.monotonic() - began[1],
                ended=self._ended,
                words=self._words,
                excluded=run.meter.excluded,
                api=Api(requests=gates.requests, retries=gates.retries, throttled=gates.throttled),
                settings=described(self._selection, self._policy, self._effort),
            )
            if not self._conducting.cancelled() and (failure := self._conducting.exception()) is not None:
                raise _first(failure)
            self._report = await journal.read(lambda db: read_report(db, course))
            await self._stream.tell(_progress(run, gates))
        finally:
            await self._stream.end()
            await journal.aclose()

    async def _prepared(self, journal: Journal, *, project: bool) -> tuple[Run, Gates]:
        plain = self._client.engine()
        gates = Gates(plain.limits, plain.retry, self._effort)
        bandwidth = Bandwidth(self._effort.bwlimit)
        meter = Meter()

        def moved(count: int) -> None:
            meter.sent += count
            gates.moved(count)

        engine = self._client.engine(
            api=gates.api,
            storage=gates.storage,
            budget=gates.budget,
            hooks=(gates.saw,),
            around_storage=lambda send: limited(send, bandwidth, moved),
        )
        await journal.read(plan.begin)
        meter.add(await journal.read(plan.counted))
        run = Run(
            engine=engine,
            journal=journal,
            remote=Remote(engine.api, journal, self._parent, project),
            policy=self._policy,
            terms=self._terms,
            stream=self._stream,
            meter=meter,
            halt=self._halt,
        )
        return run, gates

    async def _conducted(self, run: Run, gates: Gates, batches: Batches) -> None:
        self._conductor = Conductor(
            run=run,
            batches=batches,
            lanes=self._effort.lanes,
            empty_folders=self._policy.empty_folders,
        )
        await self._stream.tell(Started(journal=str(run.journal.path), resumed=run.journal.resumed))
        if run.journal.set_aside is not None:
            await run.warn(
                f"the journal was damaged and is kept as {run.journal.set_aside}; what the server holds was "
                "taken from its lists"
            )
        async with asyncio.TaskGroup() as beside:
            watchers = [
                beside.create_task(self._show(run, gates)),
                beside.create_task(self._given_up(gates)),
                beside.create_task(self._out_of_time()),
            ]
            await self._conductor.conduct()
            for task in watchers:
                task.cancel()

    async def _show(self, run: Run, gates: Gates) -> None:
        while True:
            await asyncio.sleep(TICK)
            run.meter.mark()
            self._stream.show(_progress(run, gates))

    async def _given_up(self, gates: Gates) -> None:
        await gates.stopped.wait()
        self._halt("circuit", gates.words or "")

    async def _out_of_time(self) -> None:
        if self._effort.max_duration is not None:
            await asyncio.sleep(self._effort.max_duration)
            self.drain("time", "max_duration is over")

    def _halt(self, ended: Ended, words: str) -> None:
        if self._conducting is None:
            self._end(ended, words)
        elif not self._conducting.done():
            self._end(ended, words)
            self._conducting.cancel()

    def _end(self, ended: Ended, words: str) -> None:
        """Remember why it ends early: the first reason counts."""
        if self._ended == "complete":
            self._ended, self._words = ended, words


def _progress(run: Run, gates: Gates) -> Progress:
    return run.meter.progress(
        under_way=run.belt.under_way,
        api=gates.api.width,
        storage=gates.storage.width,
        retries=gates.retries,
        throttled=gates.throttled,
        paused=gates.paused,
    )


def _first(failure: BaseException) -> BaseException:
    """What ended the job, out of the groups it came through: people wait for a `JournalError`."""
    inside: Sequence[BaseException] = getattr(failure, "exceptions", ())  # of a group
    return _first(inside[0]) if inside else failure
