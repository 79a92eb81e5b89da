"""Bulk upload for users: start a job, watch it, end it early, run it again."""

from __future__ import annotations

import asyncio
import os
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

from coredata_async.bulk.check.dry_run import Action, dry_run
from coredata_async.bulk.events import Event, EventStream
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity, check_path, default_path
from coredata_async.bulk.journal.scanning import ScanPlanner
from coredata_async.bulk.options import Effort, FileAttributes, JobSpec, Policy, Selection
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.run.job_run import JobRun
from coredata_async.bulk.scan.scan import PathLike, roots, scan
from coredata_async.bulk.workers.setup import check as check_processes
from coredata_async.client import CoreData
from coredata_async.ids import Id, id_of
from coredata_async.wire.resource import segment


class JobHandle:
    """Context manager and iterator of events of one run."""

    def __init__(self) -> None:
        self._stream = EventStream()
        self._job_run: JobRun | None = None
        self._running: asyncio.Task[Report] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def report(self) -> Report:
        """Report of the job, available after its last event.

        Raises:
            RuntimeError: If the job has not ended.
        """
        if self._running is None or not self._running.done():
            raise RuntimeError(
                "the report is not available before the job has ended: read all its events first"
            )
        return self._running.result()

    async def run(self) -> Report:
        """Run the job to its end, and return the report. Failures of files are in the report, not raised.

        Raises:
            APIError: If the service cannot be reached at the beginning; nothing has been sent.
            JournalError: If the disk failed.
        """
        async with self:
            self._stream.detach()
            if self._running is not None:
                await asyncio.wait({self._running})
        return self.report

    def drain(self) -> None:
        """Begin no further file, and end when the files in flight have ended, or after `Effort.drain`."""
        if self._job_run is not None:
            self._job_run.drain("drained", "")

    def stop(self) -> None:
        """End the job within two seconds. The next run looks up the files that were in flight."""
        if self._job_run is not None:
            self._job_run.abort("stopped", "")

    @abstractmethod
    async def _open(self) -> JobRun:
        """Open the journal and prepare the run, which sends its events to `_stream`."""

    async def __aenter__(self) -> Self:
        self._job_run = await self._open()
        self._running = asyncio.create_task(self._job_run.execute(), name="coredata-upload-job")
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
        # A task of its own: however often this one is cancelled, the journal must be closed.
        self._closing = asyncio.create_task(_close(self._job_run, self._running), name="coredata-job-end")
        try:
            await asyncio.shield(self._closing)
        except asyncio.CancelledError:
            await asyncio.shield(self._closing)  # it takes two seconds at most; a second cancellation ends it
            raise

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises:
            Exception: If the job failed for another reason than a file.
        """
        if self._running is None:
            raise RuntimeError("the job is not open: use `async with` to open it")
        event = await self._stream.next()
        if event is not None:
            return event
        await self._running
        raise StopAsyncIteration


async def _close(job_run: JobRun, running: asyncio.Task[Report]) -> None:
    """Wait for the end of a run, and close its journal."""
    try:
        await asyncio.wait({running})
    finally:
        await job_run.journal.aclose()


class UploadJob(JobHandle):
    """Uploads files and trees, each file exactly once, and resumes after any interruption.

    `report = await UploadJob(client, ["photos"], parent=folder_id).run()`, or, to watch it:

        async with UploadJob(client, ["photos"], parent=folder_id) as job:
            async for event in job:
                ...
        print(job.report.counts)

    A job with the same client, PATHs and parent resumes the earlier one, however it ended. A journal on disk
    records each step before it is taken; it contains no key and no signed URL. A file is DONE only when the
    server has listed its File.

    Sends three requests per file, and a share of a listing's page. Memory use does not depend on the number
    of files.

    Args:
        client: The client to use; it stays open.
        sources: Files and directories. `photos` becomes a folder of that name, `photos/.` only its content.
        parent: Id of a Project, Folder or Filespace, or the object itself.
        journal: Path of the journal; by default a file in the user's state directory that is found again by
            server, user, parent and PATHs.
        selection: The files to upload.
        policy: The rules for existing Files, links and unusual names.
        effort: The concurrency and the time limits.
        dynatype: Name of a dynatype for all Files.
        contacts: Ids of contacts, or the contacts themselves; they need a dynatype other than `File`.
        tags: Tags of all Files, without commas.

    Raises:
        ConfigurationError: If an argument is invalid, or the journal belongs to another job.
    """

    def __init__(
        self,
        client: CoreData,
        sources: PathLike | Sequence[PathLike],
        *,
        parent: Id,
        journal: str | os.PathLike[str] | None = None,
        selection: Selection | None = None,
        policy: Policy | None = None,
        effort: Effort | None = None,
        dynatype: str | None = None,
        contacts: Sequence[Id] = (),
        tags: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._parent = id_of(parent, "parent")
        segment(self._parent, "parent")
        self._client = client
        self._paths = [sources] if isinstance(sources, str | bytes | os.PathLike) else list(sources)
        self._journal_path = None if journal is None else Path(journal)
        self._spec = JobSpec(
            selection=selection or Selection(),
            policy=policy or Policy(),
            effort=effort or Effort(),
            attributes=FileAttributes(dynatype=dynatype, contacts=contacts, tags=tags),
        )
        check_processes(client, self._spec.effort.processes)

    async def plan(self) -> AsyncGenerator[Action, None]:
        """Return the actions that `run` would take. Nothing is written to the server or to the job's journal.

        Reads everything that the job would read: the disk, the listings of the folders, and the bytes of
        files whose name and size the server has. Memory use does not depend on the number of files.

        Yields:
            An action per file, and per folder that does not exist, after the scan is complete.

        Raises:
            APIError: If the service cannot be reached.
            ConfigurationError: If the job is running, or is invalid.
        """
        actions = dry_run(
            self._client.engine(),
            self._paths,
            parent=self._parent,
            journal_path=self._journal_path,
            selection=self._spec.selection,
            policy=self._spec.policy,
        )
        async with aclosing(actions):
            async for action in actions:
                yield action

    async def _open(self) -> JobRun:
        batches = scan(self._paths, self._spec.selection, self._spec.policy)
        engine = self._client.engine()
        given = roots(self._paths)
        binding = JobIdentity(
            engine.tenant, engine.account, self._parent, tuple(root.as_given for root in given)
        )
        journal_path = self._journal_path or default_path(binding)
        check_path(journal_path, binding.roots)
        project = await check_parent(engine.api, self._parent)
        journal = await Journal.open(journal_path, binding)
        return JobRun(
            client=self._client,
            spec=self._spec,
            journal=journal,
            planned=ScanPlanner(batches, journal),
            parent=self._parent,
            project=project,
            stream=self._stream,
        )
