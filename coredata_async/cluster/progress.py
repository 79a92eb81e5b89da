"""Progress of a job: its scans and shards as the tables show them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from coredata_async.cluster.messages import JobRecord
from coredata_async.cluster.planner import is_published
from coredata_async.cluster.shard_work import is_closed
from coredata_async.cluster.table import Row, Table


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
        rows = (await table.rows()).values()
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
    def owned(self) -> list[Row]:
        """Entries that a worker has a lease on, or has died with."""
        return [row for row in (*self.scans, *self.shards) if row.fields.get("owner") is not None]


def integer(row: Row, name: str) -> int:
    """Return a number of an entry; 0 if it has none."""
    value = row.fields.get(name)
    return value if isinstance(value, int) else 0
