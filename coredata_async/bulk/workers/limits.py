"""How a job's processes share what the server and the machine are to bear: never more than one alone."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

from coredata_async.config import Limits, Retry
from coredata_async.errors import ConfigurationError

PARENT: Final = 1 / 8
"""What the parent keeps of requests and repeats: it lists, makes folders and looks for lost answers."""


@frozen
class ProcessLimits:
    """What one process may do."""

    limits: Limits
    retry: Retry


@frozen
class SplitLimits:
    """All of them."""

    parent: ProcessLimits
    worker: ProcessLimits


def split_limits(limits: Limits, retry: Retry, processes: int) -> SplitLimits:
    """Divide what there is among so many workers and their parent.

    Connections, requests at once, requests per second and the budget for repeats add up to what one process
    alone may have. Streams and open files are of this machine: each worker gets one at least.

    Raises:
        ConfigurationError: There is less than one for each.
    """
    for name in ("connections", "concurrency"):
        if getattr(limits, name) <= processes:
            raise ConfigurationError(
                f"{processes} processes cannot share Limits.{name}={getattr(limits, name)}: "
                "each needs one, and the job itself, too; raise it, or take fewer processes"
            )
    return SplitLimits(
        parent=ProcessLimits(_parents(limits, processes), evolve(retry, budget=retry.budget * PARENT)),
        worker=ProcessLimits(
            _workers(limits, processes), evolve(retry, budget=retry.budget * (1 - PARENT) / processes)
        ),
    )


def _parents(limits: Limits, processes: int) -> Limits:
    return evolve(
        limits,
        connections=_parent_part(limits.connections, processes),
        concurrency=_parent_part(limits.concurrency, processes),
        rate=limits.rate and limits.rate * PARENT,
    )


def _workers(limits: Limits, processes: int) -> Limits:
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
