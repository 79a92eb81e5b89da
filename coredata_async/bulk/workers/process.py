"""A worker process: does what comes over its line, and ends with it.

    python -m coredata_async.bulk.workers.process PARENT     # standard input is one end of a socket pair

It decides nothing and remembers nothing. Whatever it is doing, it ends when its parent ends, and it sends no
request without a valid lease: see `lease`.
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

from coredata_async.bulk.limits.limiters import Limiters
from coredata_async.bulk.workers import codec
from coredata_async.bulk.workers.channel import Channel, Message
from coredata_async.bulk.workers.fence import accept_alarm, die_with, kill_in
from coredata_async.bulk.workers.lease import ParentLease
from coredata_async.bulk.workers.runtime import ProcessRuntime, build_process_runtime
from coredata_async.bulk.workers.sender import LocalSender
from coredata_async.bulk.workers.setup import setup_of
from coredata_async.client import CoreData
from coredata_async.secret import Secret
from coredata_async.transfer.steps import Planned, Registered, Stored
from coredata_async.transport.trace import Exchanged

log = logging.getLogger("coredata_async.bulk")

TICK: Final = 0.25
"""Seconds between two tellings of how far it is."""
GARBAGE: Final = 20_000
"""New objects between two searches for cycles, of which next to none are made here. With what is there from
the beginning left out of them, a small file costs 7 to 11 % less CPU, in all processes together."""
PARENT_CHECK_INTERVAL: Final = 1000
"""Milliseconds between two looks whether the parent lives: a process that it forked may hold its end open."""


@define(eq=False)
class Worker:
    """Takes what the parent sends, and sends back what comes of it."""

    parent: int
    """Its process id."""
    lease: ParentLease = field(init=False)
    channel: Channel = field(init=False)
    client: CoreData = field(init=False)
    _runtime: ProcessRuntime | None = field(default=None, init=False)
    _sent: int = field(default=0, init=False)
    _reported: Message = field(factory=list[Any], init=False)
    _calls: dict[int, asyncio.Task[None]] = field(factory=dict[int, "asyncio.Task[None]"], init=False)
    """What it was asked for and is at, by number."""
    _tasks: list[asyncio.Task[None]] = field(factory=list["asyncio.Task[None]"], init=False)
    """What goes on as long as it lives."""

    def __attrs_post_init__(self) -> None:
        self.lease = ParentLease(self.parent, kill_in)

    def take(self, message: Message) -> None:
        """Begin what is asked for."""
        match message:
            case ["setup", plain, secrets]:
                self._try_to_set_up(plain, Secret(secrets))
            case ["store", int(number), parcel]:
                self._begin(number, self._store(number, parcel))
            case ["register", int(number), blob, new, again]:
                self._begin(number, self._register(blob, new, again=again))
            case ["replace", int(number), parcel, file_id, snapshot]:
                self._begin(number, self._replace(parcel, file_id, snapshot))
            case ["lease", float(until)]:
                self.lease.renew(until)
            case ["throttled", event]:
                self._working.limiters.learn(codec.event_of(event))
            case ["bwlimit", limit]:
                self._working.bandwidth.limit = limit
            case _:
                raise ValueError(f"the parent says {message[0]!r}, which means nothing here")

    def counts(self) -> Message | None:
        """Return how far it is, if that has changed: all since it began."""
        gates = self._working.limiters
        told: Message = ["counts", gates.requests, gates.retries, gates.throttled, self._sent]
        told += [gates.api.width, gates.storage.width, gates.paused]
        if told == self._reported:
            return None
        self._reported = told
        return told

    def last_counts(self) -> Message | None:
        """The same with the answer after which there is nothing to do; before, it is told every `TICK`."""
        return None if self._calls or self._runtime is None else self.counts()

    async def tick(self) -> None:
        """Tell how far it is."""
        while True:
            await asyncio.sleep(TICK)
            if (told := self.counts()) is not None:
                self.channel.send(told)

    @property
    def _working(self) -> ProcessRuntime:
        if self._runtime is None:
            raise ValueError("the parent has not said whose client this is")
        return self._runtime

    def _try_to_set_up(self, plain: dict[str, Any], secrets: Secret[dict[str, Any]]) -> None:
        """Set up, or end: no exception passes the frames that hold the message, and the key in it."""
        try:
            self._set_up(plain, secrets)
        except Exception as exc:  # noqa: BLE001  # whatever it is, this process is of no use
            log.error("a worker process cannot be set up: %s: %s", type(exc).__name__, exc)  # noqa: TRY400
            self.channel.close()

    def _set_up(self, plain: dict[str, Any], secrets: Secret[dict[str, Any]]) -> None:
        setup = setup_of(plain, secrets)

        def count_bytes(count: int) -> None:
            self._sent += count

        self.client = setup.client
        gates = Limiters(setup.limits.limits, setup.limits.retry, setup.effort)
        self._runtime = build_process_runtime(
            self.client,
            gates,
            setup.effort.bwlimit,
            on_bytes=count_bytes,
            hooks=(self._saw,),
            lease=self.lease,
            first=1,
        )
        self._tasks += [asyncio.create_task(self._stop(self._runtime)), asyncio.create_task(self.tick())]
        self.channel.send(["ready"])

    async def _stop(self, working: ProcessRuntime) -> None:
        await working.limiters.stopped.wait()
        self.channel.send(["stopped", working.limiters.message or ""])

    def _saw(self, event: Exchanged) -> None:
        """Pass on what the far end asks of all; the gates have seen it before."""
        if self._working.limiters.obeyed is event:
            self.channel.send(["throttled", codec.plain_event(event)])

    def _begin(self, number: int, work: Awaitable[Message]) -> None:
        self._calls[number] = asyncio.ensure_future(self._answer(number, work))

    async def _answer(self, number: int, work: Awaitable[Message]) -> None:
        told: Message
        try:
            told = ["done", number, await work]
        except Exception as exc:  # noqa: BLE001  # whatever it is, the parent judges it
            told = ["failed", number, codec.encode_error(exc)]
        del self._calls[number]
        self.channel.send(told)

    async def _store(self, number: int, parcel: list[Any]) -> Message:
        def report_reservation(blob: str, since: Any) -> None:
            self.channel.send(["reserved", number, blob, codec.plain_moment(since)])

        stored = await LocalSender(self._working.engine.uploader).store(
            codec.decode_file(parcel), report_reservation
        )
        return codec.plain_stored(stored)

    async def _register(self, blob: str, new: list[Any], *, again: bool) -> Message:
        stored = Stored(Planned(size=0, content_type=None), blob, "")  # its blob is all that is asked with
        hands = LocalSender(self._working.engine.uploader)
        found = await hands.register_once(stored, codec.new_of(new), again=again)
        return ["registered", found.file_id] if isinstance(found, Registered) else ["unsettled", found.reason]

    async def _replace(self, parcel: list[Any], file_id: str, snapshot: str | None) -> Message:
        hands = LocalSender(self._working.engine.uploader)
        return [await hands.replace(codec.decode_file(parcel), file_id, snapshot)]


async def work(end: socket.socket, parent: int) -> None:
    """Work until the line ends."""
    desk = Worker(parent)
    desk.channel = Channel(
        desk.take, desk.last_counts
    )  # the first message may come before the call below returns
    await asyncio.get_running_loop().create_unix_connection(lambda: desk.channel, sock=end)
    await desk.channel.ended.wait()


def _end_with(end: socket.socket, parent: int) -> None:
    """End this process as soon as the other end has gone, whatever the loop is at.

    A thread of its own, since a loop may hang, as in opening a file of a file server that is away, and later
    go on with a registration that a resumed job has by then proven not to be there.
    """
    poller = select.poll()
    poller.register(end, 0)  # nothing but a hang-up
    while not poller.poll(PARENT_CHECK_INTERVAL) and os.getppid() == parent:
        pass
    os._exit(0)


def main() -> None:
    """Work until the parent has gone. Ctrl-C goes to a whole terminal: what it means, the parent decides."""
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
    """On uvloop where it is installed: 10 % less CPU per small file, in all processes together.

    The loop of the job itself is its user's affair; this process has no other user.
    """
    try:
        from uvloop import run  # noqa: PLC0415
    except ImportError:
        asyncio.run(work)
    else:
        run(work)


if __name__ == "__main__":
    main()
