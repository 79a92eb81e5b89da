"""Acquisition of a lease: at once if it is free, or else if its owner does not renew it for a whole lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from attrs import define, field, frozen

from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.lease import TableLease
from coredata_async.cluster.table import Row, Table, number
from coredata_async.fence import read_clock

_CHECKS: Final = 10
"""Number of checks of another owner's entry during a lease."""
_OWN_FIELDS: Final = frozenset({"epoch", "owner", "beat", "length", "sent_until"})


@frozen
class Busy:
    """Result of `take`: another owner renews the lease, or the server does not confirm the claim."""

    owner: str
    failure: str = ""
    """The error of the server, if it did not confirm the claim."""

    def explain(self, host: str, key: str) -> str:
        """Return a warning, if the server did not confirm the claim; otherwise an empty text."""
        return f"{host} cannot take {key}: {self.failure}" if self.failure else ""


@frozen
class Closed:
    """Result of `take`: the work is done; nothing is to be taken."""

    fields: Mapping[str, object]


@define(eq=False, kw_only=True)
class LeaseTaker:
    """Takes leases for one owner."""

    owner: str
    length: float
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def take(
        self,
        table: Table,
        key: str,
        *,
        fields: Mapping[str, object] | None = None,
        suspect: int = 0,
        closed: Callable[[Row], bool] = lambda row: False,
        ended: Callable[[Row], bool] = lambda row: False,
    ) -> TableLease | Busy | Closed:
        """Take a lease, at once or after another owner has not renewed it for a whole lease.

        If another owner renews it meanwhile, the result is `Busy`.

        Args:
            table: The table.
            key: Key of the entry.
            fields: Further fields of an entry that does not exist.
            suspect: Epoch of an owner that may exist although the entry does not show it, because a server
                can lose confirmed writes; 0 without a trace of one.
            closed: Decides by the entry if its work is done.
            ended: Decides by the entry if its owner has certainly ended, so that it need not be watched.

        Raises:
            ClusterError: If the server does not answer.
        """
        row = await table.get(key)
        if row is not None and closed(row):
            return Closed(row.fields)
        epoch = _integer(row, "epoch")
        owner = None if row is None else row.data.optional_text("owner")
        stolen = owner is not None or suspect > epoch
        if stolen and not (row is not None and ended(row)) and not await self._is_abandoned(table, key, row):
            return Busy(owner or "an unknown owner")
        base = dict(fields or {}) if row is None else dict(row.fields)
        sent = datetime.now(UTC) if stolen else None if row is None else row.data.time("sent_until")
        return await self._claim(
            table, key, base, row, epoch=max(epoch, suspect) + 1, sent=sent, previous=owner
        )

    async def _claim(
        self,
        table: Table,
        key: str,
        fields: dict[str, object],
        row: Row | None,
        *,
        epoch: int,
        sent: datetime | None,
        previous: str | None,
    ) -> TableLease | Busy:
        moment = None if sent is None else sent.isoformat()
        ownership: dict[str, object] = {
            "epoch": epoch,
            "owner": self.owner,
            "beat": 0,
            "length": self.length,
            "sent_until": moment,
        }
        began, failure = read_clock(), ""
        try:
            revision = await table.put(key, {**fields, **ownership}, None if row is None else row.revision)
        except ClusterError as exc:  # perhaps only the answer was lost
            revision, failure = None, str(exc)
        if revision is None:
            now = await table.get(key)
            if now is None or not _is_claim(now, self.owner, epoch):
                owner = None if now is None else now.data.optional_text("owner")
                return Busy(owner or "another owner", failure)
            revision = now.revision
        own = {name: value for name, value in fields.items() if name not in _OWN_FIELDS}
        return TableLease(
            table=table,
            key=key,
            owner=self.owner,
            length=self.length,
            epoch=epoch,
            until=began + self.length,
            sent_until=sent,
            previous=previous,
            fields=own,
            revision=revision,
        )

    async def _is_abandoned(self, table: Table, key: str, row: Row | None) -> bool:
        """Watch an entry for a whole lease; return whether it was not changed."""
        length = self.length if row is None else max(self.length, _number(row, "length"))
        began, seen = read_clock(), None if row is None else row.revision
        while (left := began + length - read_clock()) > 0:
            await self.sleep(min(left, length / _CHECKS))
            now = await table.get(key)
            if (None if now is None else now.revision) != seen:
                return False
        return True


@define(eq=False)
class Pulse:
    """Distinguishes living entries from dead ones, which have not changed for a whole lease."""

    clock: Callable[[], float] = read_clock
    _seen: dict[str, tuple[int, float]] = field(factory=dict[str, tuple[int, float]], init=False)

    def is_alive(self, row: Row) -> bool:
        """Return whether an entry has changed recently. Call this several times per lease."""
        revision, since = self._seen.get(row.key, (-1, 0.0))
        if revision != row.revision:
            since = self.clock()
            self._seen[row.key] = (row.revision, since)
        return self.clock() - since <= number(row.fields, "length")


def _is_claim(row: Row, owner: str, epoch: int) -> bool:
    return (
        row.fields.get("owner") == owner and row.fields.get("epoch") == epoch and row.fields.get("beat") == 0
    )


def _integer(row: Row | None, name: str) -> int:
    return 0 if row is None or name not in row.fields else row.data.integer(name)


def _number(row: Row, name: str) -> float:
    return row.data.number(name) if name in row.fields else 0.0
