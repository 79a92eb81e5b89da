"""Worker as its parent sees it: the calls in flight, and one process after another.

The supervisor starts a process, sets it up, replaces it after a crash, and ends it with the job.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from attrs import define, field, frozen

from coredata_async.bulk.lease import LENGTH
from coredata_async.bulk.workers.channel import Channel, Message, decode_error, decode_event, decode_time
from coredata_async.environment import without_keys
from coredata_async.secret import Secret
from coredata_async.transport.trace import Exchanged

START: Final = 60.0
"""Timeout for the start of a worker, in seconds; half a second is usual."""
MAX_CRASHES: Final = 4
"""Number of consecutive ends of one worker, without an answer in between, after which the job ends."""
GRACE: Final = 0.7
"""Timeout for the end of a process, in seconds: once before it is killed, and once after."""

OnReserved = Callable[[str, datetime | None], None]
"""Called with the name of each reserved blob and the server's time of the reservation, before the PUT."""


class WorkerLostError(Exception):
    """The process that handled a file has ended; the registration of the file did not take place in it."""


@frozen
class Counts:
    """Counters of a worker since it began, and the widths of its limiters."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    sent: int = 0
    api: int = 0
    storage: int = 0
    paused: str | None = None


class Call(NamedTuple):
    """Request to a worker."""

    answer: asyncio.Future[Any]
    reserved: OnReserved | None


@define(eq=False, kw_only=True)
class WorkerHandle:
    """Sends requests to one worker, and receives its messages."""

    on_counts: Callable[[Counts, Counts], object]
    """Called with the former and the present counters."""
    on_throttled: Callable[[WorkerHandle, Exchanged], object]
    on_stopped: Callable[[str], object]
    """Called with the reason when the worker has given up a host."""
    calls: dict[int, Call] = field(factory=dict[int, Call], init=False)
    counts: Counts = field(factory=Counts, init=False)
    answers: int = field(default=0, init=False)
    """Number of answers from all processes of this worker."""
    ready: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Set while the worker accepts requests."""
    channel: Channel | None = field(default=None, init=False)
    pid: int = field(default=0, init=False)
    _number: int = field(default=0, init=False)

    def use_channel(self, channel: Channel, pid: int) -> None:
        """Use the channel of a new process, whose counters begin at zero."""
        self.channel, self.pid, self.counts = channel, pid, Counts()

    async def ask(self, verb: str, *args: object, reserved: OnReserved | None = None) -> Any:
        """Send a request and return its answer.

        Raises:
            Exception: If the worker raised it.
            WorkerLostError: If the worker process has ended.
        """
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self.calls[number] = Call(answer, reserved)
        self.notify(verb, number, *args)
        try:
            return await answer
        finally:
            self.calls.pop(number, None)

    def notify(self, verb: str, *args: object) -> None:
        """Send a message without an answer; it is dropped if the worker does not run."""
        if self.channel is not None:
            self.channel.send([verb, *args])

    def receive(self, message: Message) -> None:
        """Handle a message of the worker."""
        match message:
            case ["reserved", int(number), blob, since]:
                call = self.calls.get(number)
                if call is not None and call.reserved is not None:
                    call.reserved(blob, decode_time(since))
            case ["done", int(number), result]:
                self._resolve(number, result)
            case ["failed", int(number), error]:
                self._resolve(number, decode_error(error))
            case ["counts", *counts]:
                before, self.counts = self.counts, Counts(*counts)
                self.on_counts(before, self.counts)
            case ["throttled", event]:
                self.on_throttled(self, decode_event(event))
            case ["stopped", message_text]:
                self.on_stopped(message_text)
            case ["ready"]:
                self.ready.set()
            case _:
                raise ValueError(f"unknown message {message[0]!r} from a worker process")

    def fail_pending(self, how: str) -> None:
        """Fail all calls in flight, because the process has certainly ended."""
        self.channel = None
        self.ready.clear()
        calls, self.calls = self.calls, {}
        for call in calls.values():
            if not call.answer.done():
                call.answer.set_exception(WorkerLostError(f"the worker process of this file {how}"))

    def _resolve(self, number: int, result: object) -> None:
        self.answers += 1
        call = self.calls.get(number)
        if call is None or call.answer.done():
            return
        if isinstance(result, Exception):
            call.answer.set_exception(result)
        else:
            call.answer.set_result(result)


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
    kept = without_keys(environ)
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
