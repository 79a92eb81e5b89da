"""Events of a job on many machines, besides those of every bulk job."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from coredata_async.bulk.events import Event, from_dict
from coredata_async.plain_data import PlainData


@frozen(kw_only=True)
class ShardMoved:
    """Event: another worker continues a shard."""

    shard: str
    epoch: int
    """Number of owners so far."""
    worker: str
    previous: str | None
    """Worker that did not renew its lease; None if it gave the shard back."""


@frozen(kw_only=True)
class ShardGivenUp:
    """Event: a scan or shard is given up, because attempts at it failed again and again."""

    shard: str
    epoch: int
    """Number of owners so far."""
    reason: str


@frozen(kw_only=True)
class AttemptFailed:
    """Event: an attempt at a scan or shard has failed, and another one follows."""

    shard: str
    source: str
    """Source of the job that it belongs to."""
    reason: str
    attempt: int
    """Number of the attempt."""
    max_attempts: int
    """Number of such attempts after which it is given up."""


@frozen(kw_only=True)
class WorkerJoined:
    """Event: a worker process for a share of the job is present."""

    worker: str
    host: str
    shares: tuple[str, ...]


@frozen(kw_only=True)
class WorkerLost:
    """Event: a worker process has left, or has not renewed its entry for a whole lease."""

    worker: str
    host: str


ClusterEvent = Event | ShardMoved | AttemptFailed | ShardGivenUp | WorkerJoined | WorkerLost


def read_event(fields: Mapping[str, object]) -> ClusterEvent:
    """Read an event that a worker has published.

    Raises:
        ConfigurationError: If it is not an event of this version.
    """
    data = PlainData(fields, "an event of a worker")
    match fields.get("event"):
        case "ShardMoved":
            pass
        case "ShardGivenUp":
            reason = data.text("reason")
            return ShardGivenUp(shard=data.text("shard"), epoch=data.integer("epoch"), reason=reason)
        case _:
            return from_dict(fields)
    return ShardMoved(
        shard=data.text("shard"),
        epoch=data.integer("epoch"),
        worker=data.text("worker"),
        previous=data.optional_text("previous"),
    )
