"""The bulk upload as its users see it: start it, watch it, end it early, run it again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from coredata_async.bulk.check.actions import Action
from coredata_async.bulk.check.dry_run import dry_run
from coredata_async.bulk.events import Event
from coredata_async.bulk.journal.journal import JobIdentity, Journal
from coredata_async.bulk.journal.location import check_path, default_path
from coredata_async.bulk.options import Effort, FileAttributes, Policy, Selection
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.run.event_stream import EventStream
from coredata_async.bulk.run.job_run import JobRun
from coredata_async.bulk.scan.roots import PathLike, roots
from coredata_async.bulk.scan.scan import scan
from coredata_async.bulk.workers.setup import check as check_processes
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
        self._journal_path = None if journal is None else Path(journal)
        self._selection = selection or Selection()
        self._policy = policy or Policy()
        self._effort = effort or Effort()
        check_processes(client, self._effort.processes)
        self._attributes = FileAttributes(dynatype=dynatype, contacts=contacts, tags=tags)
        self._stream = EventStream()
        self._job_run: JobRun | None = None
        self._running: asyncio.Task[Report] | None = None

    @property
    def report(self) -> Report:
        """Return what came of it, once the events have ended."""
        if self._running is None or not self._running.done():
            raise RuntimeError("there is no report yet: iterate the job to its end first")
        return self._running.result()

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
        actions = dry_run(
            self._client.engine(),
            self._paths,
            parent=self._parent,
            journal_path=self._journal_path,
            selection=self._selection,
            policy=self._policy,
        )
        async with aclosing(actions):
            async for action in actions:
                yield action

    def drain(self) -> None:
        """Begin nothing new. It ends when what is in flight has ended, `Effort.drain` seconds at most."""
        if self._job_run is not None:
            self._job_run.drain("drained", "")

    def stop(self) -> None:
        """End now, within two seconds. What is in flight is left to the next run, which looks for it."""
        if self._job_run is not None:
            self._job_run.abort("stopped", "")

    async def __aenter__(self) -> Self:
        batches = scan(self._paths, self._selection, self._policy)
        engine = self._client.engine()
        found = roots(self._paths)
        binding = JobIdentity(
            engine.tenant, engine.account, self._parent, tuple(root.as_given for root in found)
        )
        place = self._journal_path or default_path(binding)
        check_path(place, binding.roots)
        project = await check_parent(engine.api, self._parent)
        self._job_run = JobRun(
            client=self._client,
            journal=await Journal.open(place, binding),
            batches=batches,
            parent=self._parent,
            project=project,
            selection=self._selection,
            policy=self._policy,
            effort=self._effort,
            attributes=self._attributes,
            stream=self._stream,
        )
        self._running = asyncio.create_task(self._job_run.report(), name="coredata-upload-job")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.detach()
        if self._running is None or self._job_run is None:
            return
        self.stop()
        if not self._job_run.began:
            self._running.cancel()
        await asyncio.wait({self._running})
        await self._job_run.journal.aclose()

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
