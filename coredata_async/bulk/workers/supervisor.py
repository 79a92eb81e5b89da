"""Supervisor of a worker: starts it, sets it up, restarts it after a crash, and ends it with the job."""

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
"""Timeout for the start of a worker, in seconds; half a second is usual."""
MAX_CRASHES: Final = 4
"""Number of consecutive ends of one worker, without an answer in between, after which the job ends."""


@frozen
class Supervisor:
    """Keeps one worker running, in one process after another."""

    worker: WorkerHandle
    setup_message: Callable[[], Secret[Message]]
    """Returns the first message to a new process; it contains the key."""
    lease_end: Callable[[], float]
    """Returns the end of the lease of a worker that starts now."""
    on_change: Callable[[WorkerHandle], object]
    """Called when the worker can receive requests, and when it no longer can."""

    async def run(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Keep the worker running until this is cancelled or it crashes repeatedly. See `WorkerPool.work`."""
        crashes = 0
        while True:
            answers = self.worker.answers
            how = await self._run_once()
            crashes = 1 if self.worker.answers > answers else crashes + 1
            if crashes == MAX_CRASHES:
                on_end(f"worker processes crash repeatedly; the last one {how}")
                return
            await warn(f"a worker process {how}; its files in flight are uploaded by another one")

    async def _run_once(self) -> str:
        """Run one process, and return a description of its end."""
        try:
            launched = await spawn()
        except OSError as exc:
            return self._end(f"could not be started: {exc.strerror}")
        try:
            channel = await self._connect(launched)
            try:
                await self._set_up(channel)
                await channel.ended.wait()
            finally:
                channel.close()
                self.worker.ready.clear()  # the worker can no longer receive requests
                self.on_change(self.worker)
        finally:
            launched.end.close()
            how = self._end(await terminate(launched.process))
        return how

    async def _connect(self, launched: Launched) -> Channel:
        _, channel = await asyncio.get_running_loop().create_unix_connection(
            lambda: Channel(self.worker.receive), sock=launched.end
        )
        self.worker.use_channel(channel, launched.process.pid)
        return channel

    async def _set_up(self, channel: Channel) -> None:
        """Send the setup, and wait until the worker is ready, or its start has failed."""
        channel.send(self.setup_message())
        channel.send(["lease", self.lease_end()])
        ready = asyncio.ensure_future(self.worker.ready.wait())
        ended = asyncio.ensure_future(channel.ended.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=START, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            ended.cancel()
        if not self.worker.ready.is_set():
            channel.close()
        self.on_change(self.worker)

    def _end(self, how: str) -> str:
        """Fail the calls of the ended process; only now may its files be claimed by another one."""
        self.worker.fail_pending(how)
        self.on_change(self.worker)
        return how
