"""One source opened for an upload, with its share of what `Limits` allows."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final

from attrs import define, field

from coredata_async.storage.bodies import Streamed
from coredata_async.storage.sources import Ready, Source, at_rest, label, ready
from coredata_async.storage.spool import SpoolMode
from coredata_async.transfer.outcomes import OnProgress
from coredata_async.transfer.telling import Teller

_SILENT: Final = Teller("", 0, None)


@define
class Opening:
    """`async with Opening(…) as (source, teller)`.

    A class: as two generators one inside the other it took 10 us more, 4 % of our own share of a small
    file, and a file that is held whole leaves nothing to close.
    """

    source: Source
    size: int | None
    progress: OnProgress | None
    streams: asyncio.Semaphore
    """`Limits.uploads`: for bodies that are too large to be held whole."""
    open_files: asyncio.Semaphore
    """`Limits.open_files`."""
    spool: SpoolMode = "auto"
    _held: AsyncExitStack | None = field(default=None, init=False)

    async def __aenter__(self) -> tuple[Ready, Teller]:
        """Make the source ready.

        Raises:
            SourceError: It is not there, cannot be read, or gives something else than bytes.
            TypeError: It is a file in text mode, or no source at all.
        """
        await self.open_files.acquire()
        try:
            source = await at_rest(self.source, self.size)
            if source is None or isinstance(source.body, Streamed):
                source = await self._streamed(source)
        except BaseException:
            self.open_files.release()
            raise
        return source, self._teller(source)

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what was opened, and give the share back."""
        try:
            if self._held is not None:
                await self._held.__aexit__(kind, exc, trace)
        finally:
            self.open_files.release()

    async def _streamed(self, source: Ready | None) -> Ready:
        async with AsyncExitStack() as stack:
            if source is None:
                source = await stack.enter_async_context(ready(self.source, self.size, self.spool))
            if isinstance(source.body, Streamed):
                await stack.enter_async_context(self.streams)
            self._held = stack.pop_all()
        return source

    def _teller(self, source: Ready) -> Teller:
        if self.progress is None:
            return _SILENT
        teller = Teller(label(self.source), source.size, self.progress)
        if isinstance(source.body, Streamed):
            source.body.on_sent = teller.sent
        return teller
