"""Handle of a job for its caller: begin it, read its events, end it early, and get its report."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from coredata_async.bulk.events import Event, EventStream
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.run.job_run import JobRun


class JobHandle:
    """Context manager and iterator of events of one run."""

    def __init__(self) -> None:
        self._stream = EventStream()
        self._job_run: JobRun | None = None
        self._running: asyncio.Task[Report] | None = None

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
