"""Remote folders of a job: each is created by one planner, whatever happens to the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from attrs import define, field

from coredata_async.cluster.lease import TableLease, run_under
from coredata_async.cluster.messages import folder_key
from coredata_async.cluster.table import Row, Table
from coredata_async.cluster.take import Busy, Closed, LeaseTaker, Pulse
from coredata_async.config import Retry
from coredata_async.errors import OutcomeUnknownError
from coredata_async.fence import Fence, read_clock

READY: Final = "READY"
CREATING: Final = "CREATING"
_LOOK: Final = 0.2
"""Seconds between two checks of a folder that another planner creates."""
_DIGITS: Final = 9
"""Maximum number of digits of an epoch; a longer one is damaged."""
_UNSENT: Final = "UNSENT"
"""State of a folder whose creation was refused for certain: the next planner creates it at once."""


@define(eq=False, kw_only=True)
class TableFolders:
    """Creates folders once over all planners of a job: a `FolderMaker`.

    A folder is an entry with a lease. Its owner creates the folder, and writes the id. If the owner dies, the
    next one waits until its request can no longer have an effect, and looks for the folder first.

    A planner creates folders under the lease on its scan, too, and sends nothing without that. The next
    owner of the scan has seen that lease end, so it need not watch the leases on the folders again.
    """

    table: Table
    taker: LeaseTaker
    retry: Retry
    scan: str = ""
    """Key of the scan."""
    epoch: int = 1
    """Number of the owner of the scan."""
    fence: Fence | None = None
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _began: float = field(factory=read_clock, init=False)

    async def get(self, parent: str, title: str) -> str | None:
        """Return the id of a folder that a planner has created; wait for a living one that creates it.

        Raises:
            ClusterError: If NATS does not answer.
        """
        key, pulse = folder_key(parent, title), Pulse()
        while True:
            row = await self.table.get(key)
            if row is None or row.fields.get("state") == _UNSENT:
                return None
            if _is_ready(row):
                return str(row.fields["id"])
            if self._has_ended(row) or not pulse.is_alive(row):
                return None
            await self.sleep(_LOOK)

    async def make(
        self,
        parent: str,
        title: str,
        create: Callable[[], Awaitable[str]],
        find: Callable[[], Awaitable[str | None]],
    ) -> str:
        """Return the id of a folder, which this or another planner creates.

        Args:
            parent: Id of the folder above.
            title: Title of the folder.
            create: Sends the creation, and returns the id.
            find: Lists the folders above again, and returns the id if the folder exists.

        Raises:
            APIError: If it cannot be created. Another planner may try again.
            LeaseLostError: If this process lost the entry.
            ClusterError: If NATS does not answer.
        """
        key = folder_key(parent, title)
        while True:
            match await self.taker.take(
                self.table, key, fields={"state": CREATING}, closed=_is_ready, ended=self._has_ended
            ):
                case Closed(fields):
                    return str(fields["id"])
                case Busy():
                    await self.sleep(_LOOK)
                case TableLease() as lease:
                    return await run_under(lease, self._creation(lease, create, find), self.fence)

    def _settle(self, previous: str | None) -> float:
        """Return the seconds until requests of the former owner can no longer have an effect."""
        whole = self.retry.settle + self.retry.probe_gap
        if not self._is_earlier(previous):
            return whole
        return max(0.0, self._began + whole - read_clock())  # it sent none since this owner has the scan

    def _has_ended(self, row: Row) -> bool:
        return self._is_earlier(row.data.optional_text("owner"))

    def _is_earlier(self, owner: str | None) -> bool:
        """Return whether a planner was an earlier owner of the same scan."""
        scan, _, epoch = (owner or "").partition("/")[2].rpartition(".")
        known = epoch.isdecimal() and len(epoch) <= _DIGITS
        return bool(scan) and scan == self.scan and known and int(epoch) < self.epoch

    def _creation(
        self,
        lease: TableLease,
        create: Callable[[], Awaitable[str]],
        find: Callable[[], Awaitable[str | None]],
    ) -> Callable[[], Awaitable[str]]:
        async def work() -> str:
            state = lease.fields.get("state")
            earlier = lease.epoch > 1 or lease.previous is not None or state == READY  # also if damaged
            uncertain = earlier and state != _UNSENT
            lease.fields["state"] = CREATING
            if lease.epoch > 1:
                await lease.renew()
            found = None
            if uncertain:
                await self.sleep(self._settle(lease.previous))
                found = await find()
            try:
                number = found or await create()
            except OutcomeUnknownError:
                raise  # the entry stays as it is: the next owner waits and looks
            except Exception:
                lease.fields["state"] = _UNSENT
                await lease.release()
                raise
            lease.fields |= {"state": READY, "id": number}
            await lease.release()
            return number

        return work


def _is_ready(row: Row) -> bool:
    # Without an id, the entry is damaged: the next planner looks for the folder.
    return row.fields.get("state") == READY and isinstance(row.fields.get("id"), str)


def name_planner(member: str, scan: str, epoch: int) -> str:
    """Return the name under which one owner of a scan has leases on folders.

    The process alone would not do: it may have lost this scan, and create folders for another one.
    """
    return f"{member}/{scan}.{epoch}"
