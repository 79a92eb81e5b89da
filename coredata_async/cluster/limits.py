"""Limits of an account, shared by all its workers: each has a share, and the shares never exceed the limit.

The shares are in one entry of a table. A worker changes only its own, by compare-and-set: it lowers its share
before it writes that, and raises it after it has written that, by no more than what is free. So the sum of
the shares in use is within the limit at every moment. The share of a worker that does not renew it becomes
free after a whole lease, when that worker has stopped: its lease ended earlier.

The shares are max-min fair: a worker gets what it can use, but not more than an equal part of what the others
leave. Shares of requests are whole numbers, so that a worker can use all of its share.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from math import floor, inf
from typing import Final, cast

from attrs import define, field, frozen

from coredata_async.bulk.limits.budget import CATCH_UP
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.lease import RENEWALS
from coredata_async.cluster.table import Row, Table, number
from coredata_async.config import Limits
from coredata_async.fence import read_clock

log = logging.getLogger("coredata_async.cluster")

WHOLE: Final = ("rate", "concurrency")
"""Limits of which a worker can only use whole numbers."""
NAMES: Final = (*WHOLE, "bytes_per_second")
_ROUNDS: Final = 20
"""Maximum number of attempts to write an entry that other workers change, too."""
_EPSILON: Final = 1e-6
_ROUNDING: Final = 1e-9
"""Error of a sum of floating-point numbers."""
_EXPIRY: Final = 1.5
"""Leases after which a share that is not renewed becomes free. The lease on a shard is renewed up to a
quarter of a lease later than the share, and ends after a whole one."""
_SPREAD: Final = 0.02
"""Maximum seconds before another attempt to write the entry."""
_JITTER: Final = 0.04
"""Seconds by which the time between two requests may be shorter at the service than at the worker."""
_FLOOR: Final = 0.02
"""Part of the limit that all workers get together which are not busy."""


def divide(limit: float, wanted: Mapping[str, float]) -> dict[str, float]:
    """Divide a limit max-min fair: every worker gets what it wants, or an equal part of what is left."""
    shares: dict[str, float] = {}
    left, count = limit, len(wanted)
    for name, want in sorted(wanted.items(), key=lambda item: (item[1], item[0])):
        shares[name] = min(want, left / count)
        left -= shares[name]
        count -= 1
    return shares


def divide_whole(limit: float, wanted: Mapping[str, float]) -> dict[str, float]:
    """Divide a limit as `divide` does, but into whole numbers where a share is one or more.

    A worker cannot use a part of a request in each second. What the whole numbers leave is given to the
    workers that lost most by them, one each.
    """
    exact = divide(limit, wanted)
    shares = {name: float(floor(share)) if share >= 1 else share for name, share in exact.items()}
    left = floor(limit - sum(shares.values()) + _ROUNDING)
    cut = [name for name, share in exact.items() if share - shares[name] > _EPSILON and share >= 1]
    for name in sorted(cut, key=lambda name: (shares[name] - exact[name], name))[:left]:
        if wanted[name] >= shares[name] + 1:
            shares[name] += 1
    return shares


def pace_of(share: float) -> float:
    """Return the rate at which a worker may begin requests, so that no second at the server has more.

    A second that has one request more than the share has as many gaps between requests as the share. These
    gaps take longer than a second, even if the first request begins as late as the pace allows
    (`CATCH_UP`), and arrives late, too. Less than one request per second is halved, because the share then
    says nothing about a second.
    """
    return floor(share + _EPSILON) / (1 + CATCH_UP + _JITTER) if share + _EPSILON >= 1 else share / 2


@frozen(kw_only=True)
class AccountLimits:
    """Limits of an account; None is unlimited."""

    rate: float | None = None
    """Requests per second to the service."""
    concurrency: int | None = None
    """Requests in flight to the service."""
    bytes_per_second: float | None = None
    """Bytes per second to the storage."""

    @classmethod
    def of(cls, limits: Limits, bwlimit: float | None) -> AccountLimits:
        """Return the limits of a job. Numbers of connections are limits of a machine, and not shared."""
        return cls(rate=limits.rate, bytes_per_second=bwlimit)

    @property
    def is_unlimited(self) -> bool:
        """True if nothing is shared."""
        return not self.as_dict()

    def as_dict(self) -> dict[str, float]:
        """Return the limits that are set."""
        values = {name: getattr(self, name) for name in NAMES}
        return {name: float(value) for name, value in values.items() if value is not None}


@define(eq=False, kw_only=True)
class SharedLimits:
    """The share of one worker in the limits of an account.

    `refresh` must be called a few times per lease; `keep` does that. Without it, others take the share.
    """

    table: Table
    key: str
    worker: str
    limits: AccountLimits
    length: float
    """Duration of a lease, in seconds."""
    apply: Callable[[Mapping[str, float]], object]
    """Called with the shares that this worker has from now on, in requests per second and so on."""
    demand: Callable[[], float] = lambda: 1.0
    """Part of the limit that this worker can use, from 0 to 1."""
    clock: Callable[[], float] = read_clock
    shares: dict[str, float] = field(factory=dict[str, float], init=False)
    _beat: int = field(default=0, init=False)
    _renewed: float = field(default=-inf, init=False)
    _seen: dict[str, tuple[object, float]] = field(factory=dict[str, tuple[object, float]], init=False)
    """Beat of each other worker, and the time at which it was seen first."""

    async def keep(self, pause: float) -> None:
        """Refresh the share at intervals until this is cancelled."""
        while True:
            try:
                await self.refresh()
            except ClusterError as exc:  # the lease on the shard ends the work if this lasts
                log.warning("the share in the limits could not be renewed: %s", exc)
            await asyncio.sleep(pause)

    async def refresh(self) -> None:
        """Renew the share, and adapt it to those of the others.

        Raises:
            ClusterError: If NATS does not answer.
        """
        for _ in range(_ROUNDS):
            row = await self.table.get(self.key)
            workers = self._living(row)
            planned, demand = self._plan(workers), self.demand()
            if self._is_current(workers.get(self.worker), planned, demand):
                return
            self._use({name: min(self.shares.get(name, 0.0), value) for name, value in planned.items()})
            self._beat += 1
            limits = self.limits.as_dict()
            workers[self.worker] = {"beat": self._beat, "want": demand, "limits": limits, **planned}
            began = self.clock()
            if await self._write(row, workers):
                self._renewed = began
                self._use(planned)
                return
            await asyncio.sleep(random.uniform(0, _SPREAD))  # noqa: S311  # not a secret

    async def leave(self) -> None:
        """Free the share. Requests must have ended.

        Raises:
            ClusterError: If NATS does not answer; the share becomes free after a lease.
        """
        self._use(dict.fromkeys(self.limits.as_dict(), 0.0))
        for _ in range(_ROUNDS):
            row = await self.table.get(self.key)
            workers = self._living(row)
            if workers.pop(self.worker, None) is None or await self._write(row, workers):
                return

    def _is_current(self, own: Mapping[str, object] | None, planned: dict[str, float], demand: float) -> bool:
        """Return whether the entry is as this worker would write it, and was renewed lately."""
        if own is None or self.clock() - self._renewed > self.length / RENEWALS:
            return False
        return number(own, "want") == demand and all(
            abs(self.shares.get(name, 0.0) - value) <= _EPSILON + value / 100
            for name, value in planned.items()
        )

    def _plan(self, workers: Mapping[str, Mapping[str, object]]) -> dict[str, float]:
        """Return the shares to have next: the fair ones, as far as others have left them free."""
        others = {name: fields for name, fields in workers.items() if name != self.worker}
        wants = {name: number(fields, "want") for name, fields in others.items()} | {
            self.worker: self.demand()
        }
        idle = _FLOOR / len(wants)
        planned: dict[str, float] = {}
        for name, limit in self.limits.as_dict().items():
            limit = min([limit, *(_limit(fields, name) for fields in others.values())])  # noqa: PLW2901
            wanted = {each: max(idle, want) * limit for each, want in wants.items()}
            fair = divide_whole(limit, wanted) if name in WHOLE else divide(limit, wanted)
            free = limit - sum(number(fields, name) for fields in others.values())
            planned[name] = max(0.0, min(fair[self.worker], free))
        return planned

    def _living(self, row: Row | None) -> dict[str, dict[str, object]]:
        """Return the workers of an entry, without those that have not renewed their share for a lease."""
        found: dict[str, dict[str, object]] = {}
        now = self.clock()
        for name, fields in _workers(row).items():
            beat, since = self._seen.get(name, (None, now))
            if beat != fields.get("beat"):
                since = now
            self._seen[name] = (fields.get("beat"), since)
            if name == self.worker or now - since <= _EXPIRY * self.length:
                found[name] = dict(fields)
        return found

    async def _write(self, row: Row | None, workers: Mapping[str, object]) -> bool:
        fields = {"workers": workers}
        return await self.table.put(self.key, fields, None if row is None else row.revision) is not None

    def _use(self, shares: dict[str, float]) -> None:
        if any(abs(self.shares.get(name, 0.0) - value) > _EPSILON for name, value in shares.items()):
            self.shares = shares
            self.apply(shares)


async def free_share(table: Table, worker: str) -> None:
    """Free the shares of a worker process that has ended.

    Raises:
        ClusterError: If NATS does not answer; the shares become free later.
    """
    for key in await table.rows():
        for _ in range(_ROUNDS):
            row = await table.get(key)
            workers = dict(_workers(row))
            if row is None or workers.pop(worker, None) is None:
                break
            if await table.update(key, {"workers": workers}, row.revision) is not None:
                break


def _workers(row: Row | None) -> dict[str, Mapping[str, object]]:
    """Return the workers of an entry, by name. What is damaged is replaced by the next write."""
    workers = None if row is None else row.fields.get("workers")
    found = cast("dict[str, object]", workers).items() if isinstance(workers, dict) else ()
    return {name: cast("dict[str, object]", each) for name, each in found if isinstance(each, dict)}


def _limit(fields: Mapping[str, object], name: str) -> float:
    """Return the limit that another worker's job has, which counts if it is lower."""
    limits = fields.get("limits")
    limit = number(cast("dict[str, object]", limits), name) if isinstance(limits, dict) else 0.0
    return limit if limit > 0 else inf
