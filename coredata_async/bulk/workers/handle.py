"""One worker as its parent sees it: what it has in hand, and how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from attrs import define, field, frozen

from coredata_async.bulk.workers import codec
from coredata_async.bulk.workers.channel import Channel, Message
from coredata_async.bulk.workers.sender import OnReserved, WorkerLostError
from coredata_async.transport.trace import Exchanged


@frozen
class Counts:
    """What a worker has done since it began, and how wide its gates are."""

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    sent: int = 0
    api: int = 0
    storage: int = 0
    paused: str | None = None


class Call(NamedTuple):
    """Something a worker was asked for."""

    answer: asyncio.Future[Any]
    reserved: OnReserved | None


@define(eq=False, kw_only=True)
class WorkerHandle:
    """Sends one worker its work, and takes what comes of it."""

    on_counts: Callable[[Counts, Counts], object]
    """Told what was, and what is."""
    on_throttled: Callable[[WorkerHandle, Exchanged], object]
    on_stopped: Callable[[str], object]
    """Told, in words, that a far end was given up."""
    calls: dict[int, Call] = field(factory=dict[int, Call], init=False)
    counts: Counts = field(factory=Counts, init=False)
    answers: int = field(default=0, init=False)
    """How many it has given, of all processes it was."""
    ready: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Whether it can be asked."""
    channel: Channel | None = field(default=None, init=False)
    pid: int = field(default=0, init=False)
    _number: int = field(default=0, init=False)

    def connected(self, line: Channel, pid: int) -> None:
        """A new process is at the other end; it counts from nothing."""
        self.channel, self.pid, self.counts = line, pid, Counts()

    async def ask(self, verb: str, *args: object, reserved: OnReserved | None = None) -> Any:
        """Have something done.

        Raises:
            Exception: What was raised there.
            LostHandsError: The worker died.
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
        """Say something that has no answer; a worker that is not there does not hear it."""
        if self.channel is not None:
            self.channel.send([verb, *args])

    def receive(self, message: Message) -> None:
        """Take what it says."""
        match message:
            case ["reserved", int(number), blob, since]:
                call = self.calls.get(number)
                if call is not None and call.reserved is not None:
                    call.reserved(blob, codec.moment_of(since))
            case ["done", int(number), found]:
                self._resolve(number, found)
            case ["failed", int(number), error]:
                self._resolve(number, codec.decode_error(error))
            case ["counts", *counts]:
                before, self.counts = self.counts, Counts(*counts)
                self.on_counts(before, self.counts)
            case ["throttled", event]:
                self.on_throttled(self, codec.event_of(event))
            case ["stopped", words]:
                self.on_stopped(words)
            case ["ready"]:
                self.ready.set()
            case _:
                raise ValueError(f"a worker says {message[0]!r}, which means nothing here")

    def fail_pending(self, how: str) -> None:
        """Its process is gone, for certain: nothing that it had in hand can happen any more."""
        self.channel = None
        self.ready.clear()
        calls, self.calls = self.calls, {}
        for call in calls.values():
            if not call.answer.done():
                call.answer.set_exception(WorkerLostError(f"the worker process that had it {how}"))

    def _resolve(self, number: int, found: object) -> None:
        self.answers += 1
        call = self.calls.get(number)
        if call is None or call.answer.done():
            return
        if isinstance(found, Exception):
            call.answer.set_exception(found)
        else:
            call.answer.set_result(found)
