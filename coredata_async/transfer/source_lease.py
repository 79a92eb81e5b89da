"""Lease of a source: it is opened for an upload within the client's `Limits`, and reports its progress."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from inspect import isawaitable
from types import TracebackType
from typing import Final

from attrs import define, field, frozen

from coredata_async.errors import Stage
from coredata_async.storage.bodies import Streamed
from coredata_async.storage.sources import PreparedSource, Source, label, prepare, prepare_static
from coredata_async.storage.spool import SpoolMode
from coredata_async.transfer.drive import State
from coredata_async.transfer.outcomes import OnProgress, Progress
from coredata_async.transfer.steps import Planned, Reserved


@frozen
class ProgressReporter:
    """Calls the caller's progress callback, if there is one."""

    name: str
    total: int
    progress: OnProgress | None

    async def stage(self, state: State) -> None:
        """Report that a stage begins."""
        if self.progress is None:
            return
        match state:
            case Planned():
                await self._report("reserve", 0)
            case Reserved():
                await self._report("put", 0)
            case _:
                await self._report("register", self.total)

    async def add(self, count: int) -> None:
        """Report the number of bytes sent."""
        await self._report("put", count)

    async def _report(self, stage: Stage, sent: int) -> None:
        if self.progress is None:
            return
        pending = self.progress(Progress(name=self.name, stage=stage, sent=sent, total=self.total))
        if isawaitable(pending):
            await pending


_SILENT: Final = ProgressReporter("", 0, None)


@define
class SourceLease:
    """Context manager of an open source: `async with SourceLease(…) as (source, teller)`.

    A class, because two nested generators took 10 us more, 4 % of our own share of a small file, and a file
    that is held in memory leaves nothing to close.
    """

    source: Source
    size: int | None
    progress: OnProgress | None
    streams: asyncio.Semaphore
    """`Limits.uploads`: for bodies that are too large to hold in memory."""
    open_files: asyncio.Semaphore
    """`Limits.open_files`."""
    spool: SpoolMode = "auto"
    _held: AsyncExitStack | None = field(default=None, init=False)

    async def __aenter__(self) -> tuple[PreparedSource, ProgressReporter]:
        """Prepare the source.

        Raises:
            SourceError: If it does not exist, cannot be read, or yields something other than bytes.
            TypeError: If it is a file in text mode, or not a source.
        """
        await self.open_files.acquire()
        try:
            source = await prepare_static(self.source, self.size)
            if source is None or isinstance(source.body, Streamed):
                source = await self._prepare_stream(source)
        except BaseException:
            self.open_files.release()
            raise
        return source, self._reporter(source)

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source, and release the slots."""
        try:
            if self._held is not None:
                await self._held.__aexit__(kind, exc, trace)
        finally:
            self.open_files.release()

    async def _prepare_stream(self, source: PreparedSource | None) -> PreparedSource:
        async with AsyncExitStack() as stack:
            if source is None:
                source = await stack.enter_async_context(prepare(self.source, self.size, self.spool))
            if isinstance(source.body, Streamed):
                await stack.enter_async_context(self.streams)
            self._held = stack.pop_all()
        return source

    def _reporter(self, source: PreparedSource) -> ProgressReporter:
        if self.progress is None:
            return _SILENT
        teller = ProgressReporter(label(self.source), source.size, self.progress)
        if isinstance(source.body, Streamed):
            source.body.on_sent = teller.add
        return teller
