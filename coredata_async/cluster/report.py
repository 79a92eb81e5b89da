"""Report of a job on many machines: the sum of the reports of its scans and shards."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Final

import attrs
from attrs import evolve, field, frozen

from coredata_async.bulk.report.report import Report
from coredata_async.bulk.states import GRAVITY, Counts, Ended
from coredata_async.cluster.attempts import DEAD, is_refused
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import DamagedObjectError
from coredata_async.cluster.messages import JobRecord
from coredata_async.cluster.objects import Objects
from coredata_async.cluster.progress import Progress, integer
from coredata_async.cluster.table import Row, number

_NAMED: Final = 5
"""Number of lost shards that the message names."""
_RETRY: Final = "; `coredata job retry {}` tries again"
_ENDS: Final[dict[str, Ended]] = {"draining": "drained", "stopping": "stopped", "ended": "drained"}


@frozen(kw_only=True)
class WorkerSummary:
    """Part of one machine in a job."""

    host: str
    shards: int
    """Number of shards that it had last."""
    epochs: int
    """Number of owners that these shards have had."""
    files: int
    bytes: int
    cpu: float
    """CPU seconds for these shards, without those of owners that were killed."""


@frozen(kw_only=True)
class ShardCounts:
    """Counts of shards."""

    planned: int = 0
    done: int = 0
    moved: int = 0
    """Number of times that another worker continued a shard."""


_NO_SHARDS: Final = ShardCounts()


@frozen(kw_only=True)
class ClusterReport(Report):
    """Report of a job on many machines."""

    job: str = ""
    workers: tuple[WorkerSummary, ...] = ()
    shards: ShardCounts = _NO_SHARDS
    fences: int = 0
    """Number of times that a worker lost its lease."""
    lost_shards: tuple[str, ...] = field(default=())
    """Scans and shards that no worker could finish; their files are pending, or not known."""
    lost_reasons: tuple[str, ...] = field(default=())
    """Reason for each of them."""
    running: bool = False
    """True if the job had not ended when the report was read."""

    @property
    def settled(self) -> bool:
        """True if a later job need not know of this one: none of its requests can be in flight."""
        refused = self.ended == "input" and not self.counts.planned
        return refused or (self.finished and not self.lost_shards)

    @property
    def next_step(self) -> str:
        """Next step for people; empty if every file is done or skipped."""
        if self.running:
            return f"The job goes on: `coredata job watch {self.job}` follows it."
        if self.ended == "input":
            return super().next_step
        if self.lost_shards:  # the message says how to try them again
            return ""
        return "The same upload command begins another job for the remaining files." if self.exit_code else ""


async def read_report(
    cluster: Cluster, job: JobRecord, progress: Progress, *, running: bool = False
) -> ClusterReport:
    """Add up the reports of a job's scans and shards, as far as they exist.

    Args:
        cluster: The connection to the cluster.
        job: The job.
        progress: Its scans and shards.
        running: True if the job has not ended.

    Raises:
        ClusterError: If one of them cannot be read.
    """
    objects = await cluster.objects(job.objects)
    total = _empty(job, progress)
    async for part in _parts(objects, job, progress):
        total += part
    names = [each.name for each in attrs.fields(Report)]
    values = {name: getattr(total, name) for name in names}
    values |= {"journal": "", "message": total.message or job.message, "roots": tuple(map(str, job.sources))}
    lost = progress.lost
    ended: Ended = "input" if any(is_refused(row.fields) for row in lost) else "error"
    if lost and GRAVITY[ended] > GRAVITY[total.ended]:
        values |= {"ended": ended, "message": _describe(job, lost)}
    if any(row.fields.get("state") == DEAD for row in progress.scans):
        values["scanned"] = False
    return ClusterReport(
        **values,
        job=job.id,
        running=running,
        workers=_workers(progress.shards),
        shards=ShardCounts(
            planned=progress.planned,
            done=sum(row.fields.get("state") == "done" for row in progress.shards),
            moved=sum(max(0, integer(row, "epoch") - 1) for row in progress.shards),
        ),
        fences=sum(integer(row, "fences") for row in (*progress.scans, *progress.shards)),
        lost_shards=tuple(each.key for each in lost),
        lost_reasons=tuple(str(each.fields.get("reason", "")) for each in lost),
    )


def _describe(job: JobRecord, lost: Sequence[Row]) -> str:
    named = ", ".join(f"{_name(job, row)} ({row.fields.get('reason')})" for row in lost[:_NAMED])
    more = f", and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    retried = "" if all(is_refused(row.fields) for row in lost) else _RETRY.format(job.id)
    return f"no worker could finish {named}{more}{retried}"


def _name(job: JobRecord, row: Row) -> str:
    kind, _, rest = row.key.partition(".")
    return f"the scan of {job.sources[int(rest)]}" if kind == "scan" else row.key


async def _parts(objects: Objects, job: JobRecord, progress: Progress) -> AsyncIterator[Report]:
    for row in progress.scans:
        if "plan" in row.fields:
            yield await _read(objects, row, "plan", job)
    for row in progress.shards:
        if "report" in row.fields:
            yield await _read(objects, row, "report", job)
        else:
            yield _pending_report(job, row)


async def _read(objects: Objects, row: Row, epoch: str, job: JobRecord) -> Report:
    """Read the report of the owner whose epoch is in a field of an entry."""
    try:
        report = await objects.get_report(row.key, integer(row, epoch))
    except DamagedObjectError as exc:
        return _report_of_entry(job, row, str(exc))
    # What one worker gave back, another one has continued: only the state of the job counts.
    if job.state in _ENDS or report.ended not in {"drained", "stopped", "lease"}:
        return report
    return evolve(report, ended="complete", message="")


def _empty(job: JobRecord, progress: Progress) -> Report:
    ended: Ended = "complete" if progress.finished else _ENDS.get(job.state, "complete")
    return Report(
        journal="",
        started=job.created,
        # When all is done, the parts say when it ended: the report must not change with the time of reading.
        seconds=0.0 if progress.finished else max(0.0, time.time() - job.created),
        ended=ended,
        message=job.message,
        tenant=job.tenant or "",
        parent=job.parent,
        roots=tuple(map(str, job.sources)),
        run=1,
        created=job.created,
        scanned=progress.scanned,
    )


def _pending_report(job: JobRecord, row: Row) -> Report:
    """Return the report of a shard that no worker has reported on."""
    files, size = integer(row, "files"), integer(row, "bytes")
    empty = _empty(job, Progress((), (), 0))
    pending = Counts(planned=files, pending=files)
    return evolve(empty, counts=pending, bytes=Counts(planned=size, pending=size), scanned=True)


def _report_of_entry(job: JobRecord, row: Row, message: str) -> Report:
    """Return what the entry of a scan or shard shows whose report is lost: counts without the entries."""
    empty = evolve(_empty(job, Progress((), (), 0)), ended="error", message=message, scanned=True)
    if row.key.startswith("scan."):  # the files of a scan are those of its shards
        return empty
    files, size, done = integer(row, "files"), integer(row, "bytes"), integer(row, "done_bytes")
    known = {name: integer(row, name) for name in ("done", "skipped", "failed")}
    return evolve(
        empty,
        counts=Counts(planned=files, pending=files - sum(known.values()), **known),
        bytes=Counts(planned=size, pending=size - done, done=done),
    )


def _workers(rows: Sequence[Row]) -> tuple[WorkerSummary, ...]:
    by_host: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if "host" in row.fields:
            by_host[str(row.fields["host"])].append(row)
    return tuple(_summarize(host, found) for host, found in sorted(by_host.items()))


def _summarize(host: str, rows: Sequence[Row]) -> WorkerSummary:
    return WorkerSummary(
        host=host,
        shards=len(rows),
        epochs=sum(integer(row, "epoch") for row in rows),
        files=sum(integer(row, "done") for row in rows),
        bytes=sum(integer(row, "done_bytes") for row in rows),
        cpu=sum(number(row.fields, "cpu") for row in rows),
    )
