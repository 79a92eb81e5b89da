"""A worker's life: started, told whose client it is, started again when it dies, and ended with the job."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import frozen

from coredata_async.bulk.workers.channel import Channel, Message
from coredata_async.bulk.workers.handle import WorkerHandle
from coredata_async.bulk.workers.spawn import Launched, spawn, terminate
from coredata_async.secret import Secret

START: Final = 60.0
"""Seconds that a worker may take to come up; half a second is usual."""
MAX_CRASHES: Final = 4
"""So many deaths in a row of one worker, with nothing done in between, and the job ends."""


@frozen
class Supervisor:
    """Keeps one worker alive, in one process after the other."""

    worker: WorkerHandle
    setup_message: Callable[[], Secret[Message]]
    """Makes the first message to a new process; the key is in it."""
    lease_end: Callable[[], float]
    """When the lease ends that a worker gets now."""
    on_change: Callable[[WorkerHandle], object]
    """Told when it can be asked, and when it cannot be any more."""

    async def run(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Until this is cancelled, or nothing helps; see `WorkerPool.work`."""
        deaths = 0
        while True:
            answers = self.worker.answers
            how = await self._run_once()
            deaths = 1 if self.worker.answers > answers else deaths + 1
            if deaths == MAX_CRASHES:
                on_end(f"worker processes die again and again; the last one {how}")
                return
            await warn(f"a worker process {how}; what it had in flight is claimed again")

    async def _run_once(self) -> str:
        """Start one, and give how it ended."""
        try:
            launched = await spawn()
        except OSError as exc:
            return self._bury(f"could not be started: {exc.strerror}")
        try:
            line = await self._connect(launched)
            try:
                await self._up(line)
                await line.ended.wait()
            finally:
                line.close()
                self.worker.ready.clear()  # whatever it were asked from now on, nobody would hear
                self.on_change(self.worker)
        finally:
            launched.end.close()
            how = self._bury(await terminate(launched.process))
        return how

    async def _connect(self, launched: Launched) -> Channel:
        _, line = await asyncio.get_running_loop().create_unix_connection(
            lambda: Channel(self.worker.receive), sock=launched.end
        )
        self.worker.connected(line, launched.process.pid)
        return line

    async def _up(self, line: Channel) -> None:
        """Say whose client it is, and wait until it can be asked; or until it is clear that it cannot."""
        line.send(self.setup_message())
        line.send(["lease", self.lease_end()])
        ready = asyncio.ensure_future(self.worker.ready.wait())
        ended = asyncio.ensure_future(line.ended.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=START, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            ended.cancel()
        if not self.worker.ready.is_set():
            line.close()
        self.on_change(self.worker)

    def _bury(self, how: str) -> str:
        """It is no more, for certain; only now may what it had in hand be claimed by another."""
        self.worker.fail_pending(how)
        self.on_change(self.worker)
        return how
