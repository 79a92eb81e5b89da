"""Progress of a job: its scans and shards as the tables show them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from attrs import define, field, frozen

from coredata_async.cluster.attempts import DEAD
from coredata_async.cluster.messages import JobRecord, source_of
from coredata_async.cluster.planner import is_published
from coredata_async.cluster.shard_work import is_closed
from coredata_async.cluster.table import Row, Table, number

WINDOW: Final = 30.0
"""Seconds over which rates are computed."""


@define(eq=False)
class Rates:
    """Files and bytes per second of a job.

    A process writes its counts when it renews its lease, so they grow in steps of some seconds. Between two
    looks there may be none of them, or many.
    """

    _looks: deque[tuple[float, int, int]] = field(factory=deque[tuple[float, int, int]], init=False)

    def add(self, now: float, files: int, size: int) -> tuple[float, float]:
        """Add the counts of a look; return the rates since the first look of the last `WINDOW` seconds."""
        self._looks.append((now, files, size))
        while now - self._looks[0][0] > WINDOW:
            self._looks.popleft()
        then, files_before, size_before = self._looks[0]
        seconds = now - then
        if not seconds:
            return 0.0, 0.0
        return max(0, files - files_before) / seconds, max(0, size - size_before) / seconds


@frozen
class Progress:
    """Scans and shards of a job at one moment."""

    scans: Sequence[Row]
    shards: Sequence[Row]
    sources: int
    """Number of sources, and so of scans."""

    @classmethod
    async def read(cls, table: Table, job: JobRecord) -> Progress:
        """Read all entries of a job.

        Raises:
            ClusterError: If NATS does not answer.
        """
        rows = [row for row in (await table.rows()).values() if source_of(row.key, job) is not None]
        return cls(
            tuple(row for row in rows if row.key.startswith("scan.")),
            tuple(row for row in rows if row.key.startswith("shard.")),
            len(job.sources),
        )

    @property
    def scanned(self) -> bool:
        """True if all sources were scanned, and all shards are in the queue."""
        return len(self.scans) >= self.sources and all(map(is_published, self.scans))

    @property
    def planned(self) -> int:
        """Number of shards."""
        return sum(integer(row, "shards") for row in self.scans)

    @property
    def files(self) -> int:
        """Number of files in shards."""
        return sum(integer(row, "files") for row in self.scans)

    @property
    def bytes(self) -> int:
        """Number of bytes in shards."""
        return sum(integer(row, "bytes") for row in self.scans)

    @property
    def finished(self) -> bool:
        """True if nothing is left to do."""
        return self.scanned and len(self.shards) >= self.planned and all(map(is_closed, self.shards))

    def total(self, name: str) -> int:
        """Return a sum over all shards: `done`, `done_bytes`, `skipped` or `failed`."""
        return sum(integer(row, name) for row in self.shards)

    @property
    def unfinished(self) -> list[Row]:
        """Entries that are not done, and not given up."""
        scans = [row for row in self.scans if not is_published(row)]
        return [*scans, *(row for row in self.shards if not is_closed(row))]

    @property
    def lost(self) -> list[Row]:
        """Entries that were given up because no worker could finish them."""
        return [row for row in (*self.scans, *self.shards) if row.fields.get("state") == DEAD]

    @property
    def owned(self) -> list[Row]:
        """Entries that a worker has a lease on, or has died with."""
        return [row for row in (*self.scans, *self.shards) if row.fields.get("owner") is not None]


def integer(row: Row, name: str) -> int:
    """Return a whole number of an entry; 0 if it has none."""
    return int(number(row.fields, name))
