"""Entries of worker processes, by which others see that they live."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from attrs import define, field

from coredata_async.cluster.connection import WORKERS, Cluster
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.lease import RENEWALS
from coredata_async.cluster.messages import Task
from coredata_async.cluster.metrics import ProcessMetrics
from coredata_async.cluster.table import Row, Table
from coredata_async.errors import ConfigurationError

UNREACHABLE: Final = 1
"""Exit code of a worker process that could not use NATS. It is started again until it can."""
UNUSABLE: Final = 2
"""Exit code of a worker process if another start would fail, too."""
KEPT: Final = 3600.0
"""Seconds for which the entry of a process that has died, or of a machine that is lost, is kept."""
_SETTLED: Final = 0.1
"""Seconds between a change and its writing: the next shard often follows the last one at once."""


def find_silent(rows: Mapping[str, Row], seconds: Callable[[Row], float]) -> dict[str, Row]:
    """Return the entries that were not renewed for a time, although another one was.

    Only times of the server are compared, so clocks of workers do not matter. Without a living worker
    nothing shows the present time: then the last one that was lost is not found.

    Args:
        rows: A listing of the table of workers.
        seconds: Returns the time for an entry.
    """
    written = {key: row.written for key, row in rows.items() if row.written is not None}
    latest = max(written.values(), default=None)
    return {
        key: rows[key]
        for key, moment in written.items()
        if latest is not None and (latest - moment).total_seconds() > seconds(rows[key])
    }


def shares_of(row: Row) -> frozenset[str]:
    """Return the shares of a worker by its entry; none if the entry is not one of a worker."""
    try:
        return frozenset(row.data.texts("shares")) if row.data.text("host") else frozenset()
    except ConfigurationError:
        return frozenset()


async def forget_lost(table: Table, rows: Mapping[str, Row]) -> dict[str, Row]:
    """Remove entries that were not renewed for an hour, and return the others.

    A process that lives writes its entry again.

    Args:
        table: The table of workers.
        rows: A listing of it.

    Raises:
        ClusterError: If NATS does not answer.
    """
    old = find_silent(rows, lambda _: KEPT)
    for row in old.values():
        await table.delete(row.key, row.revision)
    return {key: row for key, row in rows.items() if key not in old}


@define(eq=False)
class Presence:
    """Entry of one process in the table of workers."""

    cluster: Cluster
    table: Table
    shares: Sequence[str]
    metrics: ProcessMetrics
    unavailable: set[str] = field(factory=set[str], init=False)
    """Shares that cannot be read here now: others do not wait for this process to take their tasks."""
    _task: Task | None = field(default=None, init=False)
    _beat: int = field(default=0, init=False)
    _since: float = field(factory=time.time, init=False)
    _revision: int | None = field(default=None, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)

    @classmethod
    async def open(cls, cluster: Cluster, shares: Sequence[str], metrics: ProcessMetrics) -> Presence:
        """Open the table; nothing is written yet."""
        return cls(cluster, await cluster.table(WORKERS), shares, metrics)

    def show(self, task: Task | None) -> None:
        """Show the task of the process, here and in its metrics."""
        if task is None:
            self.metrics.end()
        else:
            self.metrics.begin(task.kind)
        self._task = task
        self._changed.set()

    async def keep(self) -> None:
        """Renew the entry until this is cancelled."""
        while True:
            self._beat += 1
            with suppress(ClusterError):  # it is renewed again
                await self._write()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.cluster.lease / RENEWALS):  # `wait_for` may lose a cancel
                    await self._changed.wait()
                    await asyncio.sleep(_SETTLED)
            self._changed.clear()

    async def leave(self) -> None:
        """Remove the entry.

        Raises:
            ClusterError: If NATS does not answer; others then notice that it is not renewed.
        """
        row = await self.table.get(self.cluster.member)
        if row is not None:
            await self.table.delete(self.cluster.member, row.revision)

    @staticmethod
    async def note_end(table: Table, member: str, code: int) -> None:
        """Note how a process ended that could not remove its entry: the next owner of its task says so.

        Removes entries of others that are older than an hour.

        Raises:
            ClusterError: If NATS does not answer.
        """
        row = await table.get(member)
        if row is None:
            return
        await table.update(member, {**row.fields, "ended": code}, row.revision)
        await forget_lost(table, await table.rows())

    async def _write(self) -> None:
        fields = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "shares": [share for share in self.shares if share not in self.unavailable],
            "since": self._since,
            "beat": self._beat,
            "length": self.cluster.lease,
            "job": None if self._task is None else self._task.job,
            "task": None if self._task is None else self._task.key,
        }
        self._revision = await self.table.put(self.cluster.member, fields, self._revision)
        if self._revision is None:  # an answer was lost
            row = await self.table.get(self.cluster.member)
            revision = None if row is None else row.revision
            self._revision = await self.table.put(self.cluster.member, fields, revision)
