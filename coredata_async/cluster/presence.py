"""Entries of worker processes, by which others see that they live."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from attrs import define, field

from coredata_async.cluster.connection import WORKERS, Cluster
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.lease import RENEWALS
from coredata_async.cluster.messages import Task
from coredata_async.cluster.metrics import ProcessMetrics
from coredata_async.cluster.table import Table, number

UNREACHABLE: Final = 1
"""Exit code of a worker process that could not use NATS. It is started again until it can."""
UNUSABLE: Final = 2
"""Exit code of a worker process if another start would fail, too."""
_KEPT: Final = 3600.0
"""Seconds for which the entry of a process that has died is kept."""
_SETTLED: Final = 0.1
"""Seconds between a change and its writing: the next shard often follows the last one at once."""


@define(eq=False)
class Presence:
    """Entry of one process in the table of workers."""

    cluster: Cluster
    table: Table
    shares: Sequence[str]
    metrics: ProcessMetrics
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

        Removes such entries of others that are older than an hour.

        Raises:
            ClusterError: If NATS does not answer.
        """
        row = await table.get(member)
        if row is None:
            return
        now = time.time()
        await table.update(member, {**row.fields, "ended": code, "ended_at": now}, row.revision)
        for key, old in (await table.rows()).items():
            if "ended_at" in old.fields and now - number(old.fields, "ended_at") > _KEPT:
                await table.delete(key, old.revision)

    async def _write(self) -> None:
        fields = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "shares": list(self.shares),
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
