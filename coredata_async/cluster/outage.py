"""Pause of a worker for which the service does not work: others take the tasks that it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from attrs import define, field

from coredata_async.cluster.attempts import FAILED_DELAY
from coredata_async.cluster.doubts import DOUBTFUL
from coredata_async.errors import APIConnectionError, CoreDataError, RateLimitError, ServerError

_PAUSES: Final = (2 * FAILED_DELAY, 60.0)
"""Seconds for which a worker takes no task after the service has failed, and their maximum after doubling."""


@define(eq=False)
class OutagePause:
    """Pause after a task that ended because the service does not work. It grows until one ends otherwise."""

    _seconds: float = field(default=0.0, init=False)
    _next: float = field(default=_PAUSES[0], init=False)

    def record(self, fields: Mapping[str, object], failure: CoreDataError | None = None) -> None:
        """Record the end of a task, with the fields of its entry and the error that it raised."""
        outage = fields.get("ended") in {"circuit", DOUBTFUL} or is_outage(failure)
        self._seconds = self._next if outage else 0.0
        self._next = min(2 * self._next, _PAUSES[1]) if outage else _PAUSES[0]

    async def wait(self, end: asyncio.Event) -> None:
        """Wait until the pause is over, or an event is set."""
        seconds, self._seconds = self._seconds, 0.0
        if not seconds:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await end.wait()


def is_outage(failure: CoreDataError | None) -> bool:
    """Return whether the service does not work for this worker, for any task."""
    if isinstance(failure, APIConnectionError):
        return not failure.permanent
    return isinstance(failure, ServerError | RateLimitError)
