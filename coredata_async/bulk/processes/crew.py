"""The workers of a job as one pair of hands: who is asked, and what all are told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import define, evolve, field

from coredata_async.bulk.gates.gates import Gates
from coredata_async.bulk.processes import crossing
from coredata_async.bulk.processes.hands import LostHandsError, OnReserved, Parcel
from coredata_async.bulk.processes.keeper import Keeper
from coredata_async.bulk.processes.lease import LENGTH, RENEWAL, Lease, Unlimited, now
from coredata_async.bulk.processes.line import Message
from coredata_async.bulk.processes.mate import Counts, Mate
from coredata_async.bulk.processes.setup import Setup, plain_setup
from coredata_async.secret import Secret
from coredata_async.transfer.steps import Registered, Stored, Unsettled
from coredata_async.transport.trace import Exchanged
from coredata_async.wire.files import NewFile

TAKEN_UP: Final = 3
"""How often a file is given to a worker that then dies: after that, it may be the file."""


@define(eq=False, kw_only=True)
class Crew:
    """The hands of several processes. Everything that must not be lost stays in this one."""

    setup: Setup
    processes: int
    gates: Gates
    """Of this process: what the workers count is added to theirs."""
    on_bytes: Callable[[int], object]
    lease: Lease = field(factory=Unlimited)
    """Of the job: no worker's ends later."""
    _mates: list[Mate] = field(init=False)
    _busy: list[Mate] = field(factory=list[Mate], init=False)
    """Those that share the bytes per second."""
    _ready: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Whether any can be asked."""
    _tried: set[Mate] = field(factory=set[Mate], init=False)
    """Those that have come up once, or died of it: work is shared out when all have."""

    def __attrs_post_init__(self) -> None:
        self._mates = [
            Mate(on_counts=self._count, on_throttled=self._throttled, on_stopped=self.gates.stop)
            for _ in range(self.processes)
        ]

    @property
    def api_width(self) -> int:
        """Requests to the service that all gates together let through at once."""
        return self.gates.api.width + sum(mate.counts.api for mate in self._mates)

    @property
    def storage_width(self) -> int:
        """PUTs that all gates together let through at once."""
        return sum(mate.counts.storage for mate in self._mates)

    @property
    def paused(self) -> str | None:
        """Why nothing begins at the moment somewhere, for people."""
        return self.gates.paused or next(
            (mate.counts.paused for mate in self._mates if mate.counts.paused), None
        )

    async def work(self, warn: Callable[[str], Awaitable[object]], on_end: Callable[[str], object]) -> None:
        """Keep them alive until this is cancelled.

        Args:
            warn: Told, in words, of each that died.
            on_end: Told, in words, that they cannot be kept alive.
        """
        async with asyncio.TaskGroup() as group:
            for mate in self._mates:
                keeper = Keeper(mate, self._first_words, self._lease_end, self._look_around)
                group.create_task(keeper.keep(warn, on_end))
            group.create_task(self._renew_leases())

    def saw(self, event: Exchanged) -> None:
        """Pass on what the far end asks of all: a `Hook`, called after that of the gates."""
        if self.gates.obeyed is event:
            self._pass_on(event, None)

    async def store(self, parcel: Parcel, reserved: OnReserved) -> Stored:
        """See `Hands.store`."""
        plain = crossing.plain_parcel(parcel)
        for _ in range(TAKEN_UP - 1):
            try:
                return crossing.stored_of(await self._asked("store", plain, reserved=reserved), parcel)
            except LostHandsError:
                continue
        return crossing.stored_of(await self._asked("store", plain, reserved=reserved), parcel)

    async def register_once(self, stored: Stored, new: NewFile, *, again: bool) -> Registered | Unsettled:
        """See `Hands.register_once`."""
        try:
            match await self._asked("register", stored.blob, crossing.plain_new(new), again):
                case ["registered", str(file_id)]:
                    return Registered(stored, file_id)
                case [_, str(why)]:
                    return Unsettled(stored, why)
                case _:
                    return Unsettled(stored, "a worker process gave no answer")
        except LostHandsError as exc:  # it may have gone out, or not
            return Unsettled(stored, str(exc))

    async def replace(self, parcel: Parcel, file_id: str, snapshot: str | None) -> str:
        """See `Hands.replace`."""
        (md5,) = await self._asked("replace", crossing.plain_parcel(parcel), file_id, snapshot)
        return str(md5)

    async def _asked(self, verb: str, *args: object, reserved: OnReserved | None = None) -> Any:
        """Ask the worker that has the least in hand."""
        while not self._ready.is_set():
            await self._ready.wait()
        mate = min(self._mates, key=_load)
        if not mate.ready.is_set():
            mate = min([each for each in self._mates if each.ready.is_set()], key=_load)
        limit = self.setup.effort.bwlimit
        if limit is not None:
            self._divide(limit, mate)
        try:
            return await mate.ask(verb, *args, reserved=reserved)
        finally:
            if limit is not None:
                self._divide(limit)

    def _divide(self, limit: float, more: Mate | None = None) -> None:
        """Who has nothing in hand needs no bytes per second: the last large file gets all of them."""
        busy = [mate for mate in self._mates if mate.calls or mate is more]
        if busy != self._busy:
            self._busy = busy
            for mate in busy:
                mate.tell("bwlimit", limit / len(busy))

    def _first_words(self) -> Secret[Message]:
        effort, limit = self.setup.effort, self.setup.effort.bwlimit
        effort = evolve(effort, bwlimit=limit and limit / self.processes)
        return plain_setup(self.setup.client, self.setup.share, effort)

    def _lease_end(self) -> float:
        return min(now() + LENGTH, self.lease.until)

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            for mate in self._mates:
                mate.tell("lease", self._lease_end())

    def _look_around(self, mate: Mate) -> None:
        """A worker has come up, or gone."""
        self._busy = []
        self._tried.add(mate)
        if len(self._tried) == self.processes and any(each.ready.is_set() for each in self._mates):
            self._ready.set()
        else:
            self._ready.clear()

    def _count(self, before: Counts, now: Counts) -> None:
        self.gates.requests += now.requests - before.requests
        self.gates.budget.repeats += now.retries - before.retries
        self.gates.throttled += now.throttled - before.throttled
        self.on_bytes(now.sent - before.sent)

    def _throttled(self, mate: Mate, event: Exchanged) -> None:
        self.gates.learn(event)
        self._pass_on(event, mate)

    def _pass_on(self, event: Exchanged, told: Mate | None) -> None:
        for mate in self._mates:
            if mate is not told:
                mate.tell("throttled", crossing.plain_event(event))


def _load(mate: Mate) -> int:
    """How much it has in hand."""
    return len(mate.calls)
