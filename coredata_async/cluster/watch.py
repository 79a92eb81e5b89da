"""Watch over a job: looks at its tables, publishes events, passes orders on, and notices its end."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import Progress as ProgressEvent
from coredata_async.bulk.events import Scanned, Warned
from coredata_async.cluster.attempts import describe_attempt
from coredata_async.cluster.connection import WORKERS, Cluster
from coredata_async.cluster.errors import ClusterError
from coredata_async.cluster.events import AttemptFailed, ClusterEvent, WorkerJoined, WorkerLost, read_event
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import JobRecord, JobState, source_of
from coredata_async.cluster.presence import find_silent, forget_lost, shares_of
from coredata_async.cluster.progress import Progress, Rates
from coredata_async.cluster.report import ClusterReport, read_report
from coredata_async.cluster.table import Row, number
from coredata_async.cluster.take import Pulse
from coredata_async.errors import ConfigurationError

log = logging.getLogger("coredata_async.cluster")

LOOK: Final = 0.5
"""Seconds between two reads of the tables; more if they are large."""
_SHARE_OF_TIME: Final = 10
"""A look at the tables takes at most one part in this many of the time."""
_LONGEST: Final = 15.0
"""Maximum seconds between two reads: a read may be slow because the server or this machine is busy."""
_LATE: Final = 0.5
"""Seconds for which events may arrive after the end of the job."""


def choose_pause(seconds: float) -> float:
    """Return the seconds until the next look at the tables after one that took so long."""
    return min(max(LOOK, _SHARE_OF_TIME * seconds), _LONGEST)


@define(eq=False, kw_only=True)
class JobWatch:
    """Watches one job until it ends. It may be watched by any number of processes, or by none."""

    cluster: Cluster
    jobs: Jobs
    record: JobRecord
    publish: Callable[[ClusterEvent], object]
    """Called with each event."""
    _order: JobState | None = field(default=None, init=False)
    _detached: bool = field(default=False, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    _pulse: Pulse = field(factory=Pulse, init=False)
    _workers: dict[str, Row] = field(factory=dict[str, Row], init=False)
    _looked: bool = field(default=False, init=False)
    """True after the first look at the workers."""
    _warning: str = field(default="", init=False)
    """Last warning about the watch."""
    _scanned: bool = field(default=False, init=False)
    _attempts: dict[str, tuple[str, int, int]] = field(factory=dict[str, tuple[str, int, int]], init=False)
    """Last failed attempt at each scan and shard that was shown."""
    _began: float = field(factory=time.monotonic, init=False)
    _rates: Rates = field(factory=Rates, init=False)

    def order(self, state: JobState) -> None:
        """Change the state of the job, for all workers."""
        self._order = state
        self._changed.set()

    def detach(self) -> None:
        """Stop watching; the job goes on."""
        self._detached = True
        self._changed.set()

    async def receive(self, data: bytes) -> None:
        """Publish the events of a worker's message."""
        for fields in json.loads(data):
            with suppress(ConfigurationError):  # of another version
                self.publish(read_event(fields))

    async def run(self) -> ClusterReport | None:
        """Watch the job to its end, and return its report; None if it was detached before.

        Raises:
            ConfigurationError: If the cluster has lost the job.
            ClusterError: If the report cannot be read.
        """
        table = await self.cluster.table(self.record.table)
        while not self._detached:
            began = time.monotonic()
            try:
                await self._obey()
                self.record = await self.jobs.get(self.record.id)
                progress = await Progress.read(table, self.record)
                await self._look_at_workers()
                self._show_attempts(progress)
                self._show(progress)
                if await self._is_over(progress):
                    await asyncio.sleep(_LATE)
                    return await read_report(self.cluster, self.record, progress)
            except ClusterError as exc:
                log.info("the job cannot be watched now: %s", exc)
                self._warn(f"the job cannot be watched now: {exc}")
                began = time.monotonic()  # the time of a look that failed says nothing about the tables
            with suppress(TimeoutError):
                async with asyncio.timeout(choose_pause(time.monotonic() - began)):
                    await self._changed.wait()
            self._changed.clear()
        return None

    def _warn(self, message: str) -> None:
        """Publish a warning, unless it was the last one."""
        if message != self._warning:
            self.publish(Warned(message=message))
        self._warning = message

    async def _obey(self) -> None:
        if self._order is not None:
            await self.jobs.change(self.record.id, state=self._order)
            self._order = None

    async def _is_over(self, progress: Progress) -> bool:
        """End the job if nothing is left to do, or if it was asked to end and no worker is at it."""
        settled = progress.finished and not progress.lost
        match self.record.state:
            case "complete" | "ended" as state:
                # The process that ended it may have died before it unlocked the trees.
                await self.jobs.end(self.record.id, state, settled=settled)
                return True
            case _ if progress.finished:
                await self.jobs.end(self.record.id, "complete", settled=settled)
                return True
            case "draining" | "stopping" if not self._living(progress):
                await self.jobs.end(self.record.id, "ended")
                return True
            case _:
                return False

    def _living(self, progress: Progress) -> list[Row]:
        """Return the entries whose lease a worker renews. All are asked each time, see `Pulse`."""
        return [row for row in progress.owned if self._pulse.is_alive(row)]

    async def _look_at_workers(self) -> None:
        shares = {source.share for source in self.record.sources}
        table = await self.cluster.table(WORKERS)
        rows = await forget_lost(table, await table.rows())
        silent = find_silent(rows, lambda row: number(row.fields, "length"))
        mine = {
            key: row
            for key, row in rows.items()
            if "ended" not in row.fields and not shares.isdisjoint(shares_of(row))
        }
        ours = {key: row for key, row in mine.items() if self._pulse.is_alive(row) and key not in silent}
        for key in ours.keys() - self._workers.keys():
            data = ours[key].data
            self.publish(WorkerJoined(worker=key, host=data.text("host"), shares=data.texts("shares")))
        gone = self._workers if self._looked else {key: mine[key] for key in mine.keys() & silent.keys()}
        for key in gone.keys() - ours.keys():
            self.publish(WorkerLost(worker=key, host=gone[key].data.text("host")))
        self._workers, self._looked = ours, True

    def _show_attempts(self, progress: Progress) -> None:
        """Publish attempts that failed since the last look. The entries have them: no message can be lost."""
        for row in progress.unfinished:
            attempt = describe_attempt("scan" if row.key.startswith("scan.") else "shard", row.fields)
            if attempt is None:
                self._attempts.pop(row.key, None)
            elif attempt != self._attempts.get(row.key):
                self._attempts[row.key] = attempt
                reason, number, most = attempt
                source = str(source_of(row.key, self.record))
                failed = AttemptFailed(
                    shard=row.key, source=source, reason=reason, attempt=number, max_attempts=most
                )
                self.publish(failed)

    def _show(self, progress: Progress) -> None:
        if progress.scanned and not self._scanned:
            self._scanned = True
            self.publish(Scanned(files=progress.files, bytes=progress.bytes, excluded=0))
        done, size = progress.total("done"), progress.total("done_bytes")
        now = time.monotonic()
        rate, speed = self._rates.add(now, done, size)
        left = progress.files - done - progress.total("skipped") - progress.total("failed")
        self.publish(
            ProgressEvent(
                planned=progress.files,
                planned_bytes=progress.bytes,
                scanned=progress.scanned,
                done=done,
                done_bytes=size,
                skipped=progress.total("skipped"),
                failed=progress.total("failed"),
                unresolved=0,
                delayed=0,
                in_flight=len(progress.owned),
                sent=size,
                seconds=now - self._began,
                files_per_second=rate,
                bytes_per_second=speed,
                eta=left / rate if rate and progress.scanned else None,
                api_width=len(self._workers),
                storage_width=len(self._workers),
                retries=0,
                throttled=0,
                paused=self._find_pause(progress),
            )
        )

    def _find_pause(self, progress: Progress) -> str | None:
        """Return why nothing is done now: a share has no worker."""
        waiting = {source.share for source in self.record.sources}
        if progress.finished:
            return None
        for row in self._workers.values():
            waiting -= set(row.data.texts("shares"))
        return f"no worker has the share {', '.join(sorted(waiting))}" if waiting else None
