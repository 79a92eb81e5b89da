"""Worker process: handles the requests of its channel, and ends with it.

    python -m coredata_async.bulk.workers.process PARENT     # standard input is one end of a socket pair

It makes no decisions and stores nothing. It ends when its parent ends, whatever it is doing, and sends no
request without a valid lease: see `bulk.lease`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Coroutine
from typing import Any, Final

from attrs import define, field

from coredata_async.bulk.lease import ParentLease, accept_alarm, die_with, kill_at
from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.workers.channel import (
    Channel,
    Message,
    decode_event,
    decode_new_file,
    encode_error,
    encode_event,
    encode_stored,
    encode_time,
)
from coredata_async.bulk.workers.runtime import ProcessRuntime, build_process_runtime
from coredata_async.bulk.workers.setup import decode_setup
from coredata_async.client import CoreData
from coredata_async.secret import Secret
from coredata_async.transfer.steps import Planned, Registered, Stored
from coredata_async.transport.trace import Exchanged

log = logging.getLogger("coredata_async.bulk")

TICK: Final = 0.25
"""Seconds between two messages with counters."""
GARBAGE: Final = 20_000
"""Number of new objects between two searches for cycles, of which hardly any are made here. With the initial
objects excluded from them, a small file costs 7 to 11 % less CPU, in all processes together."""
PARENT_CHECK_INTERVAL: Final = 1000
"""Milliseconds between two checks that the parent lives: a process that it forked may hold its end open."""


@define(eq=False)
class Worker:
    """Handles the parent's messages, and sends the results."""

    parent: int
    """Process id of the parent."""
    lease: ParentLease = field(init=False)
    channel: Channel = field(init=False)
    client: CoreData = field(init=False)
    _runtime: ProcessRuntime | None = field(default=None, init=False)
    _reported: Message = field(factory=list[Any], init=False)
    _calls: dict[int, asyncio.Task[None]] = field(factory=dict[int, "asyncio.Task[None]"], init=False)
    """Requests in progress, by number."""
    _tasks: list[asyncio.Task[None]] = field(factory=list["asyncio.Task[None]"], init=False)
    """Tasks that run as long as the worker."""

    def __attrs_post_init__(self) -> None:
        self.lease = ParentLease(self.parent, kill_at)

    def take(self, message: Message) -> None:
        """Handle a message of the parent."""
        match message:
            case ["setup", plain, secrets]:
                self._try_to_set_up(plain, Secret(secrets))
            case ["store", int(number), *file]:
                self._begin(number, self._store(number, *file))
            case ["register", int(number), blob, new, again]:
                self._begin(number, self._register(blob, new, again=again))
            case ["replace", int(number), *file]:
                self._begin(number, self._replace(*file))
            case ["lease", float(until)]:
                self.lease.renew(until)
            case ["throttled", event]:
                self._working.limiters.learn(decode_event(event))
            case ["bwlimit", limit]:
                self._working.bandwidth.set_limit(limit)
            case ["limits", rate, concurrency]:
                self._working.set_limits(rate, concurrency)
            case _:
                raise ValueError(f"unknown message {message[0]!r} from the parent process")

    def counts(self) -> Message | None:
        """Return the counters since the worker began; `None` if they have not changed."""
        limiters = self._working.limiters
        counts: Message = ["counts", limiters.requests, limiters.retries, limiters.throttled, limiters.sent]
        counts += [limiters.api.width, limiters.storage.width, limiters.paused]
        if counts == self._reported:
            return None
        self._reported = counts
        return counts

    def last_counts(self) -> Message | None:
        """Return the counters with the last answer; during requests they are sent every `TICK`."""
        return None if self._calls or self._runtime is None else self.counts()

    async def tick(self) -> None:
        """Send the counters regularly."""
        while True:
            await asyncio.sleep(TICK)
            if (counts := self.counts()) is not None:
                self.channel.send(counts)

    @property
    def _working(self) -> ProcessRuntime:
        if self._runtime is None:
            raise ValueError("the parent has not sent the setup yet")
        return self._runtime

    def _try_to_set_up(self, plain: dict[str, Any], secrets: Secret[dict[str, Any]]) -> None:
        """Set up, or end: no exception passes through frames that hold the message and its key."""
        try:
            self._set_up(plain, secrets)
        except Exception as exc:  # noqa: BLE001  # this process is useless after any failure
            log.error("a worker process cannot be set up: %s: %s", type(exc).__name__, exc)  # noqa: TRY400
            self.channel.close()

    def _set_up(self, plain: dict[str, Any], secrets: Secret[dict[str, Any]]) -> None:
        setup = decode_setup(plain, secrets)

        self.client = setup.client
        limiters = Limiters(setup.limits.limits, setup.limits.retry, setup.effort)
        self._runtime = build_process_runtime(
            self.client,
            limiters,
            setup.effort.bwlimit,
            hooks=(self._on_exchange,),
            lease=self.lease,
            first=1,
        )
        self._tasks += [asyncio.create_task(self._stop(self._runtime)), asyncio.create_task(self.tick())]
        self.channel.send(["ready"])

    async def _stop(self, working: ProcessRuntime) -> None:
        await working.limiters.stopped.wait()
        self.channel.send(["stopped", working.limiters.message or ""])

    def _on_exchange(self, event: Exchanged) -> None:
        """Pass on an exchange that throttles all processes; the limiters have recorded it before."""
        if self._working.limiters.obeyed is event:
            self.channel.send(["throttled", encode_event(event)])

    def _begin(self, number: int, work: Awaitable[Message]) -> None:
        self._calls[number] = asyncio.ensure_future(self._answer(number, work))

    async def _answer(self, number: int, work: Awaitable[Message]) -> None:
        answer: Message
        try:
            answer = ["done", number, await work]
        except Exception as exc:  # noqa: BLE001  # the parent handles any exception
            answer = ["failed", number, encode_error(exc)]
        del self._calls[number]
        self.channel.send(answer)

    async def _store(self, number: int, path: bytes, filename: str, content_type: str, size: int) -> Message:
        def report_reservation(blob: str, since: Any) -> None:
            self.channel.send(["reserved", number, blob, encode_time(since)])

        stored = await self._working.sender.store(
            os.fsdecode(path),
            filename=filename,
            content_type=content_type,
            size=size,
            on_reserved=report_reservation,
        )
        return encode_stored(stored)

    async def _register(self, blob: str, new: list[Any], *, again: bool) -> Message:
        stored = Stored(Planned(size=0, content_type=None), blob, "")  # a registration needs only the blob
        result = await self._working.sender.register(stored, decode_new_file(new), again=again)
        return (
            ["registered", result.file_id] if isinstance(result, Registered) else ["unsettled", result.reason]
        )

    async def _replace(  # noqa: PLR0917  # the fields of a message
        self, path: bytes, filename: str, content_type: str, size: int, file_id: str, snapshot: str | None
    ) -> Message:
        return [
            await self._working.sender.replace(
                os.fsdecode(path),
                filename=filename,
                content_type=content_type,
                size=size,
                file_id=file_id,
                snapshot=snapshot,
            )
        ]


