"""Leases: entries of a table that have one owner at a time, renewed while it works.

An entry has an `epoch`, which grows with every owner, an `owner`, and a `beat`, which grows with every
renewal. Clocks of two machines are never compared: another process takes a lease over only after it has seen
the same revision for a whole lease by its own clock. The owner counts from before it sent the renewal, so its
lease ends before that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar, cast

from attrs import define, field

from coredata_async.bulk.lease import MARGIN
from coredata_async.cluster.errors import ClusterError, LeaseLostError
from coredata_async.cluster.table import Row, Table
from coredata_async.fence import Fence, process_fence, read_clock

log = logging.getLogger("coredata_async.cluster")

T = TypeVar("T")

RENEWALS: Final = 4
"""Number of renewals during a lease."""


@define(eq=False, kw_only=True)
class TableLease:
    """A lease on an entry of a table. Implements the `Lease` of bulk jobs."""

    table: Table
    key: str
    owner: str
    length: float
    epoch: int
    until: float
    """End of the lease, by `fence.read_clock`."""
    sent_until: datetime | None
    """Latest moment at which an earlier owner may have sent a request, by the clock of the machine that took
    the lease over or gave it up; None without requests in flight."""
    previous: str | None = None
    """Owner from which the lease was taken over because it did not renew it."""
    fields: dict[str, object] = field(factory=dict[str, object])
    """Other fields of the entry. A change is written by the next renewal."""
    _revision: int = field(alias="revision")
    _beat: int = field(default=0, init=False)
    _sent: dict[int, float] = field(factory=dict[int, float], init=False)
    """Times at which renewals were sent whose answer is missing, by beat."""
    _lost: bool = field(default=False, init=False)
    _released: bool = field(default=False, init=False)
    _writing: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def is_valid(self, margin: float = MARGIN) -> bool:
        """Return whether it is valid now, and for `margin` more seconds."""
        return not self._lost and self.until - read_clock() > margin

    async def renew(self) -> None:
        """Renew the lease, and write the fields.

        Raises:
            LeaseLostError: If another owner has it.
            ClusterError: If the server does not answer; the lease may be renewed again while it is valid.
        """
        async with self._writing:
            await self._write({**self.fields, **self._ownership()})

    async def keep(self, extend: Callable[[float], object]) -> None:
        """Renew the lease until this is cancelled, or the lease is given up.

        Args:
            extend: Called with the new end after every renewal.

        Raises:
            LeaseLostError: If another owner has it, or it could not be renewed in time. Work under it must
                then stop within `MARGIN`.
        """
        usual, margin, reason = self.length / RENEWALS, min(MARGIN, self.length / RENEWALS), ""
        pause = usual
        while True:
            await asyncio.sleep(min(pause, self._remaining(margin)))
            pause = usual
            try:
                async with asyncio.timeout(self._remaining(margin)):
                    await self.renew()
                extend(self.until)
            except LeaseLostError:
                if self._released:  # while the renewal waited for its turn
                    return
                raise
            except (ClusterError, TimeoutError) as exc:
                reason = str(exc) or reason or "no answer"
                log.warning("the lease on %s could not be renewed: %s", self.key, str(exc) or "no answer")
                pause = min(0.5, usual)
            if self._released:
                return
            if not self.is_valid(margin):
                self._lost = True
                raise LeaseLostError(f"the lease on {self.key} could not be renewed in time: {reason}")

    async def release(self, *, sent_until: datetime | None = None) -> None:
        """Release the lease before its end; the next owner need not wait for it.

        Args:
            sent_until: Moment until which requests with an unknown outcome were sent; None without
                such requests.

        Raises:
            LeaseLostError: If another owner has it.
            ClusterError: If the server does not answer. Others then wait for the end of the lease.
        """
        async with self._writing:
            moment = None if sent_until is None else sent_until.isoformat()
            await self._write({**self.fields, **self._ownership(), "owner": None, "sent_until": moment})
            self._lost = self._released = True

    def _remaining(self, margin: float) -> float:
        return max(0.0, self.until - margin - read_clock())

    def _ownership(self) -> dict[str, object]:
        sent = None if self.sent_until is None else self.sent_until.isoformat()
        return {
            "epoch": self.epoch,
            "owner": self.owner,
            "beat": self._beat + 1,
            "length": self.length,
            "sent_until": sent,
        }

    async def _write(self, fields: dict[str, object]) -> None:
        if self._lost:
            raise LeaseLostError(f"the lease on {self.key} was lost")
        self._beat += 1
        self._sent[self._beat] = began = read_clock()
        revision = await self.table.update(self.key, fields, self._revision)
        if revision is not None:
            self._confirm(revision, began)
            return
        row = await self.table.get(self.key)  # the answer to an earlier renewal may have been lost
        if row is None or not self._is_ours(row):
            self._lost = True
            raise LeaseLostError(
                f"the entry {self.key} was deleted"
                if row is None
                else f"the lease on {self.key} was taken over by {row.data.optional_text('owner')}"
            )
        self._confirm(row.revision, self._sent.get(row.data.integer("beat"), 0.0))
        if row.fields != fields:
            fields["beat"] = self._beat = self._beat + 1
            self._sent[self._beat] = began = read_clock()
            revision = await self.table.update(self.key, fields, self._revision)
            if revision is None:  # an earlier renewal has arrived late: the next one reads it back
                raise ClusterError(f"the lease on {self.key} was changed by a late renewal")
            self._confirm(revision, began)

    def _is_ours(self, row: Row) -> bool:
        return (
            row.data.optional_text("owner") in {self.owner, None}
            and row.data.integer("epoch") == self.epoch
            and row.data.integer("beat") in self._sent
        )

    def _confirm(self, revision: int, began: float) -> None:
        self._revision = revision
        self.until = max(self.until, began + self.length)
        for beat in [beat for beat, at in self._sent.items() if at < began]:
            del self._sent[beat]


async def run_under(lease: TableLease, work: Callable[[], Awaitable[T]], fence: Fence | None = None) -> T:
    """Do work while a lease is renewed. The kernel kills this process if it is frozen past the lease's end.

    Raises:
        LeaseLostError: If the lease was lost. The work has been cancelled.
        Exception: What the work raises.
    """
    with (fence or process_fence()).guard(lease.until) as extend:
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(lease.keep(extend))
                result = await work()
                await end_task(keeper)
        except BaseExceptionGroup as failures:
            failure = main_failure(failures)
        else:
            return result
    raise failure


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended: nats-py uses `wait_for`, which may lose a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.2)


def main_failure(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the exception of a group that explains the others: a lost lease, or the first one."""
    lost, rest = failures.split(LeaseLostError)
    inside: BaseException = (lost or rest or failures).exceptions[0]
    if isinstance(inside, BaseExceptionGroup):
        return main_failure(cast("BaseExceptionGroup[BaseException]", inside))
    return inside
