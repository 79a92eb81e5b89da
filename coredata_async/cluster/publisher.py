"""Events of a worker process, on their way to those who watch the job."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Final

from attrs import define, field

from coredata_async.bulk.events import Event, Progress, Scanned, Started, Warned, to_dict
from coredata_async.cluster.connection import Cluster
from coredata_async.cluster.messages import events_subject
from coredata_async.cluster.metrics import ProcessMetrics

_FLUSH: Final = 0.25
"""Seconds for which events are collected before they are published."""
_WARNING: Final = 60.0
"""Minimum seconds between two warnings of this process."""
_LONGEST: Final = 256 * 1024
"""Maximum size of a message with events, in bytes."""


@define(eq=False)
class EventPublisher:
    """Publishes events in batches. They are for display: without a connection, they are lost."""

    cluster: Cluster
    metrics: ProcessMetrics
    """Counts that each event is added to."""
    _waiting: dict[str, list[str]] = field(factory=dict[str, list[str]], init=False)
    _warned: float = field(default=-_WARNING, init=False)

    def publish(self, job: str, event: Event | Mapping[str, object]) -> None:
        """Add an event to the next batch."""
        self.metrics.take(event)
        if isinstance(event, Progress | Started | Scanned):
            return  # of one shard, on this machine; the coordinator publishes those of the whole job
        plain = event if isinstance(event, Mapping) else to_dict(event)
        self._waiting.setdefault(job, []).append(json.dumps(plain))

    def warn(self, job: str, message: str) -> None:
        """Publish a warning about this process; at most once a minute, because the cause may last.

        Without a message, nothing is published.
        """
        if message and time.monotonic() - self._warned >= _WARNING:
            self._warned = time.monotonic()
            self.publish(job, Warned(message=message))

    async def run(self) -> None:
        """Publish batches until this is cancelled."""
        while True:
            await asyncio.sleep(_FLUSH)
            await self.flush()

    async def flush(self) -> None:
        """Publish all events that wait."""
        waiting, self._waiting = self._waiting, {}
        for job, events in waiting.items():
            batch: list[str] = []
            size = 0
            for event in (*events, ""):
                if batch and (not event or size + len(event) > _LONGEST):
                    await self.cluster.broadcast(events_subject(job), f"[{','.join(batch)}]".encode())
                    batch, size = [], 0
                batch.append(event)
                size += len(event)
