"""Division of a job's limits among its processes: together they never exceed those of one process."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from coredata_async.config import Limits, Retry
from coredata_async.errors import ConfigurationError

PARENT: Final = 1 / 8
"""Share of requests and retries that the parent keeps for listings, folders and lost responses."""


@frozen
class ProcessLimits:
    """Limits of one process."""

    limits: Limits
    retry: Retry


@frozen
class SplitLimits:
    """Limits of the parent and of each worker."""

    parent: ProcessLimits
    worker: ProcessLimits


def split_limits(limits: Limits, retry: Retry, processes: int) -> SplitLimits:
    """Divide the limits among this many workers and their parent.

    Connections, requests in flight, requests per second and the budget of retries add up to those of one
    process. Streams and open files are limited per machine: each worker gets at least one.

    Raises:
        ConfigurationError: If a limit is less than one for each process.
    """
    for name in ("connections", "concurrency"):
        if getattr(limits, name) <= processes:
            raise ConfigurationError(
                f"{processes} processes cannot share Limits.{name}={getattr(limits, name)}: each process and "
                "the job itself need one; increase it, or use fewer processes"
            )
    return SplitLimits(
        parent=ProcessLimits(_parent_limits(limits, processes), evolve(retry, budget=retry.budget * PARENT)),
        worker=ProcessLimits(
            _worker_limits(limits, processes), evolve(retry, budget=retry.budget * (1 - PARENT) / processes)
        ),
    )


def _parent_limits(limits: Limits, processes: int) -> Limits:
    return evolve(
        limits,
        connections=_parent_part(limits.connections, processes),
        concurrency=_parent_part(limits.concurrency, processes),
        rate=limits.rate and limits.rate * PARENT,
    )


def _worker_limits(limits: Limits, processes: int) -> Limits:
    return evolve(
        limits,
        connections=(limits.connections - _parent_part(limits.connections, processes)) // processes,
        concurrency=(limits.concurrency - _parent_part(limits.concurrency, processes)) // processes,
        uploads=max(1, limits.uploads // processes),
        open_files=max(1, limits.open_files // processes),
        rate=limits.rate and limits.rate * (1 - PARENT) / processes,
    )


def _parent_part(count: int, processes: int) -> int:
    return max(1, min(int(count * PARENT), count - processes))
