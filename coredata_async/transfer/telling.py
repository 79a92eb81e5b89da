"""Telling the caller how far an upload is."""

from __future__ import annotations

from inspect import isawaitable

from attrs import frozen

from coredata_async.errors import Stage
from coredata_async.transfer.drive import State
from coredata_async.transfer.outcomes import OnProgress, Progress
from coredata_async.transfer.steps import Planned, Reserved


@frozen
class Teller:
    """Calls a progress callback, if there is one."""

    name: str
    total: int
    progress: OnProgress | None

    async def stage(self, state: State) -> None:
        """Tell that a step begins."""
        if self.progress is None:
            return
        match state:
            case Planned():
                await self._tell("reserve", 0)
            case Reserved():
                await self._tell("put", 0)
            case _:
                await self._tell("register", self.total)

    async def sent(self, count: int) -> None:
        """Tell that so many bytes have gone."""
        await self._tell("put", count)

    async def _tell(self, stage: Stage, sent: int) -> None:
        if self.progress is None:
            return
        told = self.progress(Progress(name=self.name, stage=stage, sent=sent, total=self.total))
        if isawaitable(told):
            await told
