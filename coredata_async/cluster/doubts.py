"""Results that may be due to the machine: everything was refused there, so others confirm them first.

A service or storage may refuse one machine only, for example because of the address from which its requests
come. That machine would fail one shard after the other, faster than the others upload them.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Final, cast

from attrs import field, frozen

from coredata_async.bulk.report.report import Report
from coredata_async.bulk.states import Reason
from coredata_async.cluster.attempts import note_doubt
from coredata_async.cluster.connection import WORKERS, Cluster
from coredata_async.cluster.presence import find_silent, shares_of
from coredata_async.cluster.table import Row, number

DOUBTFUL: Final = "doubtful"
"""End of a task whose result does not count yet."""
MOST: Final = 4
"""Number of machines of which the last one's result counts: each attempt delays a task by settle + gap."""
_ENDS: Final = frozenset({"error", "clock"})
"""Ends of a shard for which its machine may be the reason."""
_REFUSALS: Final = (Reason.REFUSED, Reason.STORAGE, Reason.FOLDER)


def is_doubtful(report: Report) -> bool:
    """Return whether a task ended early by refusals, or none of its files was accepted, or could be read.

    A machine can read none if it has other content under the name of the share, or no permission.
    """
    unreadable = 0 < report.counts.planned == report.failed_by.get(Reason.UNREADABLE)
    refused = any(report.failed_by.get(reason) for reason in _REFUSALS)
    return report.ended in _ENDS or unreadable or (refused and not report.fresh.done)


@frozen
class Doubts:
    """Doubts of one machine about its results. They are in the entries of the tasks."""

    cluster: Cluster
    host: str = field(factory=socket.gethostname)

    async def keep_out(self, row: Row, share: str) -> bool:
        """Return whether a task is left to other machines, because this one has a doubtful result.

        Raises:
            ClusterError: If NATS does not answer.
        """
        hosts = _hosts(row.fields)
        return self.host in hosts and bool(await self._others(share) - hosts)

    async def add(self, fields: dict[str, object], share: str, reason: str) -> bool:
        """Doubt a result; return False if it counts, because no other machine can give a better one.

        Args:
            fields: The fields of the task's entry, which are changed.
            share: The share of the task.
            reason: The reason for the doubt, for people.

        Raises:
            ClusterError: If NATS does not answer.
        """
        hosts = _hosts(fields) | {self.host}
        if len(hosts) >= MOST or not await self._others(share) - hosts:
            return False
        note_doubt(fields, self.cluster.member, f"{reason}; another machine tries it, too")
        fields |= {"doubted": sorted(hosts), "ended": DOUBTFUL}
        return True

    async def _others(self, share: str) -> set[str]:
        """Return the other machines with a share that work."""
        rows = await (await self.cluster.table(WORKERS)).rows()
        silent = find_silent(rows, lambda row: number(row.fields, "length"))
        return {
            row.data.text("host")
            for key, row in rows.items()
            if key not in silent and "ended" not in row.fields and share in shares_of(row)
        } - {self.host}


def _hosts(fields: Mapping[str, object]) -> set[str]:
    found = fields.get("doubted")
    hosts = cast("list[object]", found) if isinstance(found, list) else []
    return {each for each in hosts if isinstance(each, str)}
