"""Progress reports of an upload to the caller."""

from __future__ import annotations

from inspect import isawaitable

from attrs import frozen

from coredata_async.errors import Stage
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
