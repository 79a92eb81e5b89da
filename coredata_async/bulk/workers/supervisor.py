"""Supervisor of a worker process: starts it, sets it up, restarts it after a crash, ends it with the job."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from coredata_async.bulk.lease import LENGTH
from coredata_async.bulk.workers.channel import Channel, Message
from coredata_async.bulk.workers.handle import WorkerHandle
from coredata_async.secret import Secret

START: Final = 60.0
"""Timeout for the start of a worker, in seconds; half a second is usual."""
MAX_CRASHES: Final = 4
"""Number of consecutive ends of one worker, without an answer in between, after which the job ends."""
GRACE: Final = 0.7
"""Timeout for the end of a process, in seconds: once before it is killed, and once after."""


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


@frozen
class Launched:
    """Process, with the parent's end of its channel."""

    process: asyncio.subprocess.Process
    end: socket.socket


async def spawn() -> Launched:
    """Start a worker, with only its end of the channel, standard error, and a clean environment.

    It is in a separate session, so that Ctrl-C does not reach it.

    Raises:
        OSError: If the process cannot be created.
    """
    ours, theirs = socket.socketpair()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # not to import modules from the directory that is uploaded
            "-m",
            "coredata_async.bulk.workers.process",
            str(os.getpid()),
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.DEVNULL,  # programs may read that of the job
            env=environment(os.environ),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.settimeout(0)
    return Launched(process, ours)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without keys, and with its import paths."""
    kept = {name: value for name, value in environ.items() if not name.startswith("COREDATA_")}
    kept["PYTHONPATH"] = os.pathsep.join(str(Path(path).absolute()) for path in sys.path)
    return kept


async def terminate(process: asyncio.subprocess.Process) -> str:
    """Wait for the end of a process, or kill it, and describe its end. Then it can send no request.

    Its channel must be closed: the process ends when it notices that.
    """
    if not await _ends(process):
        with suppress(ProcessLookupError):
            process.kill()
        await _ends(process)
    return _ending(process.returncode)


def _ending(code: int | None) -> str:
    if code is None:
        return "does not end"
    if code == -signal.SIGALRM:
        return f"lost its lease, because it or this process was stopped for more than {LENGTH:.0f} s"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


async def _ends(process: asyncio.subprocess.Process) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), GRACE)
    return process.returncode is not None
