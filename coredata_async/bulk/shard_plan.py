"""Division of a tree into shards, which several machines upload."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attrs import evolve

from coredata_async.bulk.events import Event
from coredata_async.bulk.formatting import path_text
from coredata_async.bulk.journal.journal import Journal
from coredata_async.bulk.journal.location import JobIdentity, check_path
from coredata_async.bulk.journal.shards import Shard
from coredata_async.bulk.lease import Lease, Unlimited
from coredata_async.bulk.limits.budget import Budget, Bulletin, pace_each
from coredata_async.bulk.options import JobSpec
from coredata_async.bulk.remote.folder_list import FolderMaker, NameClaims
from coredata_async.bulk.remote.listing import Remote
from coredata_async.bulk.remote.parent import check_parent
from coredata_async.bulk.report.report import Report
from coredata_async.bulk.run.shard_planner import ShardPlanner
from coredata_async.bulk.scan.scan import roots, scan
from coredata_async.bulk.shard_run import share_root
from coredata_async.bulk.workers.runtime import build_runtime
from coredata_async.client import CoreData
from coredata_async.errors import ConfigurationError
from coredata_async.wire.resource import segment

MAX_FILES: Final = 2000
MAX_BYTES: Final = 4 << 30


class ShardPlan:
    """Scans a tree, creates its folders, and divides its files into shards for `ShardRun`.

        async with ShardPlan(client, spec, journal=…, share="fs07", root="/srv", parent=folder_id) as plan:
            async for shard in plan:
                await publish(shard)

    Asking for the next shard confirms that the one before is stored elsewhere. After an interruption, run it
    again with the same journal: shards that were not confirmed come again, with the same id, and no file
    comes in two shards. If the journal may be lost, pass the journals of all shards that were published.

    `report` counts what the scan alone has decided, and what could not be put into a shard. The sum of it and
    of the reports of all shards is that of the job.

    Sends a request per folder that is created, one per 200 folders of the server, and one per 200 Files of
    folders that existed before. Waits for lost journals as `UploadJob` does. Memory use does not depend on
    the number of files.

    Args:
        client: The client to use; it stays open.
        spec: The specification of the job.
        journal: The journal of the plan, on a local disk.
        share: Name of the share.
        root: The root of the share on this machine.
        path: The tree relative to the root. `docs` becomes a folder of that name; `docs/.` and `.` stand for
            the content.
        parent: Id of a Project, Folder or Filespace.
        published: `Shard.journal` of the shards that exist, for a new journal in place of a lost one: their
            files are in no other shard.
        lease: The lease on the plan, without which no request begins.
        folders: Creates folders once for all plans of the job; by default for this one.
        names: Gives each name in a folder to one plan of the job; a file whose name another one has fails.
        budget: Share of the account's limits, which may change during the plan.
        bulletin: Exchanges throttling responses with other runs.
        on_event: Called with events of the scan and of folders.
        max_files: Maximum number of files of a shard.
        max_bytes: Maximum bytes of a shard, unless one file has more.

    Raises:
        ConfigurationError: If an argument is invalid, or the journal belongs to another job.
    """

    def __init__(
        self,
        client: CoreData,
        spec: JobSpec,
        *,
        journal: str | os.PathLike[str],
        share: str,
        root: str | bytes | os.PathLike[str],
        path: str | bytes | os.PathLike[str] = ".",
        parent: str,
        published: AsyncIterable[bytes] | None = None,
        lease: Lease | None = None,
        folders: FolderMaker | None = None,
        names: NameClaims | None = None,
        budget: Budget | None = None,
        bulletin: Bulletin | None = None,
        on_event: Callable[[Event], Awaitable[object]] | None = None,
        max_files: int = MAX_FILES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        segment(parent, "parent")
        if max_files < 1 or max_bytes < 1:
            raise ConfigurationError("max_files and max_bytes must be 1 or more")
        self._client = client.with_options(retry=spec.retry)
        self._spec = spec
        self._journal_path = Path(journal)
        self._share = share
        self._root = share_root(root)
        self._path = os.fsencode(path)
        if self._path.startswith(b"/") or b".." in self._path.split(b"/"):
            raise ConfigurationError("path: give it relative to the root of the share, and below it")
        self._parent = parent
        self._lease = lease or Unlimited()
        self._maker = folders
        self._names = names
        self._budget = budget
        self._bulletin = bulletin
        self._on_event = on_event
        self._published = published
        self._size = (max_files, max_bytes)
        self._planner: ShardPlanner | None = None
        self._shards: AsyncGenerator[Shard, None] | None = None

    @property
    def report(self) -> Report:
        """Report of the plan, available after its last shard.

        Raises:
            RuntimeError: If the plan has not ended.
        """
        if self._planner is None or self._planner.report is None:
            raise RuntimeError("the report is not available before the plan has ended: read all its shards")
        return self._planner.report

    async def __aenter__(self) -> Self:
        given = roots([os.path.join(self._root, self._path)])  # noqa: PTH118  # bytes
        engine = self._client.engine()
        identity = JobIdentity(engine.tenant, engine.account, self._parent, (given[0].as_given,))
        check_path(self._journal_path, identity.roots)
        batches = scan([given[0].as_given], self._spec.selection, self._spec.policy)
        project = await check_parent(pace_each(engine.api, self._budget), self._parent)
        runtime = build_runtime(
            self._client,
            evolve(self._spec.effort, processes=1),
            self._lease,
            budget=self._budget,
            bulletin=self._bulletin,
        )
        journal = await Journal.open(self._journal_path, identity)
        if journal.set_aside is not None and self._published is None:
            await journal.aclose()
            raise ConfigurationError(
                f"the journal of the plan was damaged and is kept as {journal.set_aside}: pass the journals "
                "of all shards that were published, so that no file comes in two shards"
            )
        self._planner = ShardPlanner(
            spec=self._spec,
            journal=journal,
            runtime=runtime,
            remote=Remote(runtime.engine.api, journal, self._parent, project, self._spec.policy.unicode),
            batches=batches,
            share=self._share,
            root=self._root,
            name=f"{self._share}:/{path_text(self._path).removesuffix('.').strip('/')}",
            size=self._size,
            published=self._published,
            lease=self._lease,
            maker=self._maker,
            names=self._names,
            on_event=self._on_event,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shards is not None:
            await self._shards.aclose()
        if self._planner is not None:
            await self._planner.journal.aclose()

    def __aiter__(self) -> AsyncIterator[Shard]:
        if self._planner is None:
            raise RuntimeError("the plan is not open: use `async with` to open it")
        self._shards = self._shards or self._planner.shards()
        return self._shards
