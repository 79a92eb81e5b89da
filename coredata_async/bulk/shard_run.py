"""Upload of one shard of a job for several machines."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from functools import partial
from pathlib import Path

from coredata_async.bulk.job import JobHandle
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import ShardIdentity
from coredata_async.bulk.journal.scanning import PlannedFolders
from coredata_async.bulk.journal.shards import checkpoint, restore
from coredata_async.bulk.lease import Lease, Unlimited
from coredata_async.bulk.limits.budget import Budget, Bulletin, pace_each
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.run.job_run import JobRun
from coredata_async.bulk.workers.setup import check as check_processes
from coredata_async.client import CoreData
from coredata_async.errors import ConfigurationError


class ShardRun(JobHandle):
    """Uploads the files of a shard that `ShardPlan` has planned, with the same promises as `UploadJob`.

    It scans nothing and creates no folder. Events, `run()`, `drain()` and `stop()` are those of `UploadJob`.
    Sends two requests when it begins, then three per file, and lists the folders of the files.

    Only one process at a time may upload a shard: the owner of the lease. No request to the service begins
    without it. When the lease ends, the run ends, and `report.ended` is `lease`. If the process may be frozen
    and continue later, also set the kernel's timer, see `coredata_async.fence`.

    Args:
        client: The client to use; it stays open.
        spec: The specification of the job.
        journal: The journal of the shard on a local disk; `restore_shard` writes it.
        shard: Id of the shard, with which the journal is compared.
        root: The root of the share on this machine.
        lease: The lease on the shard.
        sent_until: Last moment at which a former owner of the shard may have sent a request, by the clock of
            this machine; None only for the first owner. Until `Retry.settle` + `Retry.probe_gap` after it, no
            file that is not listed is uploaded. For a copy of another machine's journal, None means now.
        budget: Share of the account's limits, which may change during the run.
        bulletin: Exchanges throttling responses with other runs.
        restored: True if this process has just restored the journal: its rows are not checked again.

    Raises:
        ConfigurationError: If an argument is invalid.
    """

    def __init__(
        self,
        client: CoreData,
        spec: JobSpec,
        journal: str | os.PathLike[str],
        *,
        shard: str,
        root: str | bytes | os.PathLike[str],
        lease: Lease | None = None,
        sent_until: datetime | None = None,
        budget: Budget | None = None,
        bulletin: Bulletin | None = None,
        restored: bool = False,
    ) -> None:
        super().__init__()
        if sent_until is not None and sent_until.tzinfo is None:
            raise ConfigurationError("sent_until has no time zone; add one, e.g. tzinfo=datetime.UTC")
        check_processes(client, spec.effort.processes)
        self._client = client.with_options(retry=spec.retry)
        self._spec = spec
        self._path = Path(journal)
        self._shard = shard
        self._root = share_root(root)
        self._lease = lease or Unlimited()
        self._budget = budget
        self._bulletin = bulletin
        self._restored = restored
        self._sent_until = None if sent_until is None else sent_until.timestamp()

    async def checkpoint(self) -> bytes:
        """Return a copy of the journal as it is now, with which another machine can continue.

        Takes about 50 us and up to 100 bytes per file. May be called while the shard is uploaded, and after
        the last event until the context is left.

        Raises:
            RuntimeError: If the run is not open.
            JournalError: If the disk failed.
        """
        if self._job_run is None:
            raise RuntimeError("the shard is not open: use `async with` to open it")
        return await self._job_run.journal.read(partial(checkpoint, root=self._root))

    async def _open(self) -> JobRun:
        engine = self._client.engine()
        identity = ShardIdentity(engine.tenant, engine.account, self._shard)
        journal = await Journal.open(self._path, identity, checked=self._restored)
        try:
            (parent,) = await journal.read(lambda db: db.execute("SELECT parent FROM job").fetchone())
            project = await check_parent(pace_each(engine.api, self._budget), parent)
        except BaseException:
            await journal.aclose()
            raise
        return JobRun(
            client=self._client,
            spec=self._spec,
            journal=journal,
            planned=PlannedFolders(journal),
            parent=parent,
            project=project,
            stream=self._stream,
            lease=self._lease,
            budget=self._budget,
            bulletin=self._bulletin,
            sent_until=self._sent_until,
        )


async def restore_shard(
    data: bytes, journal: str | os.PathLike[str], *, root: str | bytes | os.PathLike[str]
) -> None:
    """Write the journal of a shard from its plan or a checkpoint to a file, which must not exist.

    Args:
        data: `Shard.journal`, or the result of `ShardRun.checkpoint`.
        journal: The file, on a local disk.
        root: The root of the share on this machine.

    Raises:
        ConfigurationError: If the data is not the journal of a shard, or leads out of the share.
        JournalError: If the file cannot be written.
    """
    await asyncio.to_thread(restore, data, Path(journal), share_root(root))


def share_root(root: str | bytes | os.PathLike[str]) -> bytes:
    """Return the absolute path of a share; its links are not resolved."""
    return os.path.abspath(os.fsencode(root))  # noqa: PTH100  # bytes, and a link may be meant
