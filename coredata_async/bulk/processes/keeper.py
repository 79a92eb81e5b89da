"""A worker's life: started, told whose client it is, started again when it dies, and ended with the job."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import frozen

from coredata_async.bulk.processes.launch import Launched, buried, launch
from coredata_async.bulk.processes.line import Line, Message
from coredata_async.bulk.processes.mate import Mate
from coredata_async.secret import Secret

START: Final = 60.0
"""Seconds that a worker may take to come up; half a second is usual."""
DEATHS: Final = 4
"""So many deaths in a row of one worker, with nothing done in between, and the job ends."""


@frozen
class Keeper:
    """Keeps one worker alive, in one process after the other."""

    mate: Mate
    first_words: Callable[[], Secret[Message]]
    """Makes the first message to a new process; the key is in it."""
    lease_end: Callable[[], float]
    """When the lease ends that a worker gets now."""
    on_change: Callable[[Mate], object]
    """Told when it can be asked, and when it cannot be any more."""

    async def keep(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Until this is cancelled, or nothing helps; see `Crew.work`."""
        deaths = 0
        while True:
            answers = self.mate.answers
            how = await self._lived()
            deaths = 1 if self.mate.answers > answers else deaths + 1
            if deaths == DEATHS:
                on_end(f"worker processes die again and again; the last one {how}")
                return
            await warn(f"a worker process {how}; what it had under way is taken up again")

    async def _lived(self) -> str:
        """Start one, and give how it ended."""
        try:
            launched = await launch()
        except OSError as exc:
            return self._gone(f"could not be started: {exc.strerror}")
        try:
            line = await self._connected(launched)
            try:
                await self._up(line)
                await line.ended.wait()
            finally:
                line.close()
                self.mate.ready.clear()  # whatever it were asked from now on, nobody would hear
                self.on_change(self.mate)
        finally:
            launched.end.close()
            how = self._gone(await buried(launched.process))
        return how

    async def _connected(self, launched: Launched) -> Line:
        _, line = await asyncio.get_running_loop().create_unix_connection(
            lambda: Line(self.mate.take), sock=launched.end
        )
        self.mate.met(line, launched.process.pid)
        return line

    async def _up(self, line: Line) -> None:
        """Say whose client it is, and wait until it can be asked; or until it is clear that it cannot."""
        line.send(self.first_words())
        line.send(["lease", self.lease_end()])
        ready = asyncio.ensure_future(self.mate.ready.wait())
        ended = asyncio.ensure_future(line.ended.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=START, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            ended.cancel()
        if not self.mate.ready.is_set():
            line.close()
        self.on_change(self.mate)

    def _gone(self, how: str) -> str:
        """It is no more, for certain; only now may what it had in hand be taken up by another."""
        self.mate.lost(how)
        self.on_change(self.mate)
        return how