async def work(end: socket.socket, parent: int) -> None:
    """Handle requests until the channel ends."""
    worker = Worker(parent)
    worker.channel = Channel(
        worker.take, worker.last_counts
    )  # the first message may come before the call below returns
    await asyncio.get_running_loop().create_unix_connection(lambda: worker.channel, sock=end)
    await worker.channel.ended.wait()


def _end_with(end: socket.socket, parent: int) -> None:
    """End this process as soon as the other end has closed, even if the event loop hangs.

    It runs in a separate thread: a loop may hang, for example while it opens a file of an absent file
    server, and later continue with a registration that a resumed job has proven absent by then.
    """
    poller = select.poll()
    poller.register(end, 0)  # only a hang-up
    while not poller.poll(PARENT_CHECK_INTERVAL) and os.getppid() == parent:
        pass
    os._exit(0)


def main() -> None:
    """Run a worker until the parent has ended. Ignores Ctrl-C, which all processes of a terminal receive."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    accept_alarm()
    parent = int(sys.argv[1])
    die_with(parent)
    end = socket.socket(fileno=0)
    threading.Thread(target=_end_with, args=(end, parent), name="coredata-parent", daemon=True).start()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    _run(work(end, parent))
    os._exit(0)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop if it is installed: 10 % less CPU per small file, in all processes together.

    The event loop of the job itself belongs to its user; this process has no other user.
    """
    try:
        from uvloop import run  # noqa: PLC0415
    except ImportError:
        asyncio.run(work)
    else:
        run(work)


if __name__ == "__main__":
    main()
