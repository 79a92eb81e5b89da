"""The account of a worker: its share in the limits, and the throttle events of all workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final

from attrs import define, field

from coredata_async.bulk.limits.budget import ResizableBudget
from coredata_async.bulk.workers.channel import decode_event, encode_event
from coredata_async.cluster.connection import LIMITS, Cluster
from coredata_async.cluster.lease import end_task
from coredata_async.cluster.limits import NAMES, AccountLimits, SharedLimits, pace_of
from coredata_async.cluster.messages import throttle_subject
from coredata_async.cluster.nats_types import Subscription
from coredata_async.transfer.workers import start_in
from coredata_async.transport.trace import Exchanged

TICKS: Final = 30
"""Number of looks at the shares of the others during a lease."""
_LEAST: Final = 1e-3
"""Rate of a worker without a share, in requests per second: its first request waits for the share."""


@define(eq=False)
class ThrottleBulletin:
    """Throttle events of an account: those of this worker reach all others within milliseconds."""

    cluster: Cluster
    key: str
    group: asyncio.TaskGroup
    _learners: list[Callable[[Exchanged], object]] = field(
        factory=list[Callable[[Exchanged], object]], init=False
    )

    def publish(self, event: Exchanged) -> None:
        """Pass an exchange on to the other workers."""
        data = json.dumps([self.cluster.member, encode_event(event)]).encode()
        start_in(self.group, self.cluster.broadcast(throttle_subject(self.key), data))

    def subscribe(self, learn: Callable[[Exchanged], object]) -> Callable[[], None]:
        """Call a function with each exchange of another worker; the result ends that."""
        self._learners.append(learn)
        return lambda: self._learners.remove(learn)

    async def listen(self) -> Subscription:
        """Begin to receive the exchanges of other workers."""

        async def receive(data: bytes) -> None:
            origin, plain = json.loads(data)
            if origin != self.cluster.member:
                event = decode_event(plain)
                for learn in list(self._learners):
                    learn(event)

        return await self.cluster.listen(throttle_subject(self.key), receive)


@define(eq=False)
class Account:
    """Limits and throttle events of one account in one worker process."""

    budget: ResizableBudget
    bulletin: ThrottleBulletin
    limits: AccountLimits
    _shared: SharedLimits | None = field(default=None, init=False)
    _busy: int = field(default=0, init=False)
    """Number of tasks that send requests."""
    _listening: Subscription | None = field(default=None, init=False)
    _keeping: asyncio.Task[None] | None = field(default=None, init=False)

    @classmethod
    async def open(
        cls, cluster: Cluster, key: str, limits: AccountLimits, group: asyncio.TaskGroup
    ) -> Account:
        """Join the workers of an account, and keep its share renewed until the group is cancelled."""
        bulletin = ThrottleBulletin(cluster, key, group)
        account = cls(ResizableBudget(), bulletin, limits)
        account._listening = await bulletin.listen()
        if not limits.is_unlimited:
            account._shared = SharedLimits(
                table=await cluster.table(LIMITS),
                key=key,
                worker=cluster.member,
                limits=limits,
                length=cluster.lease,
                apply=account._apply,
                demand=lambda: 1.0 if account._busy else 0.0,
            )
            account._apply(dict.fromkeys(limits.as_dict(), 0.0))
            account._keeping = group.create_task(account._shared.keep(cluster.lease / TICKS))
        return account

    @contextmanager
    def use(self) -> Generator[None]:
        """Count a task that sends requests: it needs a share of the limits."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def leave(self) -> None:
        """Free the share in the limits. Requests must have ended.

        Raises:
            ClusterError: If NATS does not answer; the share becomes free later.
        """
        if self._keeping is not None:
            await end_task(self._keeping)
        if self._listening is not None:
            await self._listening.unsubscribe()
        if self._shared is not None:
            await self._shared.leave()

    def _apply(self, shares: Mapping[str, float]) -> None:
        rate, concurrency, speed = (shares.get(name) for name in NAMES)
        self.budget.resize(
            rate=None if rate is None else max(_LEAST, pace_of(rate)),
            concurrency=None if concurrency is None else max(1, int(concurrency)),
            bytes_per_second=None if speed is None else max(1.0, speed),
        )
