"""Parent's side of one worker: its calls in flight, and its counters."""

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
                    call.reserved(blob, codec.decode_time(since))
            case ["done", int(number), result]:
                self._resolve(number, result)
            case ["failed", int(number), error]:
                self._resolve(number, codec.decode_error(error))
            case ["counts", *counts]:
                before, self.counts = self.counts, Counts(*counts)
                self.on_counts(before, self.counts)
            case ["throttled", event]:
                self.on_throttled(self, codec.decode_event(event))
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
