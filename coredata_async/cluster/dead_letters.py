"""Dead letters: messages about scans and shards that are given up, and how these are tried again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from coredata_async.cluster.attempts import DEAD, forget_attempts, read_attempts
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.errors import JobLockedError
from coredata_async.cluster.jobs import Jobs
from coredata_async.cluster.messages import JobRecord, Task, dead_letter_subject
from coredata_async.cluster.planner import PLANNED
from coredata_async.cluster.table import Row, number
from coredata_async.errors import ConfigurationError

_COPIED: Final = ("epoch", "files", "bytes", "host", "reason")


async def publish_dead_letter(cluster: Cluster, task: Task, fields: Mapping[str, object]) -> None:
    """Publish that a task was given up, with the reasons of the last attempts. It contains no key.

    May be repeated: within two minutes, the same letter is only stored once.

    Raises:
        ClusterError: If NATS does not confirm it.
    """
    letter = {name: fields[name] for name in _COPIED if name in fields}
    letter |= {**task.to_dict(), "attempts": read_attempts(fields)}
    key = f"{task.job}.{task.key}.dead.{int(number(fields, 'retries'))}"
    await cluster.enqueue(dead_letter_subject(task), letter, key)


async def retry_job(cluster: Cluster, job: str) -> JobRecord:
    """Queue the scans and shards of a job again that were given up. The job is open again.

    If this was interrupted, call it again.

    Returns:
        The job.

    Raises:
        ConfigurationError: If the job does not exist, has nothing to be tried again, or is ending.
        JobLockedError: If another job has the tree now.
        ClusterError: If NATS does not answer.
    """
    jobs = await Jobs.open(cluster)
    record = await jobs.get(job)
    if record.state in {"draining", "stopping"}:
        raise ConfigurationError(f"job {job} is {record.state}: try again when it has ended")
    table = await cluster.table(record.table)
    rows = [row for row in (await table.rows()).values() if _is_dead(row) or _is_retried(row)]
    if not rows:
        raise ConfigurationError(f"job {job} has no scan or shard that was given up")
    for row in filter(_is_dead, rows):  # before the job is open: no other process may find it finished
        state = PLANNED if "plan" in row.fields else "open"
        await table.update(row.key, forget_attempts(row.fields, state), row.revision)
    record = await jobs.resume(await jobs.reopen(job))
    if not record.is_open:
        raise JobLockedError(record.message)
    for row in rows:
        task = Task(job, "scan" if row.key.startswith("scan.") else "shard", row.key, row.data.text("share"))
        await cluster.enqueue(task.subject, task.to_dict(), f"{job}.{row.key}.{secrets.token_hex(4)}")
    return record


def _is_dead(row: Row) -> bool:
    return row.fields.get("state") == DEAD


def _is_retried(row: Row) -> bool:
    """Return whether it was made open by an earlier call, which may not have queued it."""
    waits = row.fields.get("state") in ("open", PLANNED) and row.fields.get("owner") is None
    return waits and number(row.fields, "retries") > 0
